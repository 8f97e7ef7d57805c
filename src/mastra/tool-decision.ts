import { declineReason, isApproved } from "../core/interrupt.ts";
import type { InterruptRequest } from "../core/interrupt.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { ToolPart } from "../core/transcript.ts";

/** What to do when Mastra is about to execute a tool. */
export type ToolDecision =
  | { readonly action: "execute" }
  /** The log holds the result: hand it back. */
  | { readonly action: "answer"; readonly output: Json }
  /** The log holds the failure: fail the same way. */
  | { readonly action: "fail"; readonly message: string }
  /** It was started, and the process died before it ended. */
  | { readonly action: "give-up"; readonly message: string };

export const OUTCOME_UNKNOWN_TEXT: string =
  "The outcome of this tool call is unknown: the server stopped while the tool was running, and it was not run a second time. Check before you call it again.";

/** What the model is told of a call that was declined without a reason; Mastra's own words. */
export const DECLINED_TEXT: string = "Tool call was not approved by the user";

/** Decides by what the log holds of the call; `isIdempotent`: the tool may run again without harm. */
export function toolDecision(recorded: ToolPart | undefined, isIdempotent: boolean): ToolDecision {
  switch (recorded?.state) {
    case "result":
      return { action: "answer", output: recorded.output ?? null };
    case "error":
      return { action: "fail", message: recorded.message ?? "The tool call failed." };
    case "denied":
      return { action: "fail", message: recorded.message ?? DECLINED_TEXT };
    case "started":
      return isIdempotent ? { action: "execute" } : { action: "give-up", message: OUTCOME_UNKNOWN_TEXT };
    default:
      return { action: "execute" };
  }
}

/** Whether a call goes through the gate that stands before its execution, and with what. */
export type GateDecision =
  /** `resumeData`: what the tool asked for when it suspended, any JSON value; `innerRunId`: the execution inside it that goes on. */
  | { readonly action: "pass"; readonly resumeData?: { readonly value: Json }; readonly innerRunId?: string }
  | { readonly action: "decline"; readonly reason?: string }
  /** The page has executed it. */
  | { readonly action: "settle"; readonly result: { readonly output: Json } | { readonly error: string } }
  /** The question is in the log already, and still open. */
  | { readonly action: "wait"; readonly request: InterruptRequest }
  | { readonly action: "ask"; readonly kind: "tool-approval" | "frontend-tool" };

/** Decides by what the log holds of the call. `needsApproval`: what the tool's own rule says of a call that was not looked at before. */
export function gateDecision(recorded: ToolPart | undefined, traits: { readonly isPageTool: boolean; readonly needsApproval: boolean }): GateDecision {
  if (recorded?.state === "interrupted" && recorded.interrupt !== undefined) {
    return recorded.answer === undefined ? { action: "wait", request: recorded.interrupt } : answered(recorded.interrupt, recorded.answer);
  }
  // One that is idempotent executes again with what it was given before.
  if (recorded?.state === "started") return resumed(recorded);
  if (recorded?.state === "result" || recorded?.state === "error" || recorded?.state === "denied") return { action: "pass" };
  if (traits.isPageTool) return { action: "ask", kind: "frontend-tool" };
  return traits.needsApproval ? { action: "ask", kind: "tool-approval" } : { action: "pass" };
}

function answered(request: InterruptRequest, { value: answer, isDeclined }: NonNullable<ToolPart["answer"]>): GateDecision {
  if (isDeclined) return declined(answer);
  switch (request.kind) {
    case "tool-approval":
      return isApproved(answer) ? { action: "pass" } : declined(answer);
    case "tool-suspend":
    // A step of a workflow has its own gate.
    case "workflow-suspend":
      return { action: "pass", resumeData: { value: answer }, ...(request.innerRunId !== undefined && { innerRunId: request.innerRunId }) };
    case "frontend-tool":
      return { action: "settle", result: pageResult(answer) };
  }
}

function declined(answer: Json): GateDecision {
  const reason = typeof answer === "string" && answer !== "" ? answer : declineReason(answer);
  return { action: "decline", ...(reason !== undefined && { reason }) };
}

function resumed({ interrupt, answer }: ToolPart): GateDecision {
  return interrupt?.kind === "tool-suspend" && answer !== undefined ? answered(interrupt, answer) : { action: "pass" };
}

function pageResult(answer: Json): { readonly output: Json } | { readonly error: string } {
  const { output, error } = answer as JsonObject;
  return typeof error === "string" ? { error } : { output: output ?? null };
}
