import type { Json, JsonObject } from "../../core/json.ts";
import { deniedText, DENIED, FAILED, inputText, resultId, resultText } from "./encode-tool.ts";
import type { AgUiEvent, AgUiMessage, MessageContent } from "./event.ts";
import { withError } from "./replica-messages.ts";
import { applyChunk, emptyReplica, type Replica } from "./replica.ts";

/**
 * The messages of a thread, `{ id, role, parts, metadata? }` each, as clients hold them. An answer becomes what the stream of its run gave:
 * the same messages under the same ids, in the same order.
 */
export function historyMessages(messages: readonly JsonObject[]): readonly AgUiMessage[] {
  return messages.flatMap((message) => {
    const id = textIn(message["id"]);
    if (id === undefined) return [];
    const parts = Array.isArray(message["parts"]) ? (message["parts"] as readonly JsonObject[]) : [];
    switch (message["role"]) {
      case "assistant":
        return answerMessages(id, parts);
      case "system":
        return [{ id, role: "system", content: parts.map((part) => textIn(part["text"]) ?? "").join("") }];
      case "user":
        return userMessages(id, parts, message["metadata"]);
      default:
        return [];
    }
  });
}

function userMessages(id: string, parts: readonly JsonObject[], metadata: Json | undefined): readonly AgUiMessage[] {
  const content = parts.flatMap(contentPart);
  const [only] = content;
  const isText = content.length === 1 && only?.["type"] === "text";
  const { holdfast: _ofServer, ...own } = isObject(metadata) ? metadata : {};
  const shown: MessageContent = isText ? (textIn(only["text"]) ?? "") : content;
  return [{ id, role: "user", content: content.length === 0 ? "" : shown, ...(Object.keys(own).length > 0 && { metadata: own }) }];
}

/** A part of a user's message; those that a client has no word for are left out. */
function contentPart(part: JsonObject): readonly JsonObject[] {
  const text = textIn(part["text"]);
  if (part["type"] === "text") return text === undefined ? [] : [{ type: "text", text }];
  const url = textIn(part["url"]);
  const mediaType = textIn(part["mediaType"]);
  if (part["type"] !== "file" || url === undefined) return [];
  const filename = textIn(part["filename"]);
  const [family = ""] = (mediaType ?? "").split("/");
  const type = family === "image" || family === "audio" || family === "video" ? family : "document";
  return [{ type, source: sourceOf(url, mediaType), ...(filename !== undefined && { metadata: { filename } }) }];
}

const DATA_URL = /^data:([^;,]*)(?:;[^,]*)?;base64,(.*)$/s;

function sourceOf(url: string, mediaType: string | undefined): JsonObject {
  const [, named, value] = DATA_URL.exec(url) ?? [];
  if (value !== undefined) return { type: "data", value, mimeType: mediaType ?? (named === undefined || named === "" ? "application/octet-stream" : named) };
  return { type: "url", value: url, ...(mediaType !== undefined && { mimeType: mediaType }) };
}

/** How far an answer is told again: its messages are counted as the stream of its run counts them. */
interface Told {
  readonly replica: Replica;
  readonly segments: number;
  readonly reasonings: number;
  /** The message that takes the next call of the step. */
  readonly current: string | undefined;
  /** The messages of sub-agents, by the call each runs in. */
  readonly nested: ReadonlyMap<string, number>;
}

function answerMessages(messageId: string, parts: readonly JsonObject[]): readonly AgUiMessage[] {
  const start: Told = { replica: emptyReplica(undefined), segments: 0, reasonings: 0, current: undefined, nested: new Map() };
  return parts.reduce((told, part) => tell(told, messageId, part), start).replica.messages.map(withError);
}

