import { systemClock, type Clock } from "../../core/clock.ts";
import type { Entry } from "../../core/entry.ts";
import { statusAfter, type RunEvent, type TerminalEvent } from "../../core/event.ts";
import type { Interrupt, InterruptRequest } from "../../core/interrupt.ts";
import type { Lease, LeaseClaim } from "../../core/lease.ts";
import { offsetOf, type Offset } from "../../core/offset.ts";
import { isTerminal, type Run } from "../../core/run.ts";
import type {
  Append,
  AppendResult,
  ClaimedRun,
  CreateRunResult,
  NewRun,
  RenewedLease,
  RunPage,
  RunQuery,
  RunStore,
  ThreadOwner,
  ThreadPage,
  ThreadQuery,
} from "../../core/store.ts";
import { pageOf, parseCursor } from "../cursor.ts";
import { endOf, openingEvents, refuseClosedStore, refuseUsedRunId } from "../log-rules.ts";

interface StoredRun {
  /** Rises with each run created; the order of queues and lists. */
  readonly sequence: number;
  run: Run;
  readonly idempotency: NewRun["idempotency"];
  holder: { readonly owner: string; readonly expiresAt: number } | undefined;
  /** Events are kept as JSON text, so that nobody can change one that was appended. */
  readonly entries: { readonly text: string; readonly attempt: number; readonly at: number }[];
  interrupts: readonly Interrupt[];
}

/**
 * Keeps runs in the memory of this process: for tests and trials. Nothing outlives the process, and every read walks all
 * runs, since this store is what the others are compared with and must be plainly right.
 */
export class MemoryRunStore implements RunStore {
  readonly #clock: Clock;
  readonly #runs: Map<string, StoredRun> = new Map();
  readonly #threads: Map<string, ThreadOwner> = new Map();
  #newest = 0;
  #isClosed = false;

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Opens an empty store. */
  static open(options: { readonly clock?: Clock } = {}): Promise<MemoryRunStore> {
    return Promise.resolve(new MemoryRunStore(options.clock ?? systemClock));
  }

  async createRun(request: NewRun, claim?: LeaseClaim): Promise<CreateRunResult> {
    this.#assertOpen();
    const used = request.idempotency && this.#usedKey(request.resourceId, request.idempotency.key);
    if (used)
      return used.idempotency?.fingerprint === request.idempotency?.fingerprint ? { outcome: "existing", run: used.run } : { outcome: "idempotency-mismatch" };
    const thread = this.#threads.get(request.threadId);
    if (thread && thread.resourceId !== request.resourceId) return { outcome: "foreign-thread" };
    const active = this.#activeOn(request.threadId);
    if (active[0] && request.onBusyThread === "reject") return { outcome: "thread-busy", activeRunId: active[0].run.id };
    if (this.#runs.has(request.id)) refuseUsedRunId(request.id);

    if (request.onBusyThread === "cancel-previous") for (const stored of active) stored.run = { ...stored.run, cancelRequested: true };
    const holder = active.length === 0 ? claim : undefined;
    const stored = this.#add(request, holder);
    const { threadId, agentId, resourceId, createdAt } = stored.run;
    this.#threads.set(threadId, { threadId, resourceId, agentId, createdAt: thread?.createdAt ?? createdAt, lastRunAt: createdAt });
    return { outcome: "created", run: stored.run, ...(holder && { lease: { runId: request.id, epoch: 1 } }) };
  }

  #add(request: NewRun, claim: LeaseClaim | undefined): StoredRun {
    const { onBusyThread: _policy, idempotency, ...identity } = request;
    const at = this.#clock.now();
    const input = JSON.parse(JSON.stringify(request.input)) as Run["input"];
    const state = { status: claim ? "running" : "pending", attempt: claim ? 1 : 0, crashes: 0, cancelRequested: false } as const;
    const stored: StoredRun = {
      sequence: (this.#newest += 1),
      run: { ...identity, input, ...state, createdAt: at },
      idempotency,
      holder: claim && { owner: claim.owner, expiresAt: at + claim.leaseMs },
      entries: openingEvents(request, claim !== undefined).map(({ event, attempt }) => ({ text: JSON.stringify(event), attempt, at })),
      interrupts: [],
    };
    this.#runs.set(request.id, stored);
    return stored;
  }

  async getRun(runId: string): Promise<Run | undefined> {
    this.#assertOpen();
    return this.#runs.get(runId)?.run;
  }

  async listRuns(query: RunQuery): Promise<RunPage> {
    this.#assertOpen();
    const before = parseCursor(query.cursor);
    const wanted = this.#all().filter(
      ({ run, sequence }) =>
        sequence < before &&
        (query.resourceId === undefined || run.resourceId === query.resourceId) &&
        (query.threadId === undefined || run.threadId === query.threadId) &&
        (query.statuses === undefined || query.statuses.includes(run.status)),
    );
    const { rows, ...page } = pageOf(wanted.toReversed().slice(0, query.limit + 1), query.limit, (stored) => stored.sequence);
    return { runs: rows.map((stored) => stored.run), ...page };
  }

