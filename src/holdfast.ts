import { Accounts } from "./accounts.ts";
import { Dispatcher } from "./billing/dispatcher.ts";
import type { AgentSource, AgentSummary, StoredMessage, ThreadChange, WorkflowSummary } from "./core/agent-source.ts";
import type { AuditEntry } from "./core/audit.ts";
import { DEFAULT_BILLING_POLICY } from "./core/bill.ts";
import { systemClock } from "./core/clock.ts";
import type { Entry } from "./core/entry.ts";
import { HoldfastError } from "./core/error.ts";
import { isTerminalEvent } from "./core/event.ts";
import type { Interrupt } from "./core/interrupt.ts";
import type { Continuation, InterruptAnswer, InterruptPage } from "./core/interrupt-store.ts";
import type { JsonObject } from "./core/json.ts";
import { readLineage, readLog } from "./core/lineage.ts";
import type { Offset } from "./core/offset.ts";
import type { Principal } from "./core/principal.ts";
import type { Answered, Engine, OwnInterruptQuery, OwnRunQuery, OwnUsageQuery, ResolvedAgent, RunUsage, StartRequest, Thread } from "./core/protocol.ts";
import { isTerminal, RESERVED_THREAD_IDS, type Run } from "./core/run.ts";
import type { NewRun, RunPage, RunStore } from "./core/store.ts";
import type { Transcript } from "./core/transcript.ts";
import { transcriptOf } from "./core/transcript-fold.ts";
import type { UsageRow } from "./core/usage-report.ts";
import { DEFAULT_GRACE_MS, type EngineOptions } from "./engine-options.ts";
import { Interrupts } from "./interrupts.ts";
import { mastraSource } from "./mastra/agent-source.ts";
import { Metrics } from "./metrics/metrics.ts";
import { Tail } from "./reader/tail.ts";
import { Runner } from "./runner/runner.ts";
import { idempotencyOf, logged, newId, runNotFound, startedRun } from "./run-start.ts";
import { agentNamed, executedBy, workflowNamed } from "./run-target.ts";
import { openStore } from "./stores/open-store.ts";
import { ThreadFollower } from "./thread-follower.ts";
import { Threads } from "./threads.ts";

/**
 * Opens the store, begins to execute and to take over runs.
 * @throws {HoldfastError} CONFIG_INVALID, STORE_UNAVAILABLE, STORE_SCHEMA_MISMATCH
 */
export async function createEngine(options: EngineOptions): Promise<HoldfastEngine> {
  const store = typeof options.store === "object" ? options.store : await openStore(options.store ?? "sqlite:.holdfast/holdfast.db");
  const { logger } = options;
  const source = mastraSource(options.mastra, {
    ...(options.idempotentTools && { idempotentTools: options.idempotentTools }),
    onUnknownChunk: (chunkType) => logger?.warn({ chunkType }, "an unknown chunk type is kept as a raw event"),
    onMemoryFailure: (agentId, error) => logger?.warn({ agentId, err: error }, "the memory of an agent could not be asked for a thread"),
    onError: (run, error) => logger?.error({ ...logged(run), err: error }, "the agent threw"),
  });
  return new HoldfastEngine(options, store, source);
}

/** The engine of one process: every node of a deployment has one, on the same store. */
export class HoldfastEngine implements Engine {
  readonly store: RunStore;
  readonly #options: EngineOptions;
  readonly #source: AgentSource;
  readonly #metrics: Metrics;
  readonly #tail: Tail;
  readonly #runner: Runner;
  readonly #threads: Threads;
  readonly #follower: ThreadFollower;
  readonly #interrupts: Interrupts;
  readonly #accounts: Accounts;
  readonly #dispatcher: Dispatcher;
  readonly #closing: AbortController = new AbortController();