function tell(told: Told, messageId: string, part: JsonObject): Told {
  const type = textIn(part["type"]) ?? "";
  const text = textIn(part["text"]) ?? "";
  if (type === "step-start") return { ...told, current: undefined };
  if (type === "text" && text !== "") {
    const [begun, id] = beginSegment(told, messageId);
    return applied(begun, { type: "TEXT_MESSAGE_START", messageId: id, role: "assistant" }, { type: "TEXT_MESSAGE_CONTENT", messageId: id, delta: text });
  }
  if (type === "reasoning") return tellReasoning(told, `${messageId}:r${told.reasonings}`, text, part["providerMetadata"]);
  const toolCallId = textIn(part["toolCallId"]);
  if (toolCallId === undefined || (type !== "dynamic-tool" && !type.startsWith("tool-"))) return told;
  return tellCall(told, messageId, toolCallId, part);
}

function tellReasoning(told: Told, id: string, text: string, metadata: Json | undefined): Told {
  const next = applied(
    { ...told, reasonings: told.reasonings + 1 },
    { type: "REASONING_MESSAGE_START", messageId: id, role: "reasoning" },
    { type: "REASONING_MESSAGE_CONTENT", messageId: id, delta: text },
  );
  return metadata === undefined ? next : applied(next, sealed("message", id, metadata));
}

function tellCall(told: Told, messageId: string, toolCallId: string, part: JsonObject): Told {
  const [begun, parent, owner] = segmentOf(told, messageId, toolCallId);
  const tag = owner === undefined ? {} : { subagentRunId: owner };
  const name = textIn(part["toolName"]) ?? (textIn(part["type"]) ?? "").replace(/^tool-/, "");
  const isWhole = part["state"] !== "input-streaming";
  const metadata = part["callProviderMetadata"];
  const called = applied(
    begun,
    { type: "TOOL_CALL_START", toolCallId, toolCallName: name, parentMessageId: parent, ...tag },
    ...(isWhole ? [{ type: "TOOL_CALL_ARGS", toolCallId, delta: inputText(part["input"]) } as const] : []),
    ...(metadata === undefined ? [] : [sealed("tool-call", toolCallId, metadata)]),
  );
  const outcome = outcomeOf(part);
  if (outcome === undefined) return called;
  return applied(called, { type: "TOOL_CALL_RESULT", messageId: resultId(toolCallId), toolCallId, role: "tool", ...outcome, ...tag });
}

function outcomeOf(part: JsonObject): { readonly content: string; readonly metadata?: JsonObject } | undefined {
  switch (part["state"]) {
    case "output-available":
      return { content: resultText(part["output"]) };
    case "output-error":
      return { content: textIn(part["errorText"]) ?? "", metadata: FAILED };
    case "output-denied":
      return { content: deniedText(isObject(part["approval"]) ? textIn(part["approval"]["reason"]) : undefined), metadata: DENIED };
    default:
      return undefined;
  }
}

/** The message of a call, and the sub-agent that made it: the id of such a call begins with that of the call the sub-agent runs in. */
function segmentOf(told: Told, messageId: string, toolCallId: string): readonly [Told, string, string | undefined] {
  const calls = told.replica.messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : []));
  const pieces = toolCallId.split("/");
  const outers = pieces.slice(1).map((_, index) => pieces.slice(0, pieces.length - 1 - index).join("/"));
  const outer = outers.find((id) => calls.some((call) => call.id === id));
  if (outer !== undefined) {
    const count = told.nested.get(outer) ?? 0;
    return [{ ...told, nested: new Map([...told.nested, [outer, count + 1]]) }, `${outer}:m${count}`, outer];
  }
  if (told.current !== undefined) return [told, told.current, undefined];
  const [begun, id] = beginSegment(told, messageId);
  return [begun, id, undefined];
}

function beginSegment(told: Told, messageId: string): readonly [Told, string] {
  const id = told.segments === 0 ? messageId : `${messageId}:${told.segments}`;
  return [{ ...told, segments: told.segments + 1, current: id }, id];
}

function sealed(subtype: "message" | "tool-call", entityId: string, metadata: Json): AgUiEvent {
  return { type: "REASONING_ENCRYPTED_VALUE", subtype, entityId, encryptedValue: JSON.stringify(metadata) };
}

function applied(told: Told, ...events: readonly AgUiEvent[]): Told {
  return { ...told, replica: events.reduce(applyChunk, told.replica) };
}

function textIn(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
