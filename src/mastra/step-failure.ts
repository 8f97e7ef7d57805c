import { TripWire } from "@mastra/core/agent";
import { MastraNonRetryableError } from "@mastra/core/error";
import type { WorkflowStepEvent, WorkflowStepRecord } from "../core/workflow-transcript.ts";
import { errorText } from "./error-text.ts";

type Failure = Pick<Extract<WorkflowStepEvent, { type: "workflow-step-finished" }>, "status" | "message" | "retryAt" | "isFatal" | "tripwire">;

/** How often a step is tried. */
export interface RetryRule {
  /** How often it is tried again. */
  readonly retries: number;
  readonly delayMs: number;
}

/** What the log is told of a step that failed. `tried`: how often it was tried again already; `now`: in milliseconds since the Unix epoch. */
export function failureOf(error: unknown, rule: RetryRule, tried: number, now: number): Failure {
  const isFatal = error instanceof MastraNonRetryableError;
  return {
    status: "failed",
    message: errorText(error),
    ...(!isFatal && tried < rule.retries && { retryAt: now + rule.delayMs }),
    ...(isFatal && { isFatal }),
    ...(error instanceof TripWire && { tripwire: { reason: error.message, ...(error.processorId !== undefined && { processorId: error.processorId }) } }),
  };
}

/** The error that stands for a failure in the log: whatever is around the step fails as it did with the first one. */
export function recordedFailure({ stepId, message = `Step ${stepId} failed.`, isFatal, tripwire }: WorkflowStepRecord): Error {
  if (tripwire !== undefined) return new TripWire(tripwire.reason, {}, tripwire.processorId);
  return isFatal === true ? new MastraNonRetryableError(message) : new Error(message);
}
