import type { TerminalEvent } from "../../core/event.ts";
import type { InterruptRequest } from "../../core/interrupt.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { endTexts } from "./encode-text.ts";
import { progressUpdate, type CedarFrame } from "./frame.ts";
import { HUMAN_IN_THE_LOOP } from "./human-in-the-loop.ts";
import { questionRunId } from "./question-id.ts";
import type { Setter } from "./setter-args.ts";
import { inOrder, type CedarState, type Encoded, type Fold } from "./state.ts";
import { isObject, textIn } from "./values.ts";

/** Encodes the end of a run: what it ended with, and nothing that looks as if it went on. */
export function encodeEnd(state: CedarState, event: TerminalEvent, runId: string, setters: readonly Setter[]): Encoded {
  const ended: CedarState = { ...state, isEnded: true };
  const flush: Fold = (next) => endTexts(next, setters);
  switch (event.type) {
    case "run-completed":
      return inOrder(ended, flush, settle("Done."));
    case "run-failed":
      return inOrder(ended, flush, tell(progressUpdate("error", event.error.message)));
    case "run-canceled":
      return inOrder(ended, flush, tell(progressUpdate("complete", "Stopped.")));
    case "run-suspended":
      return inOrder(
        ended,
        flush,
        settle("Waiting for an answer."),
        tell(...event.interrupts.map((interrupt, index) => question(questionRunId(runId, index), runId, interrupt))),
      );
  }
}

function tell(...objects: readonly JsonObject[]): Fold {
  return (state) => [{ ...state, isBusyShown: false }, objects.map((object): CedarFrame => ({ kind: "object", object }))];
}

/** Takes the line away that says something is under way. */
function settle(text: string): Fold {
  return (state) => (state.isBusyShown ? [{ ...state, isBusyShown: false }, [{ kind: "notice", object: progressUpdate("complete", text) }]] : [state, []]);
}

/** What the client echoes untouched with an answer is `runId` and `stepPath`; the rest is for whoever draws the question. */
function question(askedAs: string, runId: string, interrupt: InterruptRequest): JsonObject {
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
