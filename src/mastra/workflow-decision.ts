import { declineReason, type InterruptRequest } from "../core/interrupt.ts";
import type { WorkflowStepRecord } from "../core/workflow-transcript.ts";

/** What to do when a workflow comes to a step. */
export type StepDecision =
  /** `isNew`: the log is to hold that it begins. */
  | { readonly action: "execute"; readonly isNew: boolean }
  /** The log holds its end: hand it back. */
  | { readonly action: "answer"; readonly record: WorkflowStepRecord }
  /** The log holds its failure: fail the same way. */
  | { readonly action: "fail"; readonly record: WorkflowStepRecord }
  /** The log holds its failure, and that it is tried again at that time, in milliseconds since the Unix epoch. */
  | { readonly action: "retry"; readonly at: number }
  /** Its question is in the log, and still open. */
  | { readonly action: "wait"; readonly request: InterruptRequest }
  | { readonly action: "decline"; readonly message: string }
  /** It began, and the process died before it ended. */
  | { readonly action: "give-up"; readonly message: string };

/** Decides by what the log holds of the step; `mayRepeat`: it may be entered again without harm. */
export function stepDecision(record: WorkflowStepRecord | undefined, stepId: string, mayRepeat: boolean): StepDecision {
  switch (record?.status) {
    case "success":
      return { action: "answer", record };
    case "failed":
      return record.retryAt === undefined ? { action: "fail", record } : { action: "retry", at: record.retryAt };
    case "started":
      return mayRepeat ? { action: "execute", isNew: false } : { action: "give-up", message: outcomeUnknown(stepId) };
    case "suspended":
      return suspended(record, stepId);
    default:
      return { action: "execute", isNew: true };
  }
}

/** Without a question of its own, something inside it asked. */
function suspended(record: WorkflowStepRecord, stepId: string): StepDecision {
  const { interrupt, answer } = record;
  if (interrupt === undefined) return { action: "execute", isNew: true };
  if (answer === undefined) return { action: "wait", request: interrupt };
  if (answer.isDeclined !== true) return { action: "execute", isNew: true };
  const { value } = answer;
  const reason = typeof value === "string" && value !== "" ? value : declineReason(value);
  return { action: "decline", message: reason ?? `The question of step ${stepId} was declined.` };
}

function outcomeUnknown(stepId: string): string {
  return `The outcome of step ${stepId} is unknown: the server stopped while the step was running, and it was not run a second time.`;
}
