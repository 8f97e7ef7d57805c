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

/** When a step failed, and what may follow. */
interface FailedTry {
  /** Neither the step nor anything around it is to be tried again. */
  readonly isFatal: boolean;
  readonly rule: RetryRule;
  /** How often it was tried again already. */
  readonly tried: number;
  /** In milliseconds since the Unix epoch. */
  readonly now: number;
}

/** What the log is told of a step that failed. */
export function failureOf(error: unknown, { isFatal, rule, tried, now }: FailedTry): Failure {
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
