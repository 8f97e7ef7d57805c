import type { TerminalEvent } from "../../core/event.ts";
import type { JsonObject } from "../../core/json.ts";
import { endTexts } from "./encode-text.ts";
import { progressUpdate, type CedarFrame } from "./frame.ts";
import { questionRunId } from "./question-id.ts";
import { question } from "./question.ts";
import type { Setter } from "./setter-args.ts";
import { inOrder, type CedarState, type Encoded, type Fold } from "./state.ts";

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
