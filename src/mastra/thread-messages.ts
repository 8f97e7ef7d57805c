import { convertMessages, type MastraDBMessage } from "@mastra/core/agent";
import type { Json, JsonObject } from "../core/json.ts";
import { withSubAgentCalls, type SubAgentCall } from "../core/ui-message.ts";
import { errorText } from "./error-text.ts";
import { base64Of, toJson } from "./json-value.ts";
import { fieldsOf, isFields, optional, textIn, type Fields } from "./normalize-fields.ts";
import { rejectionOf } from "./normalize-tool.ts";

/** What Mastra writes into the metadata of an answer for itself. */
const INTERNAL_METADATA: ReadonlySet<string> = new Set([
  "backgroundTasks",
  "completionResult",
  "mode",
  "modelId",
  "pendingToolApprovals",
  "provider",
  "structuredOutput",
  "suspendedTools",
  "traceId",
]);

/** Parts in which Mastra notes what it waits for, and how a run failed; the log knows both. */
const INTERNAL_PARTS: ReadonlySet<string> = new Set(["data-tool-call-approval", "data-tool-call-suspended", "error"]);

type StoredPart = MastraDBMessage["content"]["parts"][number];

/** A message of Mastra's memory as a UI message; `undefined` when it holds nothing to show. */
export function uiMessage(stored: MastraDBMessage): JsonObject | undefined {
  const [message] = convertMessages([withReadableParts(stored)]).to("AIV6.UI");
  if (message === undefined || (stored.role === "signal" && message.role !== "user")) return undefined;
  const isAnswer = message.role === "assistant";
  const shown = (message.parts as readonly Fields[]).map((part) => uiPart(part, isAnswer)).filter((part) => part !== undefined);
  const structured = fieldsOf(stored.content.metadata)["structuredOutput"];
  const parts = isAnswer && structured !== undefined ? [...shown, { type: "data-object", id: "object", data: toJson(structured) }] : shown;
  if (!parts.some((part) => part["type"] !== "step-start")) return undefined;
  const metadata = metadataOf(stored, isAnswer);
  // The first step of an answer begins with a mark as well as the others, as it does in a stream.
  const marked = isAnswer && parts[0]?.["type"] !== "step-start" ? [{ type: "step-start" }, ...parts] : parts;
  const shownMessage = { id: message.id, role: message.role, parts: marked, ...optional("metadata", metadata) };
  return isAnswer ? withSubAgentCalls(shownMessage, keptCalls(stored)) : shownMessage;
}

/** The field of an answer's metadata that keeps the calls of sub-agents which it shows: as parts they would go to the model. */
export const SUB_AGENT_CALLS = "subAgentCalls";

function keptCalls(stored: MastraDBMessage): readonly SubAgentCall[] {
  const calls = fieldsOf(fieldsOf(stored.content.metadata)["holdfast"])[SUB_AGENT_CALLS];
  return Array.isArray(calls) ? (toJson(calls) as unknown as readonly SubAgentCall[]) : [];
}

function metadataOf(stored: MastraDBMessage, isAnswer: boolean): JsonObject | undefined {
  const entries = Object.entries(fieldsOf(stored.content.metadata))
    .filter(([key]) => !isAnswer || !INTERNAL_METADATA.has(key))
    .map(([key, value]): [string, unknown] => (isAnswer && key === "holdfast" ? [key, { ...fieldsOf(value), [SUB_AGENT_CALLS]: undefined }] : [key, value]));
  return entries.length === 0 ? undefined : (toJson(Object.fromEntries(entries)) as JsonObject);
}

/** Puts right what storage leaves of some parts, before Mastra's own converter makes nonsense of it. */
function withReadableParts(stored: MastraDBMessage): MastraDBMessage {
  return { ...stored, content: { ...stored.content, parts: stored.content.parts.map(readablePart) } };
}

function readablePart(part: StoredPart): StoredPart {
  const fields = part as unknown as Fields;
  if (fields["type"] === "file" && typeof fields["data"] !== "string") return { ...fields, data: base64In(fields["data"]) } as unknown as StoredPart;
  const { sourceType, id, url, title } = fieldsOf(fields["source"]);
  if (fields["type"] !== "source" || textIn(url) !== undefined || sourceType === undefined) return part;
  // A cited document is kept as a page without an address.
  return { type: "source-document", sourceId: id, mediaType: "application/octet-stream", title } as unknown as StoredPart;
}

/** Bytes that went through JSON come back as an object with an index per byte. */
function base64In(data: unknown): string {
  if (typeof data === "string") return data;
  if (data instanceof Uint8Array) return base64Of(data);
  if (!isFields(data)) return "";
  if ("data" in data) return base64In(data["data"]);
  const bytes = Object.values(data);
  return bytes.every((byte) => typeof byte === "number") ? base64Of(Uint8Array.from(bytes)) : "";
}

function uiPart(part: Fields, isAnswer: boolean): JsonObject | undefined {
  const type = textIn(part["type"]);
  if (type === undefined || INTERNAL_PARTS.has(type)) return undefined;
  if (type === "step-start") return { type };
  if (type === "text" || type === "reasoning") return { type, text: toJson(part["text"]), ...(isAnswer && { state: "done" }), ...metadataFields(part) };
  if (type.startsWith("tool-") || type === "dynamic-tool") return toolPart(type, part);
  return { ...jsonFields(part), ...metadataFields(part) };
}

function toolPart(type: string, part: Fields): JsonObject {
  const rejection = part["state"] === "output-available" ? rejectionOf(part["output"]) : undefined;
  const common = {
    type,
    ...optional("toolName", textIn(part["toolName"])),
    toolCallId: toJson(part["toolCallId"]),
    input: toJson(part["input"] ?? {}),
    ...optional("providerExecuted", part["providerExecuted"] === true ? true : undefined),
    ...optional("title", textIn(part["title"])),
    ...metadataFields(part),
  };
  if (rejection !== undefined) return { ...common, state: "output-error", errorText: rejection };
  switch (part["state"]) {
    case "output-available":
      return { ...common, state: "output-available", output: toJson(part["output"]) };
    case "output-error":
      return { ...common, state: "output-error", errorText: errorText(part["errorText"]) };
    case "output-denied":
      return { ...common, state: "output-denied", approval: toJson(part["approval"]) };
    case "input-streaming":
      return { ...common, state: "input-streaming" };
    default:
      // What a call waits for is told by the interrupts of its run, under ids of their own.
      return { ...common, state: "input-available" };
  }
}

const METADATA_FIELDS = ["providerMetadata", "callProviderMetadata", "resultProviderMetadata"] as const;

/** The provider's data of a part, without what Mastra keeps beside it. */
function metadataFields(part: Fields): JsonObject {
  const kept = METADATA_FIELDS.flatMap((field): [string, Json][] => {
    const entries = Object.entries(fieldsOf(part[field])).filter(([provider]) => provider !== "mastra");
    return entries.length === 0 ? [] : [[field, toJson(Object.fromEntries(entries))]];
  });
  return Object.fromEntries(kept);
}

function jsonFields(part: Fields): JsonObject {
  const own = Object.entries(part).filter(([key]) => !METADATA_FIELDS.some((field) => field === key));
  return toJson(Object.fromEntries(own)) as JsonObject;
}
