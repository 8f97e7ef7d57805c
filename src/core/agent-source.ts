import type { FinishReason, RunEvent } from "./event.ts";
import type { Interrupt, InterruptRequest } from "./interrupt.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ModelCallKey } from "./ledger.ts";
import type { Principal } from "./principal.ts";
import type { Run, RunError } from "./run.ts";
import type { Transcript } from "./transcript.ts";
import type { Usage } from "./usage.ts";

/**
 * PORT: what executes agents and workflows. The runner decides when an attempt begins and what happens to its events; the source talks to
 * the framework.
 *
 * INVARIANT: a model call whose end the transcript holds is not issued again
 * INVARIANT: a tool whose result the transcript holds is not executed again
 * INVARIANT: a tool executes only after its start is committed
 * INVARIANT: a model is called only after the call is committed
 * INVARIANT: a tool call that needs an answer does not execute before the transcript holds it
 * INVARIANT: a step whose end the transcript holds is not executed again
 * INVARIANT: a step executes only after its start is committed
 * INVARIANT: after settle the thread holds the user's message once and the answer once, as the log has it
 */
export interface AgentSource {
  listAgents(): readonly AgentSummary[];
  listWorkflows(): readonly WorkflowSummary[];
  /** Looks at the input of a workflow before a run is made of it. @throws {HoldfastError} WORKFLOW_NOT_FOUND, INPUT_INVALID, NOT_SUPPORTED */
  checkWorkflowInput(workflowId: string, input: Json): Promise<void>;
  /**
   * Looks at the answer to a question of a workflow's run before it counts, so that the question stays open where it cannot.
   * `transcript`: what the run and those before it did.
   * @throws {HoldfastError} WORKFLOW_NOT_FOUND, WORKFLOW_CHANGED when the workflow is not the one that asked, INPUT_INVALID when the schema of the step
   * refuses the answer
   */
  checkWorkflowAnswer(question: WorkflowQuestion, given: { readonly answer: Json; readonly isDeclined?: true }, transcript: Transcript): Promise<void>;
  /**
   * Puts the user's message into the thread, once, under its own id; for a regeneration takes the replaced answer out. `transcript` is
   * what the log held when the attempt began.
   */
  begin(run: Run, transcript: Transcript): Promise<void>;
  /** Executes one attempt to its end. Throws only what {@link AttemptContext.commit} threw. */
  execute(attempt: AttemptContext): Promise<AttemptOutcome>;
  /** Makes the thread equal to the log before the run ends; idempotent, since a crash may come between it and the end. */
  settle(run: Run, outcome: AttemptOutcome, readTranscript: () => Promise<Transcript>): Promise<void>;
  /** The conversations as the principal may see them: an agent may choose its memory by who asks. */
  threads(principal: Principal): ThreadDirectory;
}

/** What is asked within a run of a workflow; `agentId`: the id of the workflow. */
export type WorkflowQuestion = Pick<Interrupt, "id" | "kind" | "agentId" | "toolCallId" | "stepPath">;

export interface AgentSummary {
  readonly id: string;
  /** The key that it is registered under, where that is not its id; requests may name it by either. */
  readonly key?: string;
  readonly name: string;
  readonly description?: string;
  /** Where the agent has one model that can be told beforehand. */
  readonly model?: { readonly provider: string; readonly name: string };
}

export interface WorkflowSummary {
  readonly id: string;
  /** The key that it is registered under, where that is not its id. */
  readonly key?: string;
  readonly description?: string;
}

