import type { Mastra } from "@mastra/core/mastra";
import type { TracingOptions } from "@mastra/core/observability";
import type { RequestContext } from "@mastra/core/request-context";
import type { StepFlowEntry } from "@mastra/core/workflows";
import type { WorkflowSummary } from "../core/agent-source.ts";
import { HoldfastError } from "../core/error.ts";
import { isDeeperThan, type Json } from "../core/json.ts";
import { checkedBy, type StandardSchema } from "./standard-schema.ts";

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

/** The workflow with this id, or, as Mastra allows too, registered under this key; `undefined` where none is. */
export function registeredWorkflow(mastra: Mastra, workflowId: string): MastraWorkflow | undefined {
  const workflows = workflowsOf(mastra);
  return Object.values(workflows).find(({ id }) => id === workflowId) ?? (Object.hasOwn(workflows, workflowId) ? workflows[workflowId] : undefined);
}

/**
 * The workflow with this id or under this key.
 * @throws {HoldfastError} WORKFLOW_NOT_FOUND
 */
export function workflowOf(mastra: Mastra, workflowId: string): MastraWorkflow {
  const workflow = registeredWorkflow(mastra, workflowId);
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
  // Mastra looks at the input of such a workflow no more than at that of its steps.
  if (workflow.options?.validateInputs === false) return;
  const { faults } = await checkedBy(workflow.inputSchema, input);
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
  readonly options?: { readonly validateInputs?: boolean; readonly onFinish?: (given: never) => unknown; readonly onError?: (given: never) => unknown };
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

function workflowsOf(mastra: Mastra): Readonly<Record<string, MastraWorkflow>> {
  return mastra.listWorkflows() as unknown as Record<string, MastraWorkflow>;
}
