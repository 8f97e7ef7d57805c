import type { JsonObject } from "../../core/json.ts";
import type { ActivityMessage, AgUiEvent, AgUiMessage, AgUiToolCall, AssistantMessage, ToolMessage } from "./event.ts";

/** Adds a message at the end, unless there is one of its id: a client then goes on with that one. */
export function withMessage(messages: readonly AgUiMessage[], message: AgUiMessage): readonly AgUiMessage[] {
  return messages.some(({ id }) => id === message.id) ? messages : [...messages, message];
}

export function changed(messages: readonly AgUiMessage[], id: string, change: (message: AgUiMessage) => AgUiMessage): readonly AgUiMessage[] {
  // What is written to stands near the end.
  const index = messages.findLastIndex((message) => message.id === id);
  const message = messages[index];
  return message === undefined ? messages : messages.with(index, change(message));
}

export function changedCall(messages: readonly AgUiMessage[], toolCallId: string, change: (call: AgUiToolCall) => AgUiToolCall): readonly AgUiMessage[] {
  const index = ownerIndex(messages, toolCallId);
  const owner = messages[index];
  if (owner?.role !== "assistant") return messages;
  return messages.with(index, { ...owner, toolCalls: owner.toolCalls?.map((call) => (call.id === toolCallId ? change(call) : call)) ?? [] });
}

/** A call joins the message that it names, or begins that message. */
export function withCallStart(messages: readonly AgUiMessage[], event: Extract<AgUiEvent, { type: "TOOL_CALL_START" }>): readonly AgUiMessage[] {
  const { toolCallId, toolCallName, parentMessageId, subagentRunId } = event;
  if (ownerIndex(messages, toolCallId) !== -1) return messages;
  const call: AgUiToolCall = { id: toolCallId, type: "function", function: { name: toolCallName, arguments: "" } };
  if (messages.some(({ id }) => id === parentMessageId)) {
    return changed(messages, parentMessageId, (message) =>
      message.role === "assistant" ? { ...message, toolCalls: [...(message.toolCalls ?? []), call] } : message,
    );
  }
  const begun: AssistantMessage = { id: parentMessageId, role: "assistant", toolCalls: [call], ...(subagentRunId !== undefined && { subagentRunId }) };
  return [...messages, begun];
}

/** A result stands behind the message of its call, and behind the results that stand there. */
export function withResult(messages: readonly AgUiMessage[], result: ToolMessage): readonly AgUiMessage[] {
  const owner = ownerIndex(messages, result.toolCallId);
  if (owner === -1) return [...messages, result];
  const next = messages.findIndex((message, index) => index > owner && message.role !== "tool");
  return messages.toSpliced(next === -1 ? messages.length : next, 0, result);
}

export function withActivity(messages: readonly AgUiMessage[], activity: ActivityMessage): readonly AgUiMessage[] {
  const index = messages.findIndex(({ id }) => id === activity.id);
  return index === -1 ? [...messages, activity] : messages.with(index, activity);
}

/**
 * The messages as a snapshot tells them again: without those that are superseded, and with the failures as errors, which no event can say.
 * A snapshot without any reasoning leaves that of the client in place, so the last reasoning message is emptied instead of taken out.
 */
export function withoutSuperseded(messages: readonly AgUiMessage[], removed: readonly string[]): readonly AgUiMessage[] {
  const isRemoved = new Set(removed);
  const isReasoningLeft = messages.some(({ id, role }) => role === "reasoning" && !isRemoved.has(id));
  const emptied = isReasoningLeft ? undefined : messages.find(({ id, role }) => role === "reasoning" && isRemoved.has(id));
  return messages.flatMap((message): readonly AgUiMessage[] => {
    if (message === emptied) return [emptiedOf(message)];
    return isRemoved.has(message.id) ? [] : [withError(message)];
  });
}

/** A tool message that is marked as failed, with its error. */
export function withError(message: AgUiMessage): AgUiMessage {
  if (message.role !== "tool" || message.error !== undefined || typeof message.content !== "string") return message;
  const mark = message.metadata?.["holdfast"] as JsonObject | undefined;
  return mark?.["error"] === true ? { ...message, error: message.content } : message;
}

function emptiedOf({ id, subagentRunId }: AgUiMessage): AgUiMessage {
  return { id, role: "reasoning", content: "", ...(subagentRunId !== undefined && { subagentRunId }) };
}

function ownerIndex(messages: readonly AgUiMessage[], toolCallId: string): number {
  return messages.findIndex((message) => message.role === "assistant" && message.toolCalls?.some(({ id }) => id === toolCallId) === true);
}
