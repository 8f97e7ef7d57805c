import type { AgentSummary, StoredMessage, ThreadChange, WorkflowSummary } from "./agent-source.ts";
import type { AuditEntry } from "./audit.ts";
import type { Bill, Totals } from "./bill.ts";
import type { Entry } from "./entry.ts";
import type { RunEvent } from "./event.ts";
import type { Interrupt, InterruptStatus } from "./interrupt.ts";
import type { Continuation, InterruptAnswer, InterruptPage } from "./interrupt-store.ts";
import type { JsonObject } from "./json.ts";
import type { ModelCall } from "./ledger.ts";
import type { Offset } from "./offset.ts";
import type { Principal } from "./principal.ts";
import type { BusyThreadPolicy, Run, RunInput, RunStatus } from "./run.ts";
import type { Transcript } from "./transcript.ts";
import type { UsageGroup, UsageRow } from "./usage-report.ts";

/**
 * PORT: how a wire speaks. Encoding is a pure fold over the log, so every reader of a run computes the same chunks from
 * the same entries, whenever and wherever it attaches.
 *
 * INVARIANT: cut any client at any chunk, re-attach: what it received in total equals what an uncut reader received
 */
export interface Encoder<State, Chunk> {
  readonly initial: State;
  /** Never mutates its arguments. A state that nothing changed is returned as it is, so that it can be compared by identity. */
  encode(state: State, event: RunEvent): readonly [State, readonly Chunk[]];
}

/**
 * PORT: what the wires ask of the engine. Every method answers only about what the principal owns: what belongs to somebody
 * else is not found.
 */
export interface Engine {
  listAgents(): readonly AgentSummary[];
  /**
   * Picks the agent of a request: the named one, else the configured default, else the only one.
   * @throws {HoldfastError} AGENT_NOT_FOUND, INPUT_INVALID when none is named and there are several
   */
  resolveAgent(principal: Principal, agentId: string | undefined): Promise<ResolvedAgent>;
  listWorkflows(): readonly WorkflowSummary[];
  /** @throws {HoldfastError} WORKFLOW_NOT_FOUND */
  resolveWorkflow(workflowId: string): WorkflowSummary;
  /**
   * Starts a run; what it needs is on disk when this resolves.
   * @throws {HoldfastError} THREAD_BUSY, THREAD_NOT_FOUND, IDEMPOTENCY_MISMATCH, INPUT_INVALID, SHUTTING_DOWN
   */
  start(principal: Principal, request: StartRequest): Promise<Run>;
  /** @throws {HoldfastError} RUN_NOT_FOUND */
  getRun(principal: Principal, runId: string): Promise<Run>;
  listRuns(principal: Principal, query: OwnRunQuery): Promise<{ readonly runs: readonly Run[]; readonly nextCursor?: string }>;
  /**
   * Asks a run to stop, wherever it runs. Resolves once the wish is on disk; the run ends as `canceled` soon after. Of a suspended run the
   * questions are canceled; the run in the answer is the one that ends as `canceled` in its place.
   * @throws {HoldfastError} RUN_NOT_FOUND, RUN_ENDED
   */
  cancel(principal: Principal, runId: string): Promise<Run>;

  /** @throws {HoldfastError} INTERRUPT_NOT_FOUND */
  getInterrupt(principal: Principal, interruptId: string): Promise<Interrupt>;
  /** The principal's own; those of everybody for one that is an approver. Newest first. */
  listInterrupts(principal: Principal, query: OwnInterruptQuery): Promise<InterruptPage>;
  /**
   * Answers questions of one run, all or none of them. Once none is open, the run goes on in a child run. The same answers again change
   * nothing and give the same result.
   * @throws {HoldfastError} INTERRUPT_NOT_FOUND, INPUT_INVALID when an answer does not fit its schema, ALREADY_ANSWERED when it was
   * answered differently, INTERRUPT_CLOSED when it expired or was canceled
   */
  answer(principal: Principal, answers: readonly InterruptAnswer[], continuation?: Continuation): Promise<Answered>;
  /** The run that goes on from a suspended one, if any does. */
  getChildRun(run: Run): Promise<Run | undefined>;
  /** Who approved, declined, answered and canceled, oldest first. @throws {HoldfastError} RUN_NOT_FOUND */
  listAudit(principal: Principal, runId: string): Promise<readonly AuditEntry[]>;

  /** @throws {HoldfastError} RUN_NOT_FOUND */
  usage(principal: Principal, runId: string): Promise<RunUsage>;
  /** Sums over the principal's own runs that ended in a period. */
  usageReport(principal: Principal, query: OwnUsageQuery): Promise<readonly UsageRow[]>;
  /**
   * Replays the entries after an offset, then follows the run to its terminal event. Ends early, without it, when `signal` is
   * aborted. Pulled, never pushed: a reader that does not ask costs no memory.
   */
  tail(run: Run, after: Offset, signal: AbortSignal): AsyncIterable<readonly Entry[]>;
  /** The logs of the suspended runs that a run goes on from, the first one first; empty for a run that was started by itself. */
  ancestry(run: Run): Promise<readonly Entry[]>;
  /** Offset of the newest entry of a run. */
  lastOffset(run: Run): Promise<Offset>;
  /** What the run and those that it goes on from amount to. */
  transcript(run: Run): Promise<Transcript>;
  /** Aborted when the server shuts down: streams end, without a terminal chunk, so that clients re-attach elsewhere. */
  readonly closing: AbortSignal;