  async getThread(threadId: string): Promise<ThreadOwner | undefined> {
    this.#assertOpen();
    return this.#threads.get(threadId);
  }

  async listThreads(query: ThreadQuery): Promise<ThreadPage> {
    this.#assertOpen();
    const before = parseCursor(query.cursor);
    const newestRun = new Map(this.#all().map(({ run, sequence }) => [run.threadId, sequence]));
    const sortKeyOf = (thread: ThreadOwner): number => newestRun.get(thread.threadId) ?? 0;
    const wanted = [...this.#threads.values()]
      .filter((thread) => thread.resourceId === query.resourceId && sortKeyOf(thread) < before)
      .toSorted((left, right) => sortKeyOf(right) - sortKeyOf(left));
    const { rows, ...page } = pageOf(wanted.slice(0, query.limit + 1), query.limit, sortKeyOf);
    return { threads: rows, ...page };
  }

  async deleteThread(threadId: string): Promise<"deleted" | "busy" | "unknown"> {
    this.#assertOpen();
    if (!this.#threads.has(threadId)) return "unknown";
    if (this.#activeOn(threadId).length > 0) return "busy";
    for (const { run } of this.#all()) if (run.threadId === threadId) this.#runs.delete(run.id);
    this.#threads.delete(threadId);
    return "deleted";
  }

  async claimRuns(claim: LeaseClaim, limits: { readonly limit: number; readonly pendingLimit: number }): Promise<readonly ClaimedRun[]> {
    this.#assertOpen();
    const now = this.#clock.now();
    const abandoned = this.#all().filter(({ run, holder }) => run.status === "running" && (holder === undefined || holder.expiresAt <= now));
    const pending = this.#all().filter(({ run }) => run.status === "pending");
    const toCancel = pending.filter(({ run }) => run.cancelRequested);
    const inTurn = pending.filter((stored) => !stored.run.cancelRequested && this.#activeOn(stored.run.threadId)[0] === stored);
    const chosen = [...abandoned, ...toCancel, ...inTurn.slice(0, limits.pendingLimit)].slice(0, limits.limit);
    return chosen.map((stored) => {
      const epoch = stored.run.attempt + 1;
      stored.run = { ...stored.run, status: "running", attempt: epoch, crashes: stored.run.crashes + (stored.holder === undefined ? 0 : 1) };
      stored.holder = { owner: claim.owner, expiresAt: now + claim.leaseMs };
      return { run: stored.run, lease: { runId: stored.run.id, epoch } };
    });
  }

  async renewLeases(claim: LeaseClaim, leases: readonly Lease[]): Promise<readonly RenewedLease[]> {
    this.#assertOpen();
    const expiresAt = this.#clock.now() + claim.leaseMs;
    return leases.flatMap((lease) => {
      const stored = this.#heldUnder(lease);
      if (stored?.holder?.owner !== claim.owner) return [];
      stored.holder = { owner: claim.owner, expiresAt };
      return [{ runId: lease.runId, epoch: lease.epoch, cancelRequested: stored.run.cancelRequested }];
    });
  }

  async releaseLease(lease: Lease): Promise<boolean> {
    this.#assertOpen();
    const stored = this.#heldUnder(lease);
    if (stored) stored.holder = undefined;
    return stored !== undefined;
  }

  async requestCancel(runId: string): Promise<Run | undefined> {
    this.#assertOpen();
    const stored = this.#runs.get(runId);
    if (stored && !isTerminal(stored.run.status)) stored.run = { ...stored.run, cancelRequested: true };
    return stored?.run;
  }

  async append(batch: readonly Append[]): Promise<readonly AppendResult[]> {
    this.#assertOpen();
    const prepared = batch.map((append) => ({ append, end: endOf(append), texts: append.events.map((event) => JSON.stringify(event)) }));
    const at = this.#clock.now();
    return prepared.map(({ append, end, texts }) => {
      const stored = this.#heldUnder(append);
      if (stored === undefined) return { outcome: "fenced" };
      const attempt = append.epoch;
      const entries = append.events.map((event, index) => ({ offset: offsetOf(stored.entries.length + index + 1), event, attempt, at }));
      stored.entries.push(...texts.map((text) => ({ text, attempt, at })));
      if (end) this.#end(stored, end, at);
      return { outcome: "appended", entries, ...(end && { end }) };
    });
  }

  #end(stored: StoredRun, end: TerminalEvent, endedAt: number): void {
    stored.run = { ...stored.run, status: statusAfter(end), endedAt, ...(end.type === "run-failed" && { error: end.error }) };
    stored.holder = undefined;
    if (end.type !== "run-suspended") return;
    const { id: runId, resourceId } = stored.run;
    const requests = JSON.parse(JSON.stringify(end.interrupts)) as InterruptRequest[];
    stored.interrupts = requests.map((request) => ({ ...request, runId, resourceId, status: "pending", createdAt: endedAt }));
  }

  async readEntries(runId: string, after: Offset, limit: number): Promise<readonly Entry[]> {
    this.#assertOpen();
    const kept = this.#runs.get(runId)?.entries.slice(after, after + limit) ?? [];
    return kept.map(({ text, attempt, at }, index) => ({ offset: offsetOf(after + index + 1), event: JSON.parse(text) as RunEvent, attempt, at }));
  }

  async lastOffset(runId: string): Promise<Offset | undefined> {
    this.#assertOpen();
    const stored = this.#runs.get(runId);
    return stored && offsetOf(stored.entries.length);
  }

  async listInterrupts(runId: string): Promise<readonly Interrupt[]> {
    this.#assertOpen();
    return this.#runs.get(runId)?.interrupts ?? [];
  }

  onForeignAppend(): () => void {
    return () => undefined;
  }

  async ping(): Promise<void> {
    this.#assertOpen();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  /** Every run, the oldest first. */
  #all(): readonly StoredRun[] {
    return [...this.#runs.values()];
  }

  #usedKey(resourceId: string, key: string): StoredRun | undefined {
    return this.#all().find(({ run, idempotency }) => run.resourceId === resourceId && idempotency?.key === key);
  }

  /** In the order of their turns. */
  #activeOn(threadId: string): readonly StoredRun[] {
    return this.#all().filter(({ run }) => run.threadId === threadId && !isTerminal(run.status));
  }

  #heldUnder(lease: Lease): StoredRun | undefined {
    const stored = this.#runs.get(lease.runId);
    return stored?.holder !== undefined && stored.run.attempt === lease.epoch ? stored : undefined;
  }

  #assertOpen(): void {
    if (this.#isClosed) refuseClosedStore();
  }
}
