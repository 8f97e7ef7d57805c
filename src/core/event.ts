import type { InterruptKind, InterruptRequest } from "./interrupt.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ModelCallKey, UsageFigure } from "./ledger.ts";
import type { Offset } from "./offset.ts";
import type { RunError, TerminalStatus } from "./run.ts";
import type { Usage } from "./usage.ts";
import type { ValueKinds } from "./workflow-transcript.ts";

/**
 * A protocol-neutral fact about a run. Ids of text, reasoning and tool calls are unique within a run. `step` counts the model
 * calls that stand, from 0: a step that a crash cut short is superseded and its number is used again.
 */
export type RunEvent = LifecycleEvent | ContentEvent | NestedEvent | TerminalEvent;

export type LifecycleEvent =
  | { readonly type: "run-started"; readonly messageId: string; readonly threadId: string; readonly agentId: string; readonly parentRunId?: string }
  /**
   * A process began to work on the run. With `resetTo`, the entries after that offset and before this one are superseded: the
   * model call they belong to was cut and is issued again.
   */
  | { readonly type: "attempt-started"; readonly attempt: number; readonly resetTo?: Offset }
  /** What a question of an earlier run was answered with; these stand behind the start of the run that goes on from there. */
  | {
      readonly type: "interrupt-answered";
      readonly interruptId: string;
      readonly kind: InterruptKind;
      readonly toolCallId: string;
      readonly toolName: string;
      readonly answer: Json;
      /** Whoever was asked would not answer; the tool is not executed. */
      readonly isDeclined?: true;
    }
  /** The run is held open until the page gives what these ask for, or until that time, in milliseconds since the Unix epoch. */
  | { readonly type: "run-waiting"; readonly interrupts: readonly InterruptRequest[]; readonly until: number }
  /** What the working memory of the conversation holds from here on. */
  | { readonly type: "state"; readonly value: Json }
  | { readonly type: "step-started"; readonly step: number }
  /** A model is about to be called; on disk before it is. `call` counts the calls of one agent within one attempt, from 0. */
  | {
      readonly type: "model-called";
      readonly step: number;
      readonly call: number;
      /** The agent that calls, where it is not the run's own. */
      readonly agentId?: string;
      readonly provider?: string;
      readonly modelId?: string;
      /** Bytes of the prompt as JSON, in UTF-8; not counted where it holds files. */
      readonly promptBytes?: number;
    }
  /** Accounts for a model call that has no end in the log: cut by a crash, a cancel or an error, or ended without a figure. */
  | ({ readonly type: "model-cut"; readonly state: "settled" | "estimated" | "unknown" } & ModelCallKey & UsageFigure)
  /** The model's answer is complete. From here on this model call is never issued again. */
  | {
      readonly type: "model-finished";
      readonly step: number;
      /** The {@link LifecycleEvent} `model-called` that it ends; logs of early versions have none. */
      readonly call?: number;
      readonly finishReason?: FinishReason;
      readonly usage?: Usage;
      readonly provider?: string;
      readonly modelId?: string;
      readonly providerMetadata?: ProviderMetadata;
    }
  | { readonly type: "step-finished"; readonly step: number; readonly finishReason?: FinishReason; readonly usage?: Usage; readonly isContinued: boolean };

/** What structures the work of an agent, of the run's own and of a sub-agent. */
export type StepEvent = Extract<LifecycleEvent, { type: "step-started" | "model-called" | "model-finished" | "step-finished" }>;

/** Opaque data of a model provider, by provider name; handed back to it unchanged (signatures of reasoning live here). */
export type ProviderMetadata = { readonly [provider: string]: JsonObject };

export type FinishReason = "stop" | "length" | "content-filter" | "tool-calls" | "error" | "other";

