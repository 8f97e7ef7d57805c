import type { Json, JsonObject } from "../../core/json.ts";

/** The generations of clients: those that declare protocol 1.0, and those before it, which refuse some values that 1.0 takes. */
export type Generation = "1.0" | "0.0.59";

/** For whom a log is encoded. */
export interface AgUiEncoding {
  /** The id that the client knows the run by. */
  readonly runId: string;
  readonly generation: Generation;
  readonly flavour: "ag-ui" | "io-bridge";
  /** The state that the client holds before the run says anything about it. */
  readonly initialState?: Json;
}

/** What every event may carry beside its own fields. */
interface Base {
  readonly metadata?: JsonObject;
}

interface Owned extends Base {
  readonly subagentRunId?: string;
}

/** One kind of event for each of several types. */
type Each<Type extends string, Fields> = Type extends string ? { readonly type: Type } & Fields : never;

/** An event as it goes on the wire, without its timestamp. */
export type AgUiEvent = RunLifecycle | TextMessageEvent | ToolCallEvent | ReasoningEvent | StateEvent | SubagentEvent | OtherEvent;

type RunLifecycle =
  | ({ readonly type: "RUN_STARTED"; readonly threadId: string; readonly runId: string; readonly protocolVersion?: string } & Base)
  | ({
      readonly type: "RUN_FINISHED";
      readonly threadId: string;
      readonly runId: string;
      readonly result?: Json;
      readonly outcome?: RunOutcome;
      readonly usage?: readonly TokenUsage[];
    } & Base)
  | ({ readonly type: "RUN_ERROR"; readonly message: string; readonly code?: string; readonly usage?: readonly TokenUsage[] } & Base)
  | Each<"STEP_STARTED" | "STEP_FINISHED", { readonly stepName: string } & Owned>;

type TextMessageEvent =
  | ({ readonly type: "TEXT_MESSAGE_START"; readonly messageId: string; readonly role: "assistant" } & Owned)
  | ({ readonly type: "TEXT_MESSAGE_CONTENT"; readonly messageId: string; readonly delta: string } & Owned)
  | ({ readonly type: "TEXT_MESSAGE_END"; readonly messageId: string } & Owned);

type ToolCallEvent =
  | ({ readonly type: "TOOL_CALL_START"; readonly toolCallId: string; readonly toolCallName: string; readonly parentMessageId: string } & Owned)
  | ({ readonly type: "TOOL_CALL_ARGS"; readonly toolCallId: string; readonly delta: string } & Owned)
  | ({ readonly type: "TOOL_CALL_END"; readonly toolCallId: string } & Owned)
  | ({
      readonly type: "TOOL_CALL_RESULT";
      readonly messageId: string;
      readonly toolCallId: string;
      readonly content: MessageContent;
      readonly role: "tool";
    } & Owned);

type ReasoningEvent =
  | Each<"REASONING_START" | "REASONING_END" | "REASONING_MESSAGE_END", { readonly messageId: string } & Owned>
  | ({ readonly type: "REASONING_MESSAGE_START"; readonly messageId: string; readonly role: "reasoning" } & Owned)
  | ({ readonly type: "REASONING_MESSAGE_CONTENT"; readonly messageId: string; readonly delta: string } & Owned)
  | ({
      readonly type: "REASONING_ENCRYPTED_VALUE";
      readonly subtype: "tool-call" | "message";
      readonly entityId: string;
      readonly encryptedValue: string;
    } & Owned);

type StateEvent =
  | ({ readonly type: "STATE_SNAPSHOT"; readonly snapshot: Json } & Owned)
  | ({ readonly type: "STATE_DELTA"; readonly delta: readonly PatchOperation[] } & Owned)
  | ({ readonly type: "MESSAGES_SNAPSHOT"; readonly messages: readonly AgUiMessage[] } & Base);

