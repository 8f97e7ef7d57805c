import { errorText } from "./error-text.ts";
import { toJson } from "./json-value.ts";
import { fieldsOf, flag, isFields, optional, payloadOf, providerMetadataOf, textIn, type Fields } from "./normalize-fields.ts";
import { closeNestedParts, NOTHING, withEntry, type KnownToolCall, type Normalized, type NormalizeResult, type NormalizeState } from "./normalize-state.ts";

const NOT_JSON = "The arguments of the call are not valid JSON.";

export function toolInputStart(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const providerId = idOf(payload);
  if (state.toolCalls.get(providerId)?.step === state.step) return [state, NOTHING];
  const id = newId(state, providerId);
  return [
    withCall(state, providerId, newCall(state, id, payload)),
    [{ event: { type: "tool-input-start", toolCallId: id, toolName: nameOf(payload), ...traitsOf(payload) } }],
  ];
}

export function toolInputDelta(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const text = textIn(payload["argsTextDelta"]);
  const call = state.toolCalls.get(idOf(payload));
  if (text === undefined || call === undefined || call.isCalled) return [state, NOTHING];
  return [state, [{ event: { type: "tool-input-delta", toolCallId: call.id, text } }]];
}

export function toolCall(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const providerId = idOf(payload);
  const known = state.toolCalls.get(providerId);
  const isOfThisStep = known?.step === state.step;
  if (isOfThisStep && known.isCalled) return [state, NOTHING];
  const call = isOfThisStep ? known : newCall(state, newId(state, providerId), payload);
  return [withCall(state, providerId, { ...call, isCalled: true }), [callItem(call, payload, payload["args"] === undefined ? NOT_JSON : undefined)]];
}

export function toolResult(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const rejection = rejectionOf(payload["result"]);
  return outcome(state, payload, ({ id, isProviderExecuted }) => {
    const call = { toolCallId: id, toolName: nameOf(payload), ...flag("providerExecuted", isProviderExecuted) };
    if (rejection !== undefined) return { event: { type: "tool-error", ...call, message: rejection } };
    if (payload["isError"] === true) return { event: { type: "tool-error", ...call, message: errorText(payload["result"]) } };
    const providerMetadata = optional("providerMetadata", providerMetadataOf(payload["providerMetadata"]));
    return { event: { type: "tool-result", ...call, output: toJson(payload["result"]), ...providerMetadata } };
  });
}

export function toolError(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  return outcome(state, payload, ({ id, isProviderExecuted }) => ({
    event: {
      type: "tool-error",
      toolCallId: id,
      toolName: nameOf(payload),
      message: errorText(payload["error"]),
      ...flag("providerExecuted", isProviderExecuted),
    },
  }));
}

export function toolDenied(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const reason = textIn(fieldsOf(payload["approval"])["reason"]);
  return outcome(state, payload, ({ id }) => ({ event: { type: "tool-denied", toolCallId: id, toolName: nameOf(payload), ...optional("reason", reason) } }));
}

export function toolApproval(state: NormalizeState, chunk: Fields): NormalizeResult {
  return interrupt(state, payloadOf(chunk), "tool-approval");
}

export function toolSuspended(state: NormalizeState, chunk: Fields): NormalizeResult {
  return interrupt(state, payloadOf(chunk), "tool-suspend");
}

/** The id that the events of a call carry, by the id that the provider gave it: the same, unless an earlier step used it up. */
export function uniqueToolCallId(state: NormalizeState, providerId: string): string {
  const known = state.toolCalls.get(providerId);
  return known === undefined || isUsedUp(state, known) ? newId(state, providerId) : known.id;
}

/**
 * Notes that the outcome of a call is in the log already: Mastra holds results back until every tool of the step has ended, and
 * what it says of this one later is dropped.
 */
export function noteToolOutcome(state: NormalizeState, providerId: string): NormalizeState {
  const known = state.toolCalls.get(providerId);
  const call = known === undefined || isUsedUp(state, known) ? newCall(state, newId(state, providerId), {}) : known;
  return call.hasOutcome ? state : withCall(state, providerId, { ...call, hasOutcome: true });
}

