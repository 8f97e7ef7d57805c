import type { JsonObject } from "../../core/json.ts";
import type { AgUiEvent, AgUiMessage, MessageContent } from "./event.ts";

/** What clients of the generation before 1.0 show no banner for. */
const ABORT_CODE = "abort";

/**
 * An event of 1.0 as clients of the generation before it take it: they refuse the run at a `cancelled` outcome, at `pendingToolCallIds`, at
 * results in parts and at parts that name a provider's file. No order and no id changes.
 */
export function downLevel(event: AgUiEvent): readonly AgUiEvent[] {
  switch (event.type) {
    case "RUN_FINISHED": {
      if (event.outcome?.type === "cancelled") return canceled(event);
      if (event.outcome?.type !== "success" || event.outcome.pendingToolCallIds === undefined) return [event];
      return [{ ...event, outcome: { type: "success" } }];
    }
    case "TOOL_CALL_RESULT":
      return typeof event.content === "string" ? [event] : [{ ...event, content: joined(event.content) }];
    case "MESSAGES_SNAPSHOT":
      return [{ ...event, messages: event.messages.map(downLevelMessage) }];
    default:
      return [event];
  }
}

/** Names what {@link downLevel} takes out of an event, for a warning: `<message id>: <type of the part>`. */
export function lostDownLevel(event: AgUiEvent): readonly string[] {
  if (event.type === "MESSAGES_SNAPSHOT") return event.messages.flatMap(lostOf);
  if (event.type !== "TOOL_CALL_RESULT" || typeof event.content === "string") return [];
  return partsLost(event.messageId, event.content.filter(isNoText));
}

/** Without an outcome it would read as a success. */
function canceled(event: Extract<AgUiEvent, { type: "RUN_FINISHED" }>): readonly AgUiEvent[] {
  const { reason } = (event.metadata?.["holdfast"] ?? {}) as JsonObject;
  const message = typeof reason === "string" ? reason : "The run was canceled.";
  return [
    { type: "CUSTOM", name: "holdfast.canceled", value: typeof reason === "string" ? { reason } : {} },
    { type: "RUN_ERROR", message, code: ABORT_CODE, ...(event.usage !== undefined && { usage: event.usage }) },
  ];
}

function downLevelMessage(message: AgUiMessage): AgUiMessage {
  if (message.role === "tool" && typeof message.content !== "string") return { ...message, content: joined(message.content) };
  if (message.role === "user" && typeof message.content !== "string") return { ...message, content: message.content.filter((part) => !isProviderFile(part)) };
  return message;
}

function lostOf(message: AgUiMessage): readonly string[] {
  if (message.role !== "tool" && message.role !== "user") return [];
  if (typeof message.content === "string") return [];
  if (message.role === "user") return partsLost(message.id, message.content.filter(isProviderFile));
  return partsLost(message.id, message.content.filter(isNoText));
}

function partsLost(id: string, parts: readonly JsonObject[]): readonly string[] {
  return parts.map((part) => `${id}: ${JSON.stringify(part["type"])}`);
}

function joined(content: Exclude<MessageContent, string>): string {
  return content.map((part) => (part["type"] === "text" && typeof part["text"] === "string" ? part["text"] : "")).join("");
}

function isNoText(part: JsonObject): boolean {
  return part["type"] !== "text";
}

function isProviderFile(part: JsonObject): boolean {
  const { source } = part;
  return typeof source === "object" && source !== null && (source as JsonObject)["type"] === "file";
}