/** What an agent says and does; may come from the run's own agent or, inside a {@link NestedEvent}, from a sub-agent. */
export type ContentEvent =
  | { readonly type: "text-start"; readonly id: string; readonly providerMetadata?: ProviderMetadata }
  | { readonly type: "text-delta"; readonly id: string; readonly text: string }
  | { readonly type: "text-end"; readonly id: string; readonly providerMetadata?: ProviderMetadata }
  | { readonly type: "reasoning-start"; readonly id: string; readonly providerMetadata?: ProviderMetadata }
  | { readonly type: "reasoning-delta"; readonly id: string; readonly text: string }
  | { readonly type: "reasoning-end"; readonly id: string; readonly providerMetadata?: ProviderMetadata }
  | ({ readonly type: "tool-input-start" } & ToolCallName & ToolCallTraits)
  | { readonly type: "tool-input-delta"; readonly toolCallId: string; readonly text: string }
  /** The model asked for a tool. `invalid` says why the call cannot be executed. */
  | ({ readonly type: "tool-call"; readonly input: Json; readonly invalid?: string; readonly providerMetadata?: ProviderMetadata } & ToolCallName &
      ToolCallTraits)
  /** The tool is about to execute; on disk before it does. */
  | ({ readonly type: "tool-started"; readonly attempt: number; readonly idempotencyKey: string } & ToolCallName)
  /** The call goes no further until a question is answered: the tool suspended, needs an approval, or belongs to the page. */
  | ({ readonly type: "tool-interrupted"; readonly request: InterruptRequest } & ToolCallName)
  | { readonly type: "tool-progress"; readonly toolCallId: string; readonly data: Json }
  | ({ readonly type: "tool-result"; readonly output: Json; readonly providerExecuted?: boolean; readonly providerMetadata?: ProviderMetadata } & ToolCallName)
  /** `outcomeUnknown`: the process died while the tool executed, and it is not known what the tool did. */
  | ({ readonly type: "tool-error"; readonly message: string; readonly outcomeUnknown?: boolean; readonly providerExecuted?: boolean } & ToolCallName)
  | ({ readonly type: "tool-denied"; readonly reason?: string } & ToolCallName)
  | {
      readonly type: "source";
      readonly id: string;
      readonly sourceType: "url" | "document";
      readonly url?: string;
      readonly title?: string;
      readonly mediaType?: string;
      readonly filename?: string;
      readonly providerMetadata?: ProviderMetadata;
    }
  /** `base64` holds the bytes, unless the provider gave a `url`. */
  | {
      readonly type: "file";
      readonly mediaType: string;
      readonly base64?: string;
      readonly url?: string;
      readonly filename?: string;
      readonly isReasoning?: boolean;
    }
  /** A named part made by a tool or a processor. `name` has no `data-` prefix; the same name and id replaces the part. */
  | { readonly type: "data"; readonly name: string; readonly id?: string; readonly data: Json; readonly transient?: boolean }
  | { readonly type: "custom"; readonly kind: string; readonly providerMetadata?: ProviderMetadata }
  /** Structured output; each one replaces the one before. */
  | { readonly type: "object"; readonly object: Json; readonly isFinal: boolean }
  | ({ readonly type: "tripwire" } & StoppedBy)
  /** A step of a workflow begins. `callId` is unique in the run: a step may be entered again, as in a loop. What it does inside is nested under it. */
  | {
      readonly type: "workflow-step-started";
      readonly callId: string;
      readonly stepId: string;
      readonly input?: Json;
      /** The call of the step that failed, and that this one tries again. */
      readonly retryOf?: string;
    }
  | {
      readonly type: "workflow-step-finished";
      readonly callId: string;
      readonly stepId: string;
      readonly status: WorkflowStepStatus;
      readonly output?: Json;
      /** Why it failed, in words fit for the run's owner. */
      readonly message?: string;
      /** It is tried again, not before that time, in milliseconds since the Unix epoch. */
      readonly retryAt?: number;
      /** It failed in a way that no step around it is to try again. */
      readonly isFatal?: true;
      /** It failed since a processor stopped it. */
      readonly tripwire?: StoppedBy;
      /** What it asks, where it suspended by itself and not for something inside it. */
      readonly request?: InterruptRequest;
      /** What the state that the steps share became, where this one set it. */
      readonly state?: Json;
      /** What the output and the state hold that JSON has no word for. */
      readonly kinds?: { readonly output?: ValueKinds; readonly state?: ValueKinds };
      /** The workflow ends here, with this output. */
      readonly isBailed?: true;
    }
  /** A chunk that no event above describes, kept as it came. */
  | { readonly type: "raw"; readonly chunkType: string; readonly payload: Json };

/** What a processor said when it stopped an agent or a step. */
export interface StoppedBy {
  readonly reason: string;
  readonly processorId?: string;
}

export type WorkflowStepStatus = "success" | "failed" | "suspended" | "skipped" | "canceled";

interface ToolCallName {
  readonly toolCallId: string;
  readonly toolName: string;
}

interface ToolCallTraits {
  readonly providerExecuted?: boolean;
  readonly dynamic?: boolean;
  readonly title?: string;
}

/** An event of a sub-agent that runs inside a tool call; a sub-agent of that one nests again. */
export interface NestedEvent {
  readonly type: "nested";
  readonly toolCallId: string;
  readonly event: ContentEvent | NestedEvent | StepEvent;
}

/** The last event of a log; there is exactly one. */
export type TerminalEvent =
  | { readonly type: "run-completed"; readonly finishReason?: FinishReason; readonly usage?: Usage }
  | { readonly type: "run-failed"; readonly error: RunError; readonly usage?: Usage }
  | { readonly type: "run-canceled"; readonly reason?: string; readonly usage?: Usage }
  | { readonly type: "run-suspended"; readonly interrupts: readonly InterruptRequest[]; readonly usage?: Usage };

const STATUS_OF: Readonly<Record<TerminalEvent["type"], TerminalStatus>> = {
  "run-completed": "completed",
  "run-failed": "failed",
  "run-canceled": "canceled",
  "run-suspended": "suspended",
};

export function isTerminalEvent(event: RunEvent): event is TerminalEvent {
  return event.type in STATUS_OF;
}

/** The status a run has once this event is committed. */
export function statusAfter(event: TerminalEvent): TerminalStatus {
  return STATUS_OF[event.type];
}
