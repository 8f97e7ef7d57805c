import type { ProviderMetadata } from "../core/event.ts";
import { toJson } from "./json-value.ts";
import { raw } from "./normalize-content.ts";
import { mergeMetadata, optional, payloadOf, providerMetadataOf, textIn, type Fields } from "./normalize-fields.ts";
import { endOf, NOTHING, withEntry, withoutEntry, type NormalizeResult, type NormalizeState, type OpenPart } from "./normalize-state.ts";

type Kind = "text" | "reasoning";

export function textStart(state: NormalizeState, chunk: Fields): NormalizeResult {
  return start(state, "text", chunk);
}

export function textDelta(state: NormalizeState, chunk: Fields): NormalizeResult {
  return delta(state, "text", payloadOf(chunk));
}

export function textEnd(state: NormalizeState, chunk: Fields): NormalizeResult {
  return end(state, "text", chunk);
}

export function reasoningStart(state: NormalizeState, chunk: Fields): NormalizeResult {
  return start(state, "reasoning", chunk);
}

export function reasoningDelta(state: NormalizeState, chunk: Fields): NormalizeResult {
  return delta(state, "reasoning", payloadOf(chunk));
}

export function reasoningEnd(state: NormalizeState, chunk: Fields): NormalizeResult {
  return end(state, "reasoning", chunk);
}

/** A signature that comes by itself: kept with the part it signs, and told when that part ends; behind the end, as it came. */
export function reasoningSignature(state: NormalizeState, chunk: Fields, chunkType: string): NormalizeResult {
  const part = state.reasoning.get(idOf(payloadOf(chunk)));
  if (part === undefined) return raw(state, chunk, chunkType);
  return [withMetadata(state, "reasoning", idOf(payloadOf(chunk)), part, metadataOf(payloadOf(chunk))), NOTHING];
}

/** Reasoning that may be handed back to the provider but not read: a part without text. */
export function redactedReasoning(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const data = toJson(payload["data"]);
  const providerMetadata = mergeMetadata({ redacted: { data } }, providerMetadataOf(payload["providerMetadata"]));
  const part = state.reasoning.get(idOf(payload));
  if (part !== undefined) return [withMetadata(state, "reasoning", idOf(payload), part, providerMetadata), NOTHING];
  const id = freeId(state, idOf(payload));
  const fields = { id, ...optional("providerMetadata", providerMetadata) };
  return [
    { ...state, usedIds: new Set(state.usedIds).add(id) },
    [{ event: { type: "reasoning-start", ...fields } }, { event: { type: "reasoning-end", ...fields } }],
  ];
}

function start(state: NormalizeState, kind: Kind, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  // A provider that begins a part again before it ended it means another part.
  const [ended, ending] = end(state, kind, { payload: { id: payload["id"] } });
  const [next, starting] = open(ended, kind, idOf(payload), metadataOf(payload));
  return [next, [...ending, ...starting]];
}

function open(state: NormalizeState, kind: Kind, providerId: string, providerMetadata: ProviderMetadata | undefined): NormalizeResult {
  const id = freeId(state, providerId);
  const parts = withEntry(state[kind], providerId, { id, providerMetadata });
  return [
    { ...state, [kind]: parts, usedIds: new Set(state.usedIds).add(id) },
    [{ event: { type: `${kind}-start`, id, ...optional("providerMetadata", providerMetadata) } }],
  ];
}

function delta(state: NormalizeState, kind: Kind, payload: Fields): NormalizeResult {
  const { text } = payload;
  const part = state[kind].get(payload["id"] as string);
  // The one path that is taken a hundred thousand times a second: nothing is copied here.
  if (part !== undefined && payload["providerMetadata"] === undefined) {
    return typeof text === "string" && text !== "" ? [state, [{ event: { type: `${kind}-delta`, id: part.id, text } }]] : [state, NOTHING];
  }
  return unusualDelta(state, kind, payload);
}

/** A delta of a part that nobody began, or one with a provider's data, which is told when the part ends. */
function unusualDelta(state: NormalizeState, kind: Kind, payload: Fields): NormalizeResult {
  const providerId = idOf(payload);
  const metadata = metadataOf(payload);
  const known = state[kind].get(providerId);
  const [opened, starting] = known === undefined ? open(state, kind, providerId, metadata) : [state, NOTHING];
  const part = opened[kind].get(providerId);
  if (part === undefined) return [opened, starting];
  const next = known === undefined ? opened : withMetadata(opened, kind, providerId, part, metadata);
  const text = textIn(payload["text"]);
  return [next, text === undefined ? starting : [...starting, { event: { type: `${kind}-delta`, id: part.id, text } }]];
}

function end(state: NormalizeState, kind: Kind, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const providerId = idOf(payload);
  const part = state[kind].get(providerId);
  if (part === undefined) return [state, NOTHING];
  const ended = { id: part.id, providerMetadata: mergeMetadata(part.providerMetadata, metadataOf(payload)) };
  return [{ ...state, [kind]: withoutEntry(state[kind], providerId) }, [{ event: { type: `${kind}-end`, ...endOf(ended) } }]];
}

function withMetadata(state: NormalizeState, kind: Kind, providerId: string, part: OpenPart, metadata: ProviderMetadata | undefined): NormalizeState {
  if (metadata === undefined) return state;
  return { ...state, [kind]: withEntry(state[kind], providerId, { ...part, providerMetadata: mergeMetadata(part.providerMetadata, metadata) }) };
}

function metadataOf(payload: Fields): ProviderMetadata | undefined {
  const signature = textIn(payload["signature"]);
  const own = providerMetadataOf(payload["providerMetadata"]);
  return signature === undefined ? own : mergeMetadata({ signed: { signature } }, own);
}

function idOf(payload: Fields): string {
  return typeof payload["id"] === "string" ? payload["id"] : "";
}

/** Unique within the run: providers count their ids from the start again in every step, and some within one. */
function freeId(state: NormalizeState, providerId: string): string {
  const id = `${state.idPrefix}${state.step}.${providerId}`;
  if (!state.usedIds.has(id)) return id;
  for (let count = 2; ; count += 1) if (!state.usedIds.has(`${id}#${count}`)) return `${id}#${count}`;
}
