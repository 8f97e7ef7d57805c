import type { Json } from "../core/json.ts";
import type { WorkflowStepRecord } from "../core/workflow-transcript.ts";
import type { RetryRule } from "./step-failure.ts";

/** Where in a workflow a step stands. */
export interface WorkflowPlace {
  /** The call of the workflow that it lies in, with a slash behind it; empty for the run's own. */
  readonly prefix: string;
  /** The ids of the steps that it lies in, the outermost first. */
  readonly path: readonly string[];
  readonly workflowId: string;
  /** How a step that fails is tried again, unless it says so itself. */
  readonly retry: RetryRule;
}

/** A step of Mastra's and what the gate needs to know of it. */
export interface GatedStep {
  readonly step: WorkflowStep;
  /** `workflow`: its own steps have gates. `agent`: so have its model calls and tools. `mapping`: it only puts values together. */
  readonly kind: "step" | "agent" | "workflow" | "mapping";
  /** The id that the log knows it by. */
  readonly logId: string;
  readonly place: WorkflowPlace;
  /** What the log calls the steps that may be under way at the same time, itself among them. */
  readonly siblings: ReadonlySet<string>;
  /** It is entered once for each item of a list. */
  readonly isOfList: boolean;
}

/** A step as Mastra executes it. */
export interface WorkflowStep {
  readonly id: string;
  readonly description?: unknown;
  readonly inputSchema?: unknown;
  readonly outputSchema?: unknown;
  readonly resumeSchema?: unknown;
  readonly suspendSchema?: unknown;
  readonly stateSchema?: unknown;
  readonly requestContextSchema?: unknown;
  readonly component?: unknown;
  readonly metadata?: unknown;
  readonly retries?: number | undefined;
  execute(params: StepParams): unknown;
}

/** What Mastra calls a step with. */
export interface StepParams {
  readonly inputData?: unknown;
  readonly runId: string;
  readonly abortSignal: AbortSignal;
  readonly state?: unknown;
  readonly validateInputs?: boolean;
  getStepResult(step: unknown): unknown;
  getInitData(): unknown;
  setState(state: unknown): Promise<void>;
  suspend(payload?: unknown, options?: unknown): unknown;
  bail(result: unknown): unknown;
}

/** Executes a step; `callId`: the id of this call of it. */
export type ExecuteStep = (params: StepParams, callId: string) => unknown;

/** One call of a step in an attempt. */
export interface StepCall {
  readonly gated: GatedStep;
  /** Unique in the run; each try has its own. */
  readonly callId: string;
  /** Of the first try. */
  readonly firstId: string;
  readonly retryOf?: string;
  readonly retryCount: number;
  /** What the log holds of it. */
  readonly record: WorkflowStepRecord | undefined;
  /** What the log holds of the newest question that was answered, of this try or of one before. */
  readonly answered: WorkflowStepRecord | undefined;
  readonly input: Json | undefined;
  readonly params: StepParams;
}