export interface AttemptContext {
  readonly run: Run;
  readonly attempt: number;
  /** The first run of the lineage; keys of idempotency are made from it, so that they are the same in every run that goes on from it. */
  readonly rootRunId: string;
  /** What the log held when this attempt began, superseded work left out. */
  readonly transcript: Transcript;
  /**
   * Aborted when the attempt must stop: on cancel, when the lease is lost, on a hand-over. From then on nothing may be written to
   * the thread. Where the reason is `canceled`, no other attempt follows.
   */
  readonly signal: AbortSignal;
  /**
   * Queues an event behind those before it. A promise in return means that the log is behind: wait for it before going on.
   */
  emit(event: RunEvent): Promise<void> | undefined;
  /**
   * Resolves once everything emitted is in the log, flushed to the disk.
   * @throws when the lease is lost; the attempt is over then
   */
  commit(): Promise<void>;
  /** Notes the provider's figure for a call, whatever becomes of the attempt: the money was spent. */
  noteUsage(key: Omit<ModelCallKey, "attempt">, usage: Usage): void;
  /** Names a point at which a crash is tested. */
  checkpoint(name: Checkpoint): void;
}

/** The points at which a crash is tested: the process is killed at each, and the run must end as if it had not been. */
export const CHECKPOINTS = [
  "run-created",
  "attempt-started",
  "user-message-saved",
  "model-called",
  "model-streaming",
  "model-answered",
  "model-finished",
  "tool-start-committed",
  "tool-executed",
  "tool-result-committed",
  "tool-interrupted",
  "step-finished",
  "agent-finished",
  "thread-settled",
  "run-ended",
] as const;

export type Checkpoint = (typeof CHECKPOINTS)[number];

export type AttemptOutcome =
  | { readonly outcome: "completed"; readonly finishReason?: FinishReason }
  | { readonly outcome: "failed"; readonly error: RunError }
  | { readonly outcome: "suspended"; readonly interrupts: readonly InterruptRequest[] }
  /** The signal was aborted before the agent ended. */
  | { readonly outcome: "aborted" };

/**
 * The conversations that the agent framework keeps. An agent without memory keeps none. A method that names a thread of somebody else's does as if
 * there were none, but for `find`.
 */
export interface ThreadDirectory {
  hasMemory(agentId: string): Promise<boolean>;
  /** The thread with this id, whoever owns it, and the first agent whose memory keeps it. */
  find(threadId: string): Promise<{ readonly agentId: string; readonly thread: ThreadRecord } | undefined>;
  get(agentId: string, threadId: string): Promise<ThreadRecord | undefined>;
  /** `undefined` for an agent without memory. */
  create(agentId: string, thread: NewThread): Promise<ThreadRecord | undefined>;
  /** Every thread of a resource, newest first. */
  list(agentId: string, resourceId: string): Promise<readonly ThreadRecord[]>;
  /** One page of the messages as the framework keeps them, in its own order; pages count from 0. Without a size: the framework's own. */
  storedMessages(agentId: string, threadId: string, page: { readonly page?: number; readonly perPage?: number }): Promise<readonly StoredMessage[]>;
  /**
   * Changes of one thread are made one after another, in this process. `"stale"`: the thread has changed since `change.ifUpdatedAt`.
   * `undefined`: there is no such thread.
   */
  update(agentId: string, threadId: string, change: ThreadChange): Promise<ThreadRecord | "stale" | undefined>;
  delete(agentId: string, threadId: string): Promise<void>;
  /** Every message of the thread, oldest first, as UI messages `{ id, role, parts, metadata? }`. */
  messages(agentId: string, threadId: string, resourceId: string): Promise<readonly JsonObject[]>;
}

export interface NewThread {
  readonly id: string;
  readonly resourceId: string;
  readonly title?: string;
  readonly metadata?: JsonObject;
}

/** A message as the framework keeps it. */
export interface StoredMessage {
  readonly id: string;
  readonly role: string;
  readonly content: Json;
  readonly threadId: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

export interface ThreadRecord {
  readonly id: string;
  readonly resourceId: string;
  readonly title?: string;
  readonly metadata?: JsonObject;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface ThreadChange {
  readonly title?: string;
  /** Put over what the thread has, field by field. */
  readonly metadata?: JsonObject;
  /** Only if the thread has not changed since: its `updatedAt`, in milliseconds since the Unix epoch. */
  readonly ifUpdatedAt?: number;
}