  /** The runs that are created on a thread behind the given one (all of them without one), as they are created, until `signal` is aborted. */
  followThread(principal: Principal, threadId: string, after: Run | undefined, signal: AbortSignal): AsyncIterable<Run>;

  /** @throws {HoldfastError} THREAD_NOT_FOUND */
  getThread(principal: Principal, threadId: string): Promise<Thread>;
  listThreads(
    principal: Principal,
    query: { readonly cursor?: string; readonly limit: number },
  ): Promise<{ readonly threads: readonly Thread[]; readonly nextCursor?: string }>;
  /** The threads that the memory of the agents keeps for the principal, newest first: of all agents, or of one. */
  listKeptThreads(principal: Principal, agentId?: string): Promise<readonly Thread[]>;
  /** Makes a thread in the memory of an agent, under a new id. @throws {HoldfastError} AGENT_NOT_FOUND, NOT_SUPPORTED for an agent without memory */
  createThread(principal: Principal, thread: { readonly agentId: string; readonly title?: string; readonly metadata?: JsonObject }): Promise<Thread>;
  /** The owner of the newest run that a client gave this id, for a request that may act for anybody; `undefined` for an unknown one. */
  runOwner(clientRunId: string): Promise<string | undefined>;
  /** The owner of a thread, for a request that may act for anybody; `undefined` for an unknown thread. */
  threadOwner(threadId: string): Promise<string | undefined>;
  /** One page of the messages as the agent's memory keeps them. @throws {HoldfastError} THREAD_NOT_FOUND */
  storedMessages(principal: Principal, threadId: string, page: { readonly page?: number; readonly perPage?: number }): Promise<readonly StoredMessage[]>;
  /** @throws {HoldfastError} THREAD_NOT_FOUND, THREAD_CHANGED, NOT_SUPPORTED for an agent without memory */
  updateThread(principal: Principal, threadId: string, change: ThreadChange): Promise<Thread>;
  /** @throws {HoldfastError} THREAD_NOT_FOUND, THREAD_BUSY */
  deleteThread(principal: Principal, threadId: string): Promise<void>;
  /**
   * The messages of a thread that a page needs to show, oldest first, without what an active run has answered so far.
   * @throws {HoldfastError} THREAD_NOT_FOUND
   */
  messages(principal: Principal, threadId: string): Promise<readonly JsonObject[]>;
}

export interface ResolvedAgent extends AgentSummary {
  /** With memory the history comes from the thread; without, the client sends it. */
  readonly hasMemory: boolean;
}

export interface StartRequest {
  /** The agent, or the workflow where the input is one's. */
  readonly agentId: string;
  /** Left out: a new thread. */
  readonly threadId?: string;
  readonly input: RunInput;
  /** What the client calls the run. The same id on the same thread with the same input is the same run. */
  readonly clientRunId?: string;
  readonly idempotencyKey?: string;
  /** Overrides the configured policy for this start. */
  readonly onBusyThread?: BusyThreadPolicy;
}

export interface OwnRunQuery {
  readonly threadId?: string;
  readonly clientRunId?: string;
  readonly statuses?: readonly RunStatus[];
  readonly cursor?: string;
  readonly limit: number;
}

export interface OwnInterruptQuery {
  readonly statuses?: readonly InterruptStatus[];
  readonly runId?: string;
  readonly threadId?: string;
  readonly cursor?: string;
  readonly limit: number;
}

/** What came of answers. */
export interface Answered {
  /** All the interrupts of the run that asked. */
  readonly interrupts: readonly Interrupt[];
  /** The run that goes on, which is the one that asked where it was waiting; left out while questions are open. */
  readonly run?: Run;
}

export interface RunUsage {
  readonly runId: string;
  /** One for each model call, in the order in which they were made. */
  readonly entries: readonly ModelCall[];
  /** `billable`: what the customer pays for, as the bill says once there is one. `cost`: all that was spent, as known now. */
  readonly totals: { readonly billable: Totals; readonly cost: Totals };
  /** Left out while the run has not ended. */
  readonly bill?: Bill;
}

export interface OwnUsageQuery {
  /** Milliseconds since the Unix epoch: from this time on, and before that one. */
  readonly from?: number;
  readonly to?: number;
  readonly groupBy: UsageGroup;
}

export interface Thread {
  readonly id: string;
  readonly agentId: string;
  readonly title?: string;
  readonly metadata?: JsonObject;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The run that is active on the thread, if any. */
  readonly activeRunId?: string;
}

/** The Hono environment that a protocol's routes run in: `context.var.principal` is set before they are reached. */
export interface ProtocolEnv {
  Variables: { principal: Principal };
}
