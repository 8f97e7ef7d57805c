import type { UiMessageChunk } from "./chunk.ts";

/** What the fold knows after a prefix of a log. Immutable; a delta leaves it as it is. */
export interface AiSdkState {
  readonly isStarted: boolean;
  readonly isEnded: boolean;
  /** The run goes on with the message of its parent, whose last step is still the open one for the client. */
  readonly isContinuation: boolean;
  /** How many `start-step` chunks were sent. */
  readonly stepCount: number;
  /** The number of the step that is open on the wire. */
  readonly openStep: number | undefined;
  /** Whether the open step has parts that a client shows. */
  readonly hasParts: boolean;
  readonly openTexts: readonly OpenText[];
  readonly openTools: readonly OpenTool[];
}

export interface OpenText {
  readonly kind: "text" | "reasoning";
  readonly id: string;
}

/** A tool call that has no outcome yet. */
export interface OpenTool {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly providerExecuted?: boolean;
  readonly dynamic?: boolean;
  /** The model has not finished writing the input. */
  readonly isStreaming: boolean;
  /** An approval of the call was asked for and is decided. */
  readonly isDecided?: boolean;
  /** The {@link AiSdkState.stepCount} at which it was opened. */
  readonly stepCount: number;
}

export const INITIAL_STATE: AiSdkState = {
  isStarted: false,
  isEnded: false,
  isContinuation: false,
  stepCount: 0,
  openStep: undefined,
  hasParts: false,
  openTexts: [],
  openTools: [],
};

/** The state after an event, and the chunks that the event becomes. */
export type Encoded = readonly [AiSdkState, readonly UiMessageChunk[]];

export const NO_CHUNKS: readonly UiMessageChunk[] = [];

/** Ends the text and reasoning parts that are open: a delta after `finish-step` is fatal to versions 5 and 6. */
export function closeTexts(state: AiSdkState): Encoded {
  if (state.openTexts.length === 0) return [state, NO_CHUNKS];
  return [{ ...state, openTexts: [] }, state.openTexts.map(({ kind, id }) => ({ type: `${kind}-end`, id }))];
}

/** Closes the tool calls that match with an error. It fits a call in any state, and keeps what is shown of its input. */
export function closeTools(state: AiSdkState, isClosed: (tool: OpenTool) => boolean, errorText: string): Encoded {
  const closed = state.openTools.filter(isClosed);
  if (closed.length === 0) return [state, NO_CHUNKS];
  return [
    { ...state, openTools: state.openTools.filter((tool) => !isClosed(tool)) },
    closed.map((tool) => ({ type: "tool-output-error", ...toolFields(tool), errorText })),
  ];
}

/** Closes the calls whose input the model never finished. */
export function closeStreaming(state: AiSdkState): Encoded {
  return closeTools(state, (tool) => tool.isStreaming, "The call was cut off.");
}

/** Opens a step on the wire. */
export function openStep(state: AiSdkState, step: number): Encoded {
  return [{ ...state, openStep: step, stepCount: state.stepCount + 1, hasParts: false }, [{ type: "start-step" }]];
}

/** Closes the step that is open on the wire, if one is. */
export function closeStep(state: AiSdkState): Encoded {
  if (state.openStep === undefined) return [state, NO_CHUNKS];
  return [{ ...state, openStep: undefined, hasParts: false }, [{ type: "finish-step" }]];
}

/** Runs folds one after another. */
export function inOrder(state: AiSdkState, ...folds: readonly ((state: AiSdkState) => Encoded)[]): Encoded {
  const all: UiMessageChunk[] = [];
  let current = state;
  for (const fold of folds) {
    const [next, chunks] = fold(current);
    current = next;
    all.push(...chunks);
  }
  return [current, all];
}

interface ToolFields {
  readonly toolCallId: string;
  readonly providerExecuted?: boolean;
  readonly dynamic?: boolean;
}

/** The fields that every chunk of a tool call may carry; the false ones are left out. */
export function toolFields(tool: ToolFields): ToolFields {
  return {
    toolCallId: tool.toolCallId,
    ...(tool.providerExecuted === true && { providerExecuted: true }),
    ...(tool.dynamic === true && { dynamic: true }),
  };
}
