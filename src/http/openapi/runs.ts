import { arrayOf, named, objectOf } from "../../core/json-schema.ts";
import { jsonResponse, type ParameterDescription, type RouteDocument } from "../../core/route-description.ts";
import { RUN_STATUSES } from "../../core/run.ts";
import { workflowStartSchema } from "../workflow-start.ts";
import { PAGE, statusFilter } from "./page.ts";
import { SCHEMAS } from "./schemas.ts";
import { USAGE_SCHEMAS } from "./usage-schemas.ts";

const OF_THREAD: ParameterDescription = { in: "query", name: "threadId", says: "Only those of this thread.", schema: { type: "string", minLength: 1 } };

/** The routes of runs. */
export const RUNS: RouteDocument = {
  tag: { name: "runs", description: "Runs as their owner sees them, whatever protocol started them." },
  schemas: { ...SCHEMAS, ...USAGE_SCHEMAS, WorkflowStart: workflowStartSchema() },
  routes: [
    {
      method: "get",
      path: "",
      id: "listRuns",
      summary: "Your runs, newest first",
      parameters: [OF_THREAD, statusFilter(RUN_STATUSES), ...PAGE],
      responses: { 200: jsonResponse("A page of them.", named("RunPage")) },
      problems: ["INPUT_INVALID"],
    },
    {
      method: "post",
      path: "",
      id: "startWorkflow",
      summary: "Starts a run of a workflow",
      parameters: [{ in: "header", name: "Idempotency-Key", says: "Makes it safe to repeat.", schema: { type: "string", minLength: 1, maxLength: 255 } }],
      body: { schema: named("WorkflowStart") },
      responses: { 201: jsonResponse("The run.", named("Run"), { location: "Where the run is." }) },
      problems: ["INPUT_INVALID", "WORKFLOW_NOT_FOUND", "THREAD_NOT_FOUND", "THREAD_BUSY", "IDEMPOTENCY_MISMATCH", "NOT_SUPPORTED", "SHUTTING_DOWN"],
    },
    {
      method: "get",
      path: "/{runId}",
      id: "getRun",
      summary: "One run",
      responses: { 200: jsonResponse("The run.", named("Run")) },
      problems: ["RUN_NOT_FOUND"],
    },
    {
      method: "post",
      path: "/{runId}/cancel",
      id: "cancelRun",
      summary: "Cancels a run; what was said so far is kept",
      responses: { 200: jsonResponse("The run, which ends as canceled soon; of a suspended one the run that ends in its place.", named("Run")) },
      problems: ["RUN_NOT_FOUND", "RUN_ENDED", "SHUTTING_DOWN"],
    },
    {
      method: "get",
      path: "/{runId}/audit",
      id: "listAudit",
      summary: "Who approved, declined, answered or canceled, and when",
      responses: { 200: jsonResponse("Oldest first.", objectOf({ entries: arrayOf(named("AuditEntry")) })) },
      problems: ["RUN_NOT_FOUND"],
    },
    {
      method: "get",
      path: "/{runId}/usage",
      id: "getRunUsage",
      summary: "The model calls of a run, what the customer pays for, and what was spent",
      responses: { 200: jsonResponse("Its usage; the bill is left out while it has not ended.", named("RunUsage")) },
      problems: ["RUN_NOT_FOUND"],
    },
  ],
};
