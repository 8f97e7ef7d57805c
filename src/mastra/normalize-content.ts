import { base64Of, toJson } from "./json-value.ts";
import { fieldsOf, flag, optional, payloadOf, providerMetadataOf, textIn, type Fields } from "./normalize-fields.ts";
import { closeOpenParts, type NormalizeResult, type NormalizeState } from "./normalize-state.ts";

export const DATA_PREFIX = "data-";

export function source(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const url = textIn(payload["url"]);
  const title = textIn(payload["title"]);
  const filename = textIn(payload["filename"]);
  return [
    state,
    [
      {
        event: {
          type: "source",
          id: textIn(payload["id"]) ?? url ?? filename ?? title ?? "source",
          sourceType: payload["sourceType"] === "document" ? "document" : "url",
          ...optional("url", url),
          ...optional("title", title),
          ...optional("mediaType", textIn(payload["mimeType"]) ?? textIn(payload["mediaType"])),
          ...optional("filename", filename),
          ...optional("providerMetadata", providerMetadataOf(payload["providerMetadata"])),
        },
      },
    ],
  ];
}

export function file(state: NormalizeState, chunk: Fields): NormalizeResult {
  return fileEvent(state, payloadOf(chunk), false);
}

export function reasoningFile(state: NormalizeState, chunk: Fields): NormalizeResult {
  return fileEvent(state, payloadOf(chunk), true);
}

function fileEvent(state: NormalizeState, payload: Fields, isReasoning: boolean): NormalizeResult {
  const content = textIn(payload["base64"]) === undefined ? contentOf(payload["data"]) : { base64: payload["base64"] as string };
  const mediaType = textIn(payload["mimeType"]) ?? textIn(payload["mediaType"]) ?? "application/octet-stream";
  return [
    state,
    [{ event: { type: "file", mediaType, ...content, ...optional("filename", textIn(payload["filename"])), ...flag("isReasoning", isReasoning) } }],
  ];
}

const DATA_URL = /^data:[^,]*;base64,/i;
const URL_SCHEME = /^[a-z][a-z0-9+.-]*:/i;

function contentOf(content: unknown): { readonly base64: string } | { readonly url: string } {
  if (content instanceof Uint8Array) return { base64: base64Of(content) };
  if (content instanceof URL) return { url: content.href };
  if (typeof content === "string") {
    const prefix = DATA_URL.exec(content)?.[0];
    if (prefix !== undefined) return { base64: content.slice(prefix.length) };
    return URL_SCHEME.test(content) ? { url: content } : { base64: content };
  }
  // Specification v4 names the kind of content: { type: "data", data } or { type: "url", url }.
  const { url, data: bytes } = fieldsOf(content);
  return typeof url === "string" || url instanceof URL || typeof bytes === "string" || bytes instanceof Uint8Array ? contentOf(url ?? bytes) : { base64: "" };
}

/** `data-*`: the one chunk without an envelope. */
export function data(state: NormalizeState, chunk: Fields, chunkType: string): NormalizeResult {
  return [
    state,
    [
      {
        event: {
          type: "data",
          name: chunkType.slice(DATA_PREFIX.length),
          ...optional("id", textIn(chunk["id"])),
          data: toJson(chunk["data"]),
          ...flag("transient", chunk["transient"]),
        },
      },
    ],
  ];
}

export function custom(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const kind = textIn(payload["kind"]) ?? "unknown.unknown";
  return [state, [{ event: { type: "custom", kind, ...optional("providerMetadata", providerMetadataOf(payload["providerMetadata"])) } }]];
}

export function object(state: NormalizeState, chunk: Fields): NormalizeResult {
  return [state, [{ event: { type: "object", object: objectOf(chunk), isFinal: false } }]];
}

export function objectResult(state: NormalizeState, chunk: Fields): NormalizeResult {
  return [state, [{ event: { type: "object", object: objectOf(chunk), isFinal: true } }]];
}

function objectOf(chunk: Fields): ReturnType<typeof toJson> {
  return toJson(chunk["object"] ?? payloadOf(chunk)["object"]);
}

/** A processor stopped the agent; nothing follows but, at most, the end. */
export function tripwire(state: NormalizeState, chunk: Fields): NormalizeResult {
  const [closed, closing] = closeOpenParts(state);
  return [closed, [...closing, ...tripwireItems(payloadOf(chunk))]];
}

/** The event for what Mastra says of a processor that stopped the agent. */
export function tripwireItems(value: unknown): NormalizeResult[1] {
  const fields = fieldsOf(value);
  const reason = textIn(fields["reason"]) ?? "A processor stopped the agent.";
  return [{ event: { type: "tripwire", reason, ...optional("processorId", textIn(fields["processorId"])) } }];
}

/** A chunk kept as it came. */
export function raw(state: NormalizeState, chunk: Fields, chunkType: string): NormalizeResult {
  return [state, [{ event: { type: "raw", chunkType, payload: toJson(chunk["payload"]) } }]];
}
