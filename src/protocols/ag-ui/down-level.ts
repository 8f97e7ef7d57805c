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

const LEVELED: ReadonlySet<string> = new Set(["RUN_FINISHED", "TOOL_CALL_RESULT", "MESSAGES_SNAPSHOT"]);

/** Whether {@link downLevel} may change an event. */
export function isLeveled({ type }: { readonly type: string }): boolean {
  return LEVELED.has(type);
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

function joined(content: Exclude<MessageContent, string>): string {
  return content.map((part) => (part["type"] === "text" && typeof part["text"] === "string" ? part["text"] : "")).join("");
}

function isProviderFile(part: JsonObject): boolean {
  const { source } = part;
  return typeof source === "object" && source !== null && (source as JsonObject)["type"] === "file";
}
