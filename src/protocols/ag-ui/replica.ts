import type { Json } from "../../core/json.ts";
import type { ActivityMessage, AgUiChunk, AgUiEvent, AgUiMessage } from "./event.ts";
import { changed, changedCall, withActivity, withCallStart, withMessage, withResult, withoutSuperseded } from "./replica-messages.ts";
import { openAfter, NOTHING_OPEN, type OpenEntities } from "./replica-open.ts";
import { patched } from "./state-patch.ts";

/** What a client holds after the chunks of a run, and what it waits for the end of. */
export interface Replica {
  readonly messages: readonly AgUiMessage[];
  readonly state: Json;
  readonly open: OpenEntities;
}

/** A client before the first event. The messages of the thread stay out: they are history. */
export function emptyReplica(initialState: Json | undefined): Replica {
  return { messages: [], state: initialState ?? {}, open: NOTHING_OPEN };
}

/** The client after one more chunk, as the stock client applies it. */
export function applyChunk(replica: Replica, chunk: AgUiChunk): Replica {
  if (chunk.type === "RESTATE") return { ...replica, messages: withoutSuperseded(replica.messages, chunk.removed) };
  if (chunk.type === "PAGE_RESULT") {
    const { messageId: id, toolCallId, content, error } = chunk;
    const message: AgUiMessage = { id, role: "tool", toolCallId, content, ...(error !== undefined && { error }) };
    return { ...replica, messages: withResult(replica.messages, message) };
  }
  const open = openAfter(replica.open, chunk);
  const messages = messagesAfter(replica.messages, chunk);
  const state = stateAfter(replica.state, chunk);
  if (open === replica.open && messages === replica.messages && state === replica.state) return replica;
  return { messages, state, open };
}

function stateAfter(state: Json, event: AgUiEvent): Json {
  if (event.type === "STATE_SNAPSHOT") return event.snapshot;
  return event.type === "STATE_DELTA" ? patched(state, event.delta) : state;
}

function messagesAfter(messages: readonly AgUiMessage[], event: AgUiEvent): readonly AgUiMessage[] {
  switch (event.type) {
    case "TEXT_MESSAGE_START":
    case "REASONING_MESSAGE_START":
      return withMessage(messages, { id: event.messageId, role: event.role, content: "", ...tagOf(event) });
    case "TEXT_MESSAGE_CONTENT":
    case "REASONING_MESSAGE_CONTENT":
      return changed(messages, event.messageId, (message) => withText(message, event.delta));
    case "TOOL_CALL_START":
      return withCallStart(messages, event);
    case "TOOL_CALL_ARGS":
      return changedCall(messages, event.toolCallId, (call) => ({
        ...call,
        function: { ...call.function, arguments: call.function.arguments + event.delta },
      }));
    case "TOOL_CALL_RESULT": {
      const { messageId: id, toolCallId, content, metadata } = event;
      return withResult(messages, { id, role: "tool", toolCallId, content, ...tagOf(event), ...(metadata !== undefined && { metadata }) });
    }
    case "REASONING_ENCRYPTED_VALUE": {
      const { entityId, encryptedValue, subtype } = event;
      if (subtype === "tool-call") return changedCall(messages, entityId, (call) => ({ ...call, encryptedValue }));
      return changed(messages, entityId, (message) => (message.role === "activity" ? message : { ...message, encryptedValue }));
    }
    case "ACTIVITY_SNAPSHOT": {
      const { messageId: id, activityType, content } = event;
      const activity: ActivityMessage = { id, role: "activity", activityType, content, ...tagOf(event) };
      return withActivity(messages, activity);
    }
    default:
      return messages;
  }
}

function withText(message: AgUiMessage, delta: string): AgUiMessage {
  if (message.role !== "assistant" && message.role !== "reasoning") return message;
  return { ...message, content: `${message.content ?? ""}${delta}` };
}

function tagOf({ subagentRunId }: { readonly subagentRunId?: string }): { readonly subagentRunId?: string } {
  return subagentRunId === undefined ? {} : { subagentRunId };
}
