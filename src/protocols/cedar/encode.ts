import { isTerminalEvent, type ContentEvent, type NestedEvent, type RunEvent, type StepEvent } from "../../core/event.ts";
import type { Json } from "../../core/json.ts";
import type { Encoder } from "../../core/protocol.ts";
import { encodeEnd } from "./encode-end.ts";
import { encodeWork, supersede } from "./encode-work.ts";
import { beginText, encodeReply, endText, growText } from "./encode-text.ts";
import { progressUpdate, type CedarFrame } from "./frame.ts";
import { isForPage, objectFrames } from "./objects.ts";
import { settersIn, type Setter } from "./setter-args.ts";
import { INITIAL_STATE, NO_FRAMES, withReplyCut, type CedarState, type Encoded } from "./state.ts";

/** For whom a log is encoded. */
export interface CedarEncoding {
  readonly runId: string;
  /** What the page told of itself when the run was started: the setters in it say how arguments are to look. */
  readonly additionalContext?: Json;
}

/**
 * Encodes the log of a run as what a client of Cedar-OS shows: text, typed objects and a line of progress.
 *
 * @example
 * const { initial, encode } = cedarEncoder({ runId: run.id });
 * const [state, frames] = encode(initial, event);
 */
export function cedarEncoder({ runId, additionalContext }: CedarEncoding): Encoder<CedarState, CedarFrame> {
  const setters = settersIn(additionalContext);
  return { initial: INITIAL_STATE, encode: (state, event) => encodeEvent(runId, setters, state, event) };
}

function encodeEvent(runId: string, setters: readonly Setter[], state: CedarState, event: RunEvent): Encoded {
  if (state.isEnded) return [state, NO_FRAMES];
  if (isTerminalEvent(event)) return encodeEnd(state, event, runId, setters);
  switch (event.type) {
    case "attempt-started":
      return event.resetTo === undefined ? [state, NO_FRAMES] : restart(state);
    case "run-started":
    case "interrupt-answered":
    case "run-waiting":
    case "state":
    case "model-called":
    case "model-finished":
    case "model-cut":
    case "step-finished":
      return [state, NO_FRAMES];
    case "step-started":
      return [beginStep(state, event.step), NO_FRAMES];
    case "nested":
      return encodeNested(setters, state, event);
    default:
      return encodeContent(setters, state, event);
  }
}

/** The model call that was cut is issued again. */
function restart(state: CedarState): Encoded {
  const cut: CedarState = { ...state, held: [] };
  return state.said === "" && !state.isBusyShown ? [cut, NO_FRAMES] : supersede(cut);
}

/** The number of a step that a crash cut off is used again. */
function beginStep(state: CedarState, step: number): CedarState {
  return { ...(state.replied?.step === step ? withReplyCut(state) : state), step };
}

/** What is done inside a step of a workflow is the run's own; what a sub-agent says is said to the agent that asked it. */
function encodeNested(setters: readonly Setter[], state: CedarState, { toolCallId, event }: NestedEvent): Encoded {
  if (event.type === "nested") {
    return isWorkflowStep(state, toolCallId) ? encodeNested(setters, state, event) : encodeOutput(setters, state, innermost(event));
  }
  if (!isWorkflowStep(state, toolCallId)) return encodeOutput(setters, state, event);
  return isStepEvent(event) ? [state, NO_FRAMES] : encodeContent(setters, state, event);
}

function isWorkflowStep({ workflowCalls }: CedarState, callId: string): boolean {
  return workflowCalls.includes(callId);
}

function innermost({ event }: NestedEvent): ContentEvent | StepEvent {
  return event.type === "nested" ? innermost(event) : event;
}

function isStepEvent(event: ContentEvent | StepEvent): event is StepEvent {
  return event.type === "step-started" || event.type === "model-called" || event.type === "model-finished" || event.type === "step-finished";
}

/** Of a sub-agent the page gets what was made for it. */
function encodeOutput(setters: readonly Setter[], state: CedarState, event: ContentEvent | StepEvent): Encoded {
  return event.type === "data" || event.type === "tool-progress" ? encodeContent(setters, state, event) : [state, NO_FRAMES];
}

function encodeContent(setters: readonly Setter[], state: CedarState, event: ContentEvent): Encoded {
  switch (event.type) {
    case "text-start":
      return beginText(state, event.id);
    case "text-delta":
      return growText(state, event.id, event.text);
    case "text-end":
      return endText(state, event.id, setters);
    case "object":
      return event.isFinal ? encodeReply(state, event.object, setters) : [state, NO_FRAMES];
    case "data":
      return event.name === "cedar" ? given(state, objectFrames(event.data, setters)) : [state, NO_FRAMES];
    case "tool-progress":
      return isForPage(event.data) ? given(state, objectFrames(event.data, setters)) : [state, NO_FRAMES];
    case "tool-call":
    case "tool-result":
    case "tool-error":
    case "tool-denied":
    case "workflow-step-started":
    case "workflow-step-finished":
      return encodeWork(state, event);
    case "tripwire":
      return [{ ...state, isBusyShown: false }, [{ kind: "object", object: progressUpdate("error", event.reason) }]];
    default:
      return [state, NO_FRAMES];
  }
}

function given(state: CedarState, frames: readonly CedarFrame[]): Encoded {
  const said = frames.map((frame) => (frame.kind === "text" ? frame.text : "")).join("");
  return [said === "" ? state : { ...state, said: state.said + said }, frames];
}
