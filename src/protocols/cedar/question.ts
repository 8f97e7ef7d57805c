import type { InterruptRequest } from "../../core/interrupt.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { HUMAN_IN_THE_LOOP } from "./human-in-the-loop.ts";
import { isObject, textIn } from "./values.ts";

/** What the client echoes untouched with an answer is `runId` and `stepPath`; the rest is for whoever draws the question. */
export function question(askedAs: string, runId: string, interrupt: InterruptRequest): JsonObject {
  const { id, kind, toolCallId, toolName, input, payload, stepPath, resumeSchema, expiresAt } = interrupt;
  return {
    type: HUMAN_IN_THE_LOOP,
    status: "suspended",
    runId: askedAs,
    stepPath: [[id]],
    suspendPayload: payload ?? { toolName, input },
    message: messageOf(interrupt),
    metadata: { interruptId: id, runId, kind, toolCallId, toolName, input, stepPath, resumeSchema, expiresAt },
  };
}

function messageOf({ kind, toolName, payload }: InterruptRequest): string {
  const asked = wordsIn(payload);
  if (asked !== undefined) return asked;
  switch (kind) {
    case "tool-approval":
      return `May ${toolName} be executed?`;
    case "frontend-tool":
      return `${toolName} waits for what the page gives.`;
    case "tool-suspend":
    case "workflow-suspend":
      return `${toolName} waits for an answer.`;
  }
}

function wordsIn(payload: Json | undefined): string | undefined {
  if (!isObject(payload)) return textIn(payload);
  return ["message", "question", "prompt", "reason"].map((field) => textIn(payload[field])).find((text) => text !== undefined && text !== "");
}