  constructor(options: EngineOptions, store: RunStore, source: AgentSource) {
    this.store = store;
    this.#options = options;
    this.#source = source;
    this.#tail = new Tail({ store });
    this.#metrics = new Metrics({ executing: () => this.#runner.executing, streams: () => this.#tail.readers });
    this.#threads = new Threads(store, source);
    this.#follower = new ThreadFollower(store);
    this.#accounts = new Accounts(store, options.billing?.prices);
    const { policy: _policy, prices, sinks = [] } = options.billing ?? {};
    this.#dispatcher = new Dispatcher({
      store,
      sinks,
      clock: systemClock,
      onOutcome: (outcome) => this.#metrics.delivered(outcome),
      onProblem: (message, about, error) =>
        options.logger?.[about.state === undefined ? "warn" : "error"]({ ...about, ...(error !== undefined && { err: error }) }, message),
    });
    this.#runner = new Runner({
      store,
      source,
      observer: this.#metrics,
      onCommitted: (runId, entries) => {
        this.#tail.publish(runId, entries);
        this.#metrics.committed(runId, entries);
        const last = entries[entries.length - 1];
        if (last !== undefined && isTerminalEvent(last.event)) this.#dispatcher.wake();
      },
      onProblem: (message, run, error) => options.logger?.error({ ...logged(run), err: error }, message),
      ...(options.leaseTimes && { leaseTimes: options.leaseTimes }),
      ...(options.maxConcurrentRuns !== undefined && { maxConcurrentRuns: options.maxConcurrentRuns }),
      ...(options.onCheckpoint && { onCheckpoint: options.onCheckpoint }),
      ...(options.interruptTtlMs !== undefined && { interruptTtlMs: options.interruptTtlMs }),
      ...(options.unwatchedRunMs !== undefined && { unwatched: { afterMs: options.unwatchedRunMs, followed: () => this.#tail.takeFollowed() } }),
      billing: { sinks: sinks.map(({ name }) => name), ...(prices && { prices }) },
    });
    this.#interrupts = new Interrupts(store, source, this.#runner, () => newId("run"));
    this.#runner.open();
    this.#dispatcher.open();
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves when this process can take requests. @throws {HoldfastError} SHUTTING_DOWN, STORE_UNAVAILABLE */
  async ready(): Promise<void> {
    if (this.#runner.isDraining) throw new HoldfastError("SHUTTING_DOWN", "This server is shutting down.");
    await this.store.ping();
  }

  /** What this process has counted, in the text format of Prometheus. */
  metrics(): Promise<string> {
    return this.#metrics.text();
  }

  listAgents(): readonly AgentSummary[] {
    return this.#source.listAgents();
  }

  resolveAgent(principal: Principal, agentId: string | undefined): Promise<ResolvedAgent> {
    return agentNamed(this.#source, principal, agentId ?? this.#options.defaultAgent);
  }

  listWorkflows(): readonly WorkflowSummary[] {
    return this.#source.listWorkflows();
  }

  resolveWorkflow(workflowId: string): WorkflowSummary {
    return workflowNamed(this.#source, workflowId);
  }

  async start(principal: Principal, request: StartRequest): Promise<Run> {
    if (request.threadId !== undefined && RESERVED_THREAD_IDS.has(request.threadId)) {
      throw new HoldfastError("INPUT_INVALID", "This thread id is reserved; choose another.");
    }
    const { resourceId } = principal;
    const agentId = await executedBy(this.#source, principal, request);
    const threadId = request.threadId ?? newId("thr");
    if (request.threadId !== undefined) await this.#threads.checkOwner(principal, threadId);
    const { clientRunId, input } = request;
    const idempotency = idempotencyOf(request, agentId);
    const newRun: NewRun = {
      id: newId("run"),
      threadId,
      resourceId,
      agentId,
      messageId: newId("msg"),
      input: { ...input, context: { ...input.context, principal: { ...principal.claims, resourceId } } },
      onBusyThread: request.onBusyThread ?? this.#options.onBusyThread ?? "reject",
      billingPolicy: this.#options.billing?.policy ?? DEFAULT_BILLING_POLICY,
      ...(clientRunId !== undefined && { clientRunId }),
      ...(idempotency && { idempotency }),
    };
    const run = startedRun(await this.#runner.start(newRun));
    this.#follower.wake();
    return run;
  }

  async getRun(principal: Principal, runId: string): Promise<Run> {
    const run = await this.store.getRun(runId);
    if (run?.resourceId !== principal.resourceId) throw runNotFound();
    return run;
  }

  listRuns(principal: Principal, query: OwnRunQuery): Promise<RunPage> {
    return this.store.listRuns({ ...query, resourceId: principal.resourceId });
  }

  async cancel(principal: Principal, runId: string): Promise<Run> {
    const known = await this.getRun(principal, runId);
    const run = await (known.status === "suspended" ? this.#interrupts.cancelSuspended(principal, known) : this.#cancelActive(principal, known));
    if (run === undefined) throw new HoldfastError("RUN_ENDED", `Run ${runId} has ended already.`);
    return run;
  }

  async #cancelActive(principal: Principal, { id, status }: Run): Promise<Run | undefined> {
    const run = isTerminal(status) ? undefined : await this.#runner.cancel(id, principal.resourceId);
    if (run?.status === "suspended") return this.#interrupts.cancelSuspended(principal, run);
    return run === undefined || isTerminal(run.status) ? undefined : run;
  }

  getInterrupt(principal: Principal, interruptId: string): Promise<Interrupt> {
    return this.#interrupts.get(principal, interruptId);
  }

  listInterrupts(principal: Principal, query: OwnInterruptQuery): Promise<InterruptPage> {
    return this.#interrupts.list(principal, query);
  }

  async answer(principal: Principal, answers: readonly InterruptAnswer[], continuation?: Continuation): Promise<Answered> {
    const answered = await this.#interrupts.answer(principal, answers, continuation);
    this.#follower.wake();
    return answered;
  }

  followThread({ resourceId }: Principal, threadId: string, after: Run | undefined, signal: AbortSignal): AsyncIterable<Run> {
    return this.#follower.follow({ resourceId, threadId }, after, signal);
  }

  getChildRun(run: Run): Promise<Run | undefined> {
    return this.store.getChildRun(run.id);
  }

  async listAudit(principal: Principal, runId: string): Promise<readonly AuditEntry[]> {
    await this.getRun(principal, runId);
    return this.store.listAudit(runId);
  }

  async usage(principal: Principal, runId: string): Promise<RunUsage> {
    return this.#accounts.ofRun(await this.getRun(principal, runId));
  }

  usageReport(principal: Principal, query: OwnUsageQuery): Promise<readonly UsageRow[]> {
    return this.#accounts.report(principal, query);
  }

  tail(run: Run, after: Offset, signal: AbortSignal): AsyncIterable<readonly Entry[]> {
    return this.#tail.follow(run.id, after, signal);
  }

  async lastOffset(run: Run): Promise<Offset> {
    const offset = await this.store.lastOffset(run.id);
    if (offset === undefined) throw runNotFound();
    return offset;
  }

  async ancestry(run: Run): Promise<readonly Entry[]> {
    return run.parentRunId === undefined ? [] : (await readLineage(this.store, run)).entries;
  }

  async transcript(run: Run): Promise<Transcript> {
    return transcriptOf(await readLog(this.store, run.id), await this.ancestry(run));
  }

  getThread(principal: Principal, threadId: string): Promise<Thread> {
    return this.#threads.get(principal, threadId);
  }

  listThreads(
    principal: Principal,
    query: { readonly cursor?: string; readonly limit: number },
  ): Promise<{ readonly threads: readonly Thread[]; readonly nextCursor?: string }> {
    return this.#threads.list(principal, query);
  }

  listKeptThreads(principal: Principal, agentId?: string): Promise<readonly Thread[]> {
    return this.#threads.listKept(principal, agentId);
  }

  createThread(principal: Principal, thread: { readonly agentId: string; readonly title?: string; readonly metadata?: JsonObject }): Promise<Thread> {
    return this.#threads.create(principal, thread);
  }

  async runOwner(clientRunId: string): Promise<string | undefined> {
    return (await this.store.listRuns({ clientRunId, limit: 1 })).runs[0]?.resourceId;
  }

  threadOwner(threadId: string): Promise<string | undefined> {
    return this.#threads.ownerOf(threadId);
  }

  storedMessages(principal: Principal, threadId: string, page: { readonly page?: number; readonly perPage?: number }): Promise<readonly StoredMessage[]> {
    return this.#threads.storedMessages(principal, threadId, page);
  }

  updateThread(principal: Principal, threadId: string, change: ThreadChange): Promise<Thread> {
    return this.#threads.update(principal, threadId, change);
  }

  deleteThread(principal: Principal, threadId: string): Promise<void> {
    return this.#threads.delete(principal, threadId);
  }

  messages(principal: Principal, threadId: string): Promise<readonly JsonObject[]> {
    return this.#threads.messages(principal, threadId);
  }

  /** Takes no more runs, lets what runs end within `graceMs`, hands the rest to other nodes, and ends every stream. */
  async drain(graceMs: number = DEFAULT_GRACE_MS): Promise<void> {
    await this.#runner.drain(graceMs);
    this.#closing.abort();
  }

  /** Lets go of everything. Runs that are not drained are taken over once their leases expire. */
  async close(): Promise<void> {
    await this.drain(0);
    await this.#dispatcher.close();
    this.#tail.close();
    this.#follower.close();
    await this.store.close();
  }
}
