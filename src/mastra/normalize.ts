import { toJson } from "./json-value.ts";
import { custom, data, DATA_PREFIX, file, object, objectResult, raw, reasoningFile, source, tripwire } from "./normalize-content.ts";
import { isFields, type Fields } from "./normalize-fields.ts";
import { backgroundOutput, toolOutput } from "./normalize-nested.ts";
import { NOTHING, type NormalizeResult, type NormalizeState } from "./normalize-state.ts";
import { abort, error, finish, rawPart, stepFinish, stepStart } from "./normalize-step.ts";
import { reasoningDelta, reasoningEnd, reasoningSignature, reasoningStart, redactedReasoning, textDelta, textEnd, textStart } from "./normalize-text.ts";
import { toolApproval, toolCall, toolDenied, toolError, toolInputDelta, toolInputStart, toolResult, toolSuspended } from "./normalize-tool.ts";

export { closeOpenParts, initialNormalizeState, type Normalized, type NormalizedEvent, type NormalizeState } from "./normalize-state.ts";
export { noteToolOutcome, uniqueToolCallId } from "./normalize-tool.ts";

type Handler = (state: NormalizeState, chunk: Fields, chunkType: string) => NormalizeResult;

const nothing: Handler = (state) => [state, NOTHING];

/** Every chunk type that Mastra is known to send, and what becomes of it; `data-*` stands beside the table. */
const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["text-start", textStart],
  ["text-delta", textDelta],
  ["text-end", textEnd],
  ["reasoning-start", reasoningStart],
  ["reasoning-delta", reasoningDelta],
  ["reasoning-end", reasoningEnd],
  ["reasoning-signature", reasoningSignature],
  ["redacted-reasoning", redactedReasoning],
  ["tool-call-input-streaming-start", toolInputStart],
  ["tool-call-delta", toolInputDelta],
  // The call that follows says that its input is complete.
  ["tool-call-input-streaming-end", nothing],
  ["tool-call", toolCall],
  ["tool-result", toolResult],
  ["tool-error", toolError],
  ["tool-output-denied", toolDenied],
  ["tool-call-approval", toolApproval],
  ["tool-call-suspended", toolSuspended],
  ["tool-output", (state, chunk) => toolOutput(state, chunk, normalizeChunk)],
  ["source", source],
  ["file", file],
  ["reasoning-file", reasoningFile],
  ["custom", custom],
  ["object", object],
  ["object-result", objectResult],
  ["tripwire", tripwire],
  ["step-start", stepStart],
  ["step-finish", stepFinish],
  ["finish", finish],
  ["abort", abort],
  ["error", error],
  ["raw", rawPart],
  // The driver knows all of this already.
  ["start", nothing],
  ["response-metadata", nothing],
  ["watch", nothing],
  ["step-output", raw],
  ["is-task-complete", raw],
  ["goal", raw],
  ["background-task-started", raw],
  ["background-task-running", raw],
  ["background-task-resumed", raw],
  // A heartbeat.
  ["background-task-progress", nothing],
  ["background-task-output", (state, chunk, chunkType) => backgroundOutput(state, chunk, chunkType, normalizeChunk)],
  ["background-task-completed", raw],
  ["background-task-failed", raw],
  ["background-task-cancelled", raw],
  ["background-task-suspended", raw],
  ["workflow-start", raw],
  ["workflow-finish", raw],
  ["workflow-canceled", raw],
  ["workflow-paused", raw],
  ["workflow-step-start", raw],
  ["workflow-step-finish", raw],
  ["workflow-step-suspended", raw],
  ["workflow-step-waiting", raw],
  ["workflow-step-output", raw],
  ["workflow-step-progress", raw],
  ["workflow-step-result", raw],
  ["routing-agent-start", raw],
  ["routing-agent-text-start", raw],
  ["routing-agent-text-delta", raw],
  ["routing-agent-end", raw],
  ["routing-agent-abort", raw],
  ["agent-execution-start", raw],
  ["agent-execution-approval", raw],
  ["agent-execution-suspended", raw],
  ["agent-execution-end", raw],
  ["agent-execution-abort", raw],
  ["workflow-execution-start", raw],
  ["workflow-execution-suspended", raw],
  ["workflow-execution-end", raw],
  ["workflow-execution-abort", raw],
  ["tool-execution-start", raw],
  ["tool-execution-approval", raw],
  ["tool-execution-suspended", raw],
  ["tool-execution-end", raw],
  ["tool-execution-abort", raw],
  ["network-execution-event-step-finish", raw],
  ["network-execution-event-finish", raw],
  ["network-validation-start", raw],
  ["network-validation-end", raw],
  ["network-object", raw],
  ["network-object-result", raw],
]);

/** Types that Mastra makes by putting this before the type of another chunk. */
const PREFIXES: readonly (readonly [string, Handler])[] = [
  [DATA_PREFIX, data],
  ["agent-execution-event-", raw],
  ["workflow-execution-event-", raw],
];

/**
 * Turns one chunk of `agent.stream().fullStream` into the events it means and into what the driver needs to know of it. A pure
 * fold that never throws, whatever it is given; a chunk that it does not know becomes a `raw` event and a signal.
 *
 * @example
 * let state = initialNormalizeState();
 * for await (const chunk of output.fullStream) {
 *   const [next, items] = normalizeChunk(state, chunk);
 *   state = next;
 *   for (const item of items) if ("event" in item) emit(item.event);
 * }
 */
export function normalizeChunk(state: NormalizeState, chunk: unknown): NormalizeResult {
  if (!isFields(chunk) || typeof chunk["type"] !== "string") return unknownChunk(state, "unknown", chunk);
  const { type } = chunk;
  const handler = HANDLERS.get(type) ?? PREFIXES.find(([prefix]) => type.startsWith(prefix))?.[1];
  if (handler === undefined) return unknownChunk(state, type, chunk["payload"]);
  try {
    return handler(state, chunk, type);
  } catch {
    // A payload whose fields cannot even be read, such as a proxy that was revoked.
    return [state, [{ signal: "unknown-chunk", chunkType: type }]];
  }
}

function unknownChunk(state: NormalizeState, chunkType: string, payload: unknown): NormalizeResult {
  return [state, [{ event: { type: "raw", chunkType, payload: toJson(payload) } }, { signal: "unknown-chunk", chunkType }]];
}
