import { isTerminalEvent, type LifecycleEvent, type RunEvent } from "../../core/event.ts";
import type { Encoder } from "../../core/protocol.ts";
import type { AiSdkVersion, UiMessageChunk } from "./chunk.ts";
import { encodeContent } from "./encode-content.ts";
import { encodeEnd, encodePause, isAskedInCall } from "./encode-end.ts";
import {
  closeStep,
  closeStreaming,
  closeTexts,
  closeTools,
  INITIAL_STATE,
  inOrder,
  NO_CHUNKS,
  openStep,
  type AiSdkState,
  type Encoded,
  type OpenTool,
} from "./state.ts";

/** For whom a log is encoded. */
export interface AiSdkEncoding {
  readonly version: AiSdkVersion;
  /** Told to the client in the metadata of the message. */
  readonly runId?: string;
}

/** Stands for the number of a step that content opened before the log did. */
const UNNUMBERED = -1;

/**
 * Encodes the log of a run as a UI message stream of the `ai` package.
 *
 * @example
 * const { initial, encode } = aiSdkEncoder({ version: 7, runId });
 * const [state, chunks] = encode(initial, event);
 */
export function aiSdkEncoder(encoding: AiSdkEncoding): Encoder<AiSdkState, UiMessageChunk> {
  return { initial: INITIAL_STATE, encode: (state, event) => encodeEvent(encoding, state, event) };
}

/**
 * Encodes the logs of the suspended runs that a run goes on from, for a client that is to be shown the whole message: what ends those
 * runs is a pause of it.
 */
export function encodeAncestry(encoding: AiSdkEncoding, state: AiSdkState, event: RunEvent): Encoded {
  return isTerminalEvent(event) ? encodePause(encoding.version, state, event) : encodeEvent(encoding, state, event);
}

function encodeEvent(encoding: AiSdkEncoding, state: AiSdkState, event: RunEvent): Encoded {
  if (state.isEnded) return [state, NO_CHUNKS];
  if (isTerminalEvent(event)) return encodeEnd(encoding.version, state, event);
  switch (event.type) {
    case "run-started":
    case "interrupt-answered":
    case "attempt-started":
    case "step-started":
    case "model-called":
    case "model-finished":
    case "model-cut":
    case "step-finished":
    case "run-waiting":
    case "state":
      return encodeLifecycle(encoding, state, event);
    default:
      return inStep(...encodeContent(encoding.version, state, event));
  }
}

function encodeLifecycle({ version, runId }: AiSdkEncoding, state: AiSdkState, event: LifecycleEvent): Encoded {
  switch (event.type) {
    case "run-started": {
      if (state.isStarted) return [{ ...state, isContinuation: true }, NO_CHUNKS];
      const messageMetadata = { threadId: event.threadId, ...(runId !== undefined && { runId }) };
      const next = { ...state, isStarted: true, isContinuation: event.parentRunId !== undefined };
      return [next, [{ type: "start", messageId: event.messageId, messageMetadata }]];
    }
    case "attempt-started":
      return event.resetTo === undefined ? [state, NO_CHUNKS] : supersede(version, state, event.attempt);
    case "step-started":
      return startStep(state, event.step);
    case "interrupt-answered":
      return [withAnswered(version, state, event), NO_CHUNKS];
    case "model-called":
    case "model-finished":
    case "model-cut":
    case "run-waiting":
    case "state":
      return [state, NO_CHUNKS];
    case "step-finished":
      return inOrder(state, closeTexts, closeStreaming, closeStep);
  }
}

/**
 * The client has the call from the run that asked; what comes of it is told by this one. The same goes for the call of the run's own agent
 * that it was made in, if a sub-agent made it: its id is what the others begin with. Of the calls inside that one, the client has none but
 * those that were asked about as calls.
 */
function withAnswered(version: AiSdkVersion, state: AiSdkState, event: Extract<LifecycleEvent, { type: "interrupt-answered" }>): AiSdkState {
  const { kind, toolCallId, toolName } = event;
  if (kind === "workflow-suspend") return state;
  const [outermost = toolCallId] = toolCallId.split("/");
  const isShown = isAskedInCall(version, kind);
  const ids = new Set(isShown ? [outermost, toolCallId] : [outermost]);
  const unknown = [...ids].filter((id) => !state.openTools.some((tool) => tool.toolCallId === id));
  const added = unknown.map((id): OpenTool => ({ toolCallId: id, toolName, isStreaming: false, stepCount: state.stepCount }));
  const openTools = added.length === 0 ? state.openTools : [...state.openTools, ...added];
  if (kind !== "tool-approval" || !isShown) return { ...state, openTools };
  return { ...state, openTools: openTools.map((tool) => (tool.toolCallId === toolCallId ? { ...tool, isDecided: true } : tool)) };
}

function startStep(state: AiSdkState, step: number): Encoded {
  if (state.openStep === step) return [state, NO_CHUNKS];
  if (state.openStep === UNNUMBERED) return [{ ...state, openStep: step }, NO_CHUNKS];
  // A client looks for a call that is still being written in the newest step only.
  return inOrder(state, closeTexts, closeStreaming, closeStep, (closed) => openStep(closed, step));
}

/** The model call of the open step was cut and is issued again: what the step showed is taken back where the client can do that. */
function supersede(version: AiSdkVersion, state: AiSdkState, attempt: number): Encoded {
  if (state.openStep === undefined || !state.hasParts) return [state, NO_CHUNKS];
  const isOfStep = (tool: { readonly stepCount: number }): boolean => tool.stepCount === state.stepCount;
  if (version === 7) {
    const openTools = state.openTools.filter((tool) => !isOfStep(tool));
    return [{ ...state, hasParts: false, openTexts: [], openTools }, [{ type: "reset-step" }]];
  }
  return inOrder(
    state,
    closeTexts,
    (next) => closeTools(next, isOfStep, "The call was cut off and is made again."),
    (next) => [next, [{ type: "data-superseded", data: { attempt } }]],
    closeStep,
  );
}

/** Content may come before the first step, from a processor; the step then begins with it, as in the thread. */
function inStep(state: AiSdkState, chunks: readonly UiMessageChunk[]): Encoded {
  if (chunks.length === 0 || state.hasParts) return [state, chunks];
  const hasParts = chunks.some((chunk) => !("transient" in chunk));
  if (state.openStep !== undefined) return [hasParts ? { ...state, hasParts } : state, chunks];
  if (state.stepCount > 0 || state.isContinuation) return [state, chunks];
  const [opened, start] = openStep(state, UNNUMBERED);
  return [{ ...opened, hasParts, openTools: opened.openTools.map((tool) => ({ ...tool, stepCount: opened.stepCount })) }, [...start, ...chunks]];
}
