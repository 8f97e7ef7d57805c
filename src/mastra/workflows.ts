import type { Mastra } from "@mastra/core/mastra";
import type { TracingOptions } from "@mastra/core/observability";
import type { RequestContext } from "@mastra/core/request-context";
import type { StepFlowEntry } from "@mastra/core/workflows";
import type { WorkflowSummary } from "../core/agent-source.ts";
import { HoldfastError } from "../core/error.ts";
import { isDeeperThan, type Json } from "../core/json.ts";

/** Engines whose steps are plain functions: a step of another one's may need what only that engine gives it. */
const ENGINES: ReadonlySet<string> = new Set(["default", "evented"]);

// Far more than a form has, and far less than a stack bears.
const MAX_LEVELS = 200;

/** Every workflow that is registered, under the id that requests name it by. */
export function listWorkflows(mastra: Mastra): readonly WorkflowSummary[] {
  return Object.entries(workflowsOf(mastra)).map(([key, { id, description }]) => ({
    id,
    ...(key !== id && { key }),
    ...(description !== undefined && description !== "" && { description }),
  }));
}

/**
 * The workflow with this id, or, as Mastra allows too, registered under this key.
 * @throws {HoldfastError} WORKFLOW_NOT_FOUND
 */
export function workflowOf(mastra: Mastra, workflowId: string): MastraWorkflow {
  const workflows = workflowsOf(mastra);
  const workflow = Object.values(workflows).find(({ id }) => id === workflowId) ?? (Object.hasOwn(workflows, workflowId) ? workflows[workflowId] : undefined);
  if (workflow === undefined) throw new HoldfastError("WORKFLOW_NOT_FOUND", "There is no workflow with this id; name one that is registered.");
  return workflow;
}

/** Whether runs under this id are those of a workflow; an agent of the same id goes before it. */
export function isWorkflow(mastra: Mastra, id: string): boolean {
  if (Object.values(mastra.listAgents() as Record<string, { readonly id: string }>).some((agent) => agent.id === id)) return false;
  return Object.values(workflowsOf(mastra)).some((workflow) => workflow.id === id);
}

/**
 * Refuses what the workflow's own schema refuses, before a run is made of it.
 * @throws {HoldfastError} WORKFLOW_NOT_FOUND, INPUT_INVALID, NOT_SUPPORTED for a workflow of another engine than Mastra's own
 */
export async function checkWorkflowInput(mastra: Mastra, workflowId: string, input: Json): Promise<void> {
  const workflow = workflowOf(mastra, workflowId);
  if (!ENGINES.has(workflow.engineType)) {
    throw new HoldfastError("NOT_SUPPORTED", `Workflow ${workflow.id} runs on an engine of its own, and cannot be run here.`);
  }
  if (isDeeperThan(input, MAX_LEVELS)) throw new HoldfastError("INPUT_INVALID", `The input is nested more than ${MAX_LEVELS} levels deep.`);
  const faults = await faultsOf(workflow.inputSchema, input);
  if (faults === undefined) return;
  throw new HoldfastError("INPUT_INVALID", `The input does not fit the schema of workflow ${workflow.id}. ${faults}.`);
}

/** What of Mastra's workflow is used here; its own type leaves open what a field holds. */
export interface MastraWorkflow {
  readonly id: string;
  readonly description?: string;
  readonly engineType: string;
  readonly inputSchema?: StandardSchema;
  readonly outputSchema?: StandardSchema;
  readonly stateSchema?: StandardSchema;
  readonly requestContextSchema?: StandardSchema;
  readonly options?: object;
  readonly retryConfig?: { readonly attempts?: number; readonly delay?: number };
  readonly stepGraph: readonly StepFlowEntry[];
  readonly steps: Readonly<Record<string, unknown>>;
  createRun(options: { readonly runId: string; readonly resourceId: string }): Promise<WorkflowExecution>;
}

/** One execution of a workflow by Mastra. */
export interface WorkflowExecution {
  start(options: { readonly inputData: unknown; readonly requestContext: RequestContext; readonly tracingOptions: TracingOptions }): Promise<WorkflowResult>;
  readonly abortController: AbortController;
}

/** How Mastra says that a workflow ended; its types leave out some of it. */
export interface WorkflowResult {
  readonly status: string;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly tripwire?: { readonly reason?: string; readonly processorId?: string };
}

/** Any library's schema, as Mastra holds it. */
export interface StandardSchema {
  readonly "~standard": { validate(value: unknown): StandardResult | Promise<StandardResult> };
}

type StandardResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] }[] };

/** What a schema finds wrong with a value, in words; `undefined` where it fits. */
export async function faultsOf(schema: StandardSchema | undefined, value: unknown): Promise<string | undefined> {
  const result = await schema?.["~standard"].validate(value);
  if (result?.issues === undefined) return undefined;
  return result.issues
    .map(({ path = [], message }) =>
      [...(path.length > 0 ? [path.map((part) => String(typeof part === "object" ? part.key : part)).join(".")] : []), message].join(": "),
    )
    .join("; ");
}

function workflowsOf(mastra: Mastra): Readonly<Record<string, MastraWorkflow>> {
  return mastra.listWorkflows() as unknown as Record<string, MastraWorkflow>;
}
