import type { ContentEvent } from "../../core/event.ts";
import { progressUpdate, type CedarFrame } from "./frame.ts";
import { NO_FRAMES, withReplyCut, type CedarState, type Encoded } from "./state.ts";

type WorkEvent = Extract<
  ContentEvent,
  { type: "tool-call" | "tool-result" | "tool-error" | "tool-denied" | "workflow-step-started" | "workflow-step-finished" }
>;

/** Encodes what a run is at as the line of progress, which each frame writes over. */
export function encodeWork(state: CedarState, event: WorkEvent): Encoded {
  switch (event.type) {
    case "tool-call":
      return busy(state, `${event.title ?? event.toolName} …`);
    case "tool-result":
      return idle(state, "complete", event.toolName);
    case "tool-error":
      return idle(state, "error", `${event.toolName}: ${event.message}`);
    case "tool-denied":
      return idle(state, "complete", `${event.toolName} was declined.`);
    case "workflow-step-started":
      return enterStep(state, event.callId, event.stepId);
    case "workflow-step-finished": {
      const left = { ...state, workflowCalls: state.workflowCalls.filter((callId) => callId !== event.callId) };
      // A step that suspends is asked about, the run ends with the one that fails, and one that is skipped did nothing.
      return event.status === "success" ? idle(left, "complete", event.stepId) : [left, NO_FRAMES];
    }
  }
}

/** The client cannot take a text back: it is told that the answer begins again, and what follows is a text of its own. */
export function supersede(state: CedarState): Encoded {
  return idle(state, "complete", "The answer was cut off, and is given again.");
}

/** A step that is entered again before it has ended was cut off by a crash, and says all of it again. */
function enterStep(state: CedarState, callId: string, stepId: string): Encoded {
  const open = { ...state, workflowCalls: [...state.workflowCalls.filter((other) => !isWithin(other, callId)), callId] };
  if (!state.workflowCalls.includes(callId)) return busy(open, `${stepId} …`);
  const said = { ...open, held: state.held.filter(({ id }) => !isWithin(id, callId)) };
  const cut = state.replied?.calls.includes(callId) === true ? withReplyCut(said) : said;
  const [again, frames]: Encoded = state.said === "" ? [cut, NO_FRAMES] : supersede(cut);
  const [next, more] = busy(again, `${stepId} …`);
  return [next, [...frames, ...more]];
}

/** Whether an id is that of a call, or of something inside it. */
export function isWithin(id: string, callId: string): boolean {
  return id === callId || id.startsWith(`${callId}/`);
}

function busy(state: CedarState, text: string): Encoded {
  return [state.isBusyShown ? state : { ...state, isBusyShown: true }, [notice("in_progress", text)]];
}

function idle(state: CedarState, outcome: "complete" | "error", text: string): Encoded {
  return [state.isBusyShown ? { ...state, isBusyShown: false } : state, [notice(outcome, text)]];
}

function notice(state: "in_progress" | "complete" | "error", text: string): CedarFrame {
  return { kind: "notice", object: progressUpdate(state, text) };
}
