import { declineReason, isApproved, type Interrupt } from "./interrupt.ts";
import type { JsonObject } from "./json.ts";

/**
 * A message with what its run asks. `asked`: the questions of a run that nothing went on from. The calls that need an approval say so, or how it
 * was decided while other questions are open; what a tool asked for is a part of its own; and a call whose question was not answered
 * in time has failed.
 */
export function withQuestions(message: JsonObject, asked: readonly Interrupt[]): JsonObject {
  if (asked.length === 0) return message;
  const parts = (message["parts"] ?? []) as readonly JsonObject[];
  const byCall = new Map(asked.map((interrupt) => [interrupt.toolCallId, interrupt]));
  const shown = parts.map((part) => {
    const interrupt = byCall.get(part["toolCallId"] as string);
    return interrupt === undefined ? part : { ...part, ...questionFields(interrupt) };
  });
  const suspended = asked.flatMap((interrupt) => (interrupt.kind === "tool-suspend" && interrupt.status === "pending" ? [suspendedPart(interrupt)] : []));
  return { ...message, parts: [...shown, ...suspended] };
}

function questionFields(interrupt: Interrupt): JsonObject {
  const { id, kind, status } = interrupt;
  if (status === "expired") return { state: "output-error", errorText: "The question about this call was not answered in time." };
  if (status === "answered") return answerFields(interrupt);
  return kind === "tool-approval" ? { state: "approval-requested", approval: { id } } : {};
}

function answerFields({ id, kind, answer = null }: Interrupt): JsonObject {
  switch (kind) {
    case "tool-approval":
      return { state: "approval-responded", approval: { id, approved: isApproved(answer), reason: declineReason(answer) } };
    case "frontend-tool": {
      const { output, error } = answer as JsonObject;
      return typeof error === "string" ? { state: "output-error", errorText: error } : { state: "output-available", output: output ?? null };
    }
    case "tool-suspend":
    case "workflow-suspend":
      return {};
  }
}

function suspendedPart({ id, toolCallId, toolName, payload, resumeSchema }: Interrupt): JsonObject {
  return { type: "data-suspended", id, data: { interruptId: id, toolCallId, toolName, payload, resumeSchema } };
}
