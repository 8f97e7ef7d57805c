import type { ContentEvent, ProviderMetadata } from "../../core/event.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { AgUiEncoding, AgUiEvent } from "./event.ts";
import { agentAt, beginSegment, callAt, NO_CHUNKS, owned, withCall, withShown, type AgUiState, type Call, type Encoded } from "./state.ts";

export type ToolInputEvent = Extract<ContentEvent, { type: "tool-input-start" | "tool-input-delta" | "tool-call" }>;
export type ToolOutcomeEvent = Extract<ContentEvent, { type: "tool-result" | "tool-error" | "tool-denied" }>;

/** A call as the log tells it whole. */
interface WholeCall {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: Json | undefined;
  readonly providerMetadata?: ProviderMetadata;
}

/** Marks of a result that is none, in the metadata of its message. */
export const FAILED: JsonObject = { holdfast: { error: true } };
export const DENIED: JsonObject = { holdfast: { denied: true } };
export const MISSING: JsonObject = { holdfast: { missing: true } };

/** Encodes what a model asks tools for. A call is on the wire once: the repeat of one that was streamed would add its arguments again. */
export function encodeToolInput(state: AgUiState, key: string, event: ToolInputEvent): Encoded {
  const known = callAt(state, event.toolCallId);
  const isKnown = known !== undefined && known.state !== "superseded";
  if (event.type === "tool-input-delta") {
    if (known?.state !== "streaming" || known.agentKey !== key || event.text === "") return [state, NO_CHUNKS];
    return [known.hasInput ? state : withCall(state, { ...known, hasInput: true }), [argsOf(known, event.text)]];
  }
  if (event.type === "tool-input-start") return isKnown ? [state, NO_CHUNKS] : startCall(state, key, event);
  if (isKnown && known.state !== "streaming") return [state, NO_CHUNKS];
  const [shown, call] = showCall(state, key, event);
  if (event.invalid === undefined || callAt(shown, event.toolCallId)?.state !== "called") return [shown, call];
  const [ended, result] = endCall(shown, event.toolCallId, event.invalid, FAILED);
  return [ended, [...call, ...result]];
}

/** Shows a call in full, as far as it is not shown yet. */
export function showCall(state: AgUiState, key: string, whole: WholeCall): Encoded {
  const known = callAt(state, whole.toolCallId);
  if (known?.state === "called" || known?.state === "done") return [state, NO_CHUNKS];
  const [started, start] = known?.state === "streaming" ? ([state, NO_CHUNKS] as const) : startCall(state, key, whole);
  const call = callAt(started, whole.toolCallId);
  if (call?.state !== "streaming" || call.agentKey !== key) return [started, start];
  const { providerMetadata } = whole;
  const chunks: AgUiEvent[] = [];
  if (!call.hasInput) chunks.push(argsOf(call, inputText(whole.input)));
  if (providerMetadata !== undefined) {
    const { toolCallId: entityId } = call;
    chunks.push({ type: "REASONING_ENCRYPTED_VALUE", subtype: "tool-call", entityId, encryptedValue: JSON.stringify(providerMetadata), ...owned(call) });
  }
  return [withCall(started, { ...call, state: "called", hasInput: true }), [...start, ...chunks, endOf(call)]];
}

/** Ends the calls that an agent is still writing. */
export function closeCalls(state: AgUiState, key: string): Encoded {
  const open = state.calls.filter((call) => call.state === "streaming" && call.agentKey === key);
  if (open.length === 0) return [state, NO_CHUNKS];
  return [open.reduce((next, call) => withCall(next, { ...call, state: "called" }), state), open.map(endOf)];
}

/** Encodes what came of a call: one result, and none for a call that no client knows. */
export function encodeToolOutcome({ flavour }: AgUiEncoding, state: AgUiState, event: ToolOutcomeEvent): Encoded {
  const { toolCallId } = event;
  const call = callAt(state, toolCallId);
  if (call === undefined || call.state === "done" || call.state === "superseded") return [state, NO_CHUNKS];
  if (flavour === "ag-ui" && call.answeredIn !== undefined && event.type !== "tool-denied") {
    const messageId = call.answeredIn;
    const given = event.type === "tool-error" ? { content: event.message, error: event.message } : { content: resultText(event.output) };
    const next = withShown(withCall(state, { ...call, state: "done" }), messageId);
    return [next, [...(call.state === "streaming" ? [endOf(call)] : []), { type: "PAGE_RESULT", messageId, toolCallId, ...given }]];
  }
  switch (event.type) {
    case "tool-result":
      return endCall(state, toolCallId, resultText(event.output));
    case "tool-error":
      return endCall(state, toolCallId, event.message, FAILED);
    case "tool-denied":
      return endCall(state, toolCallId, deniedText(event.reason), DENIED);
  }
}

/** Gives a call its result. */
export function endCall(state: AgUiState, toolCallId: string, content: string, metadata?: JsonObject): Encoded {
  const call = callAt(state, toolCallId);
  if (call === undefined || call.state === "done" || call.state === "superseded") return [state, NO_CHUNKS];
  const messageId = resultId(toolCallId);
  const result: AgUiEvent = {
    type: "TOOL_CALL_RESULT",
    messageId,
    toolCallId,
    content,
    role: "tool",
    ...owned(call),
    ...(metadata !== undefined && { metadata }),
  };
  return [withShown(withCall(state, { ...call, state: "done" }), messageId), call.state === "streaming" ? [endOf(call), result] : [result]];
}

/** The id of the message that holds the result of a call. */
export function resultId(toolCallId: string): string {
  return `tool-result-${toolCallId}`;
}

/** What a tool gave, as the content of a message. A tool that gives nothing stands in the log with `null`. */
export function resultText(output: Json | undefined): string {
  if (output === undefined || output === null) return "";
  return typeof output === "string" ? output : JSON.stringify(output);
}

/** What stands in place of a result that a person did not allow. */
export function deniedText(reason: string | undefined): string {
  return reason === undefined || reason === "" ? "The call was declined." : reason;
}

/** The arguments of a call as a model would have written them. */
export function inputText(input: Json | undefined): string {
  return JSON.stringify(input ?? {});
}

function startCall(state: AgUiState, key: string, { toolCallId, toolName }: { readonly toolCallId: string; readonly toolName: string }): Encoded {
  const agent = agentAt(state, key);
  const tag = owned(agent);
  const former = callAt(state, toolCallId);
  // For a client a call belongs for good to whoever made it first.
  if (former !== undefined && (former.agentKey !== key || former.subagentRunId !== tag.subagentRunId)) return [state, NO_CHUNKS];
  const [begun, parentMessageId] = agent.current === undefined ? beginSegment(state, key) : [state, agent.current];
  return [
    withCall(begun, { toolCallId, toolName, agentKey: key, ...tag, state: "streaming", hasInput: false }),
    [{ type: "TOOL_CALL_START", toolCallId, toolCallName: toolName, parentMessageId, ...tag }],
  ];
}

function argsOf(call: Call, delta: string): AgUiEvent {
  return { type: "TOOL_CALL_ARGS", toolCallId: call.toolCallId, delta, ...owned(call) };
}

function endOf(call: Call): AgUiEvent {
  return { type: "TOOL_CALL_END", toolCallId: call.toolCallId, ...owned(call) };
}