function interrupt(state: NormalizeState, payload: Fields, kind: "tool-approval" | "tool-suspend"): NormalizeResult {
  const toolCallId = uniqueToolCallId(state, idOf(payload));
  const suspendPayload = payload["suspendPayload"];
  const request = {
    id: toolCallId,
    kind,
    toolCallId,
    toolName: nameOf(payload),
    input: toJson(payload["args"] ?? {}),
    ...optional("resumeSchema", schemaOf(payload["resumeSchema"])),
    ...optional("payload", suspendPayload === undefined ? undefined : toJson(suspendPayload)),
  };
  return [state, [{ signal: "interrupt", request }]];
}

function outcome(state: NormalizeState, payload: Fields, itemFor: (call: KnownToolCall) => Normalized): NormalizeResult {
  const providerId = idOf(payload);
  const [closed, closing] = closeNestedParts(state, providerId);
  const known = closed.toolCalls.get(providerId);
  // One that is not known was called in the run that this one goes on from.
  const isRepeat = known !== undefined && isUsedUp(closed, known) && !endsBackgroundTask(payload);
  const call = known === undefined || isRepeat ? newCall(closed, newId(closed, providerId), payload) : known;
  if (call.hasOutcome) return [closed, endsBackgroundTask(payload) ? [...closing, itemFor(call)] : closing];
  const next = withCall(closed, providerId, { ...call, isCalled: true, hasOutcome: true });
  // Mastra lets no second call out under an id that it has seen in the run, though it executes it.
  return [next, isRepeat ? [...closing, callItem(call, payload), itemFor(call)] : [...closing, itemFor(call)]];
}

function callItem(call: KnownToolCall, payload: Fields, invalid?: string): Normalized {
  return {
    event: {
      type: "tool-call",
      toolCallId: call.id,
      toolName: nameOf(payload),
      input: toJson(payload["args"] ?? {}),
      ...optional("invalid", invalid),
      ...traitsOf(payload),
      ...optional("providerMetadata", providerMetadataOf(payload["providerMetadata"])),
    },
  };
}

/** What Mastra gives as the result of a call whose arguments do not fit the tool's schema. */
export function rejectionOf(result: unknown): string | undefined {
  if (!isFields(result) || result["error"] !== true || !("validationErrors" in result)) return undefined;
  const { message } = result;
  return errorText(typeof message === "string" ? message.replaceAll(/\s+/g, " ") : message);
}

/** Whether the chunk is the second outcome of a call that went to the background: the first one said only that it did. */
function endsBackgroundTask(payload: Fields): boolean {
  const status = fieldsOf(fieldsOf(fieldsOf(payload["providerMetadata"])["mastra"])["backgroundTask"])["status"];
  return status === "completed" || status === "failed";
}

function schemaOf(value: unknown): ReturnType<typeof toJson> | undefined {
  if (typeof value !== "string") return value === undefined ? undefined : toJson(value);
  try {
    return JSON.parse(value) as ReturnType<typeof toJson>;
  } catch {
    return undefined;
  }
}

/** Whether the provider may use the id again. Between two steps it cannot: what comes there is a late repetition of an outcome. */
function isUsedUp(state: NormalizeState, call: KnownToolCall): boolean {
  return call.hasOutcome && state.isStepOpen && call.step < state.step;
}

function newId(state: NormalizeState, providerId: string): string {
  return state.toolCalls.has(providerId) ? `${state.idPrefix}${providerId}#${state.step}` : state.idPrefix + providerId;
}

function newCall(state: NormalizeState, id: string, payload: Fields): KnownToolCall {
  return { id, step: state.step, isCalled: false, isProviderExecuted: payload["providerExecuted"] === true, hasOutcome: false };
}

function withCall(state: NormalizeState, providerId: string, call: KnownToolCall): NormalizeState {
  return { ...state, toolCalls: withEntry(state.toolCalls, providerId, call) };
}

function idOf(payload: Fields): string {
  return typeof payload["toolCallId"] === "string" ? payload["toolCallId"] : "";
}

function nameOf(payload: Fields): string {
  return textIn(payload["toolName"]) ?? "unknown";
}

function traitsOf(payload: Fields): { readonly providerExecuted?: boolean; readonly dynamic?: boolean; readonly title?: string } {
  return { ...flag("providerExecuted", payload["providerExecuted"]), ...flag("dynamic", payload["dynamic"]), ...optional("title", textIn(payload["title"])) };
}