type SubagentEvent =
  | ({
      readonly type: "SUBAGENT_STARTED";
      readonly subagentRunId: string;
      readonly name: string;
      readonly parentSubagentRunId?: string;
      readonly parentToolCallId?: string;
    } & Base)
  | ({ readonly type: "SUBAGENT_FINISHED"; readonly subagentRunId: string; readonly outcome?: SubagentOutcome } & Base)
  | ({ readonly type: "SUBAGENT_ERROR"; readonly subagentRunId: string; readonly message: string; readonly code?: string } & Base);

type OtherEvent =
  | ({
      readonly type: "ACTIVITY_SNAPSHOT";
      readonly messageId: string;
      readonly activityType: string;
      readonly content: JsonObject;
      readonly replace?: boolean;
    } & Owned)
  | ({ readonly type: "RAW"; readonly event: Json; readonly source?: string } & Owned)
  | ({ readonly type: "CUSTOM"; readonly name: string; readonly value: Json } & Owned);

/** How a run ended. Left out on the wire, it is a success. */
export type RunOutcome =
  | { readonly type: "success"; readonly pendingToolCallIds?: readonly string[] }
  | { readonly type: "interrupt"; readonly interrupts: readonly AgUiInterrupt[] }
  | { readonly type: "cancelled" };

export type SubagentOutcome = { readonly type: "success" } | { readonly type: "suspended"; readonly interruptIds?: readonly string[] };

/** A question as a client is asked it. */
export interface AgUiInterrupt {
  readonly id: string;
  readonly reason: string;
  readonly message?: string;
  readonly toolCallId?: string;
  readonly responseSchema?: JsonObject;
  /** ISO 8601. */
  readonly expiresAt?: string;
  readonly subagentRunId?: string;
  readonly metadata?: JsonObject;
}

/** Tokens of the calls of one model; what a provider did not report is left out. */
export interface TokenUsage {
  readonly provider?: string;
  readonly model?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly totalTokens?: number;
  readonly reasoningTokens?: number;
  readonly cachedInputTokens?: number;
  readonly cacheWriteInputTokens?: number;
}

/** One operation of a JSON Patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string };

/** A string, or parts: `{ type: "text", text }`, or media `{ type, source }`. */
export type MessageContent = string | readonly JsonObject[];

interface MessageBase {
  readonly id: string;
  readonly encryptedValue?: string;
  readonly metadata?: JsonObject;
  readonly subagentRunId?: string;
}

/** A message as clients hold it. */
export type AgUiMessage =
  | ({ readonly role: "developer" | "system"; readonly content: string; readonly name?: string } & MessageBase)
  | ({ readonly role: "user"; readonly content: MessageContent; readonly name?: string } & MessageBase)
  | AssistantMessage
  | ToolMessage
  | ActivityMessage
  | ReasoningMessage;

export interface AssistantMessage extends MessageBase {
  readonly role: "assistant";
  readonly content?: string;
  readonly name?: string;
  readonly toolCalls?: readonly AgUiToolCall[];
}

export interface ToolMessage extends MessageBase {
  readonly role: "tool";
  readonly toolCallId: string;
  readonly content: MessageContent;
  readonly error?: string;
}

export interface ActivityMessage extends MessageBase {
  readonly role: "activity";
  readonly activityType: string;
  readonly content: JsonObject;
}

export interface ReasoningMessage extends MessageBase {
  readonly role: "reasoning";
  readonly content: string;
}

export interface AgUiToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
  readonly encryptedValue?: string;
  readonly metadata?: JsonObject;
}

/** The messages with these ids are superseded. Never on the wire as it is: a snapshot of the messages takes its place. */
export interface Restate {
  readonly type: "RESTATE";
  readonly removed: readonly string[];
}

/** What a tool of the page gave, which the client knows already. Never on the wire: only what stands for a client takes it. */
export interface PageResult {
  readonly type: "PAGE_RESULT";
  readonly messageId: string;
  readonly toolCallId: string;
  readonly content: string;
  readonly error?: string;
}

/** What an event of a log becomes. */
export type AgUiChunk = AgUiEvent | Restate | PageResult;
