import type { AuditEntry } from "../../core/audit.ts";
import type { Bill } from "../../core/bill.ts";
import type { Clock } from "../../core/clock.ts";
import type { Entry } from "../../core/entry.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { AnswerRequest, AnswerResult, CancelRequest, CancelResult, InterruptPage, InterruptQuery } from "../../core/interrupt-store.ts";
import type { Lease, LeaseClaim } from "../../core/lease.ts";
import type { LateUsage, UsageEntry } from "../../core/ledger.ts";
import type { Offset } from "../../core/offset.ts";
import type { Delivery, DeliveryClaim, DeliveryOutcome, DeliveryPage, DeliveryQuery } from "../../core/outbox.ts";
import type { Run } from "../../core/run.ts";
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
  UnwatchedRequest,
} from "../../core/store.ts";
import type { BilledRun, UsageQuery } from "../../core/usage-report.ts";
import { answerInterrupts, cancelSuspended } from "./answers.ts";
import { listAudit } from "./audit.ts";
import { getBill, listBilledRuns } from "./bills.ts";
import type { SqliteConnection } from "./connection.ts";
import { appendPrepared, isFlushed, lastOffset, prepareAppend, readEntries } from "./entries.ts";
import { ForeignAppends } from "./foreign-appends.ts";
import { getInterrupt, listInterrupts } from "./interrupts.ts";
import { claimableRuns, claimRuns, releaseLease, renewLeases, type ClaimLimits } from "./leases.ts";
import { listUsage, settleUsage } from "./ledger.ts";
import { claimDeliveries, isAnyDeliveryDue, listDeliveries, replayDelivery, settleDelivery } from "./outbox.ts";
import { createRun, getChildRun, getRun, listRuns, requestCancel } from "./runs.ts";
import { deleteThread, getThread, listThreads } from "./threads.ts";
import { cancelUnwatched, noteFollowed, unwatchedRuns } from "./unwatched.ts";

/** Keeps runs in one SQLite file that several processes of a machine may share: every rule holds by the database. */
export class SqliteRunStore implements RunStore {
  readonly #connection: SqliteConnection;
  readonly #clock: Clock;
  readonly #foreignAppends: ForeignAppends;

  private constructor(connection: SqliteConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#foreignAppends = new ForeignAppends(connection);
  }

  /** Works on a connection whose schema is up to date, and closes it in the end. */
  static on(connection: SqliteConnection, clock: Clock): SqliteRunStore {
    return new SqliteRunStore(connection, clock);
  }

  async createRun(run: NewRun, claim?: LeaseClaim): Promise<CreateRunResult> {
    return this.#flushed((now) => createRun(this.#connection, run, claim, now));
  }

  async getRun(runId: string): Promise<Run | undefined> {
    return getRun(this.#connection, runId);
  }

  async listRuns(query: RunQuery): Promise<RunPage> {
    return listRuns(this.#connection, query);
  }

  async getThread(threadId: string): Promise<ThreadOwner | undefined> {
    return getThread(this.#connection, threadId);
  }

  async listThreads(query: ThreadQuery): Promise<ThreadPage> {
    return listThreads(this.#connection, query);
  }

  async deleteThread(threadId: string): Promise<"deleted" | "busy" | "unknown"> {
    return this.#flushed(() => deleteThread(this.#connection, threadId));
  }

  async claimRuns(claim: LeaseClaim, limits: ClaimLimits): Promise<readonly ClaimedRun[]> {
    if (claimableRuns(this.#connection, limits, this.#clock.now()).length === 0) return [];
    return this.#connection.write("written", () => claimRuns(this.#connection, claim, limits, this.#clock.now()));
  }

  async renewLeases(claim: LeaseClaim, leases: readonly Lease[]): Promise<readonly RenewedLease[]> {
    return this.#connection.write("written", () => renewLeases(this.#connection, claim, leases, this.#clock.now()));
  }

  async releaseLease(lease: Lease): Promise<boolean> {
    return releaseLease(this.#connection, lease);
  }

  async requestCancel(runId: string, by: string): Promise<Run | undefined> {
    return this.#flushed((now) => requestCancel(this.#connection, runId, by, now));
  }

  async noteFollowed(runIds: readonly string[], forMs: number): Promise<void> {
    if (runIds.length === 0) return;
    this.#connection.write("written", () => noteFollowed(this.#connection, runIds, this.#clock.now() + forMs));
  }

  async cancelUnwatched(request: UnwatchedRequest): Promise<readonly string[]> {
    if (unwatchedRuns(this.#connection, request, this.#clock.now()).length === 0) return [];
    return this.#flushed((now) => cancelUnwatched(this.#connection, request, now));
  }

  async append(batch: readonly Append[]): Promise<readonly AppendResult[]> {
    const prepared = batch.map(prepareAppend);
    return this.#connection.write(prepared.some(isFlushed) ? "flushed" : "written", () => {
      const now = this.#clock.now();
      return prepared.map((append) => appendPrepared(this.#connection, append, now));
    });
  }

  async readEntries(runId: string, after: Offset, limit: number): Promise<readonly Entry[]> {
    return readEntries(this.#connection, runId, after, limit);
  }

  async lastOffset(runId: string): Promise<Offset | undefined> {
    return lastOffset(this.#connection, runId);
  }

  async getInterrupt(interruptId: string): Promise<Interrupt | undefined> {
    return getInterrupt(this.#connection, interruptId, this.#clock.now());
  }

  async listInterrupts(query: InterruptQuery): Promise<InterruptPage> {
    return listInterrupts(this.#connection, query, this.#clock.now());
  }

  async answerInterrupts(request: AnswerRequest, claim?: LeaseClaim): Promise<AnswerResult> {
    return this.#flushed((now) => answerInterrupts(this.#connection, request, claim, now));
  }

  async cancelSuspended(request: CancelRequest, claim?: LeaseClaim): Promise<CancelResult> {
    return this.#flushed((now) => cancelSuspended(this.#connection, request, claim, now));
  }

  async getChildRun(runId: string): Promise<Run | undefined> {
    return getChildRun(this.#connection, runId);
  }

  async listAudit(runId: string): Promise<readonly AuditEntry[]> {
    return listAudit(this.#connection, runId);
  }

  async listUsage(runId: string): Promise<readonly UsageEntry[]> {
    return listUsage(this.#connection, runId);
  }

  async settleUsage(late: LateUsage): Promise<boolean> {
    return this.#flushed((now) => settleUsage(this.#connection, late, now));
  }

  async getBill(runId: string): Promise<Bill | undefined> {
    return getBill(this.#connection, runId);
  }

  async listBilledRuns(query: UsageQuery): Promise<readonly BilledRun[]> {
    return listBilledRuns(this.#connection, query);
  }

  async claimDeliveries(claim: DeliveryClaim): Promise<readonly Delivery[]> {
    if (!isAnyDeliveryDue(this.#connection, claim, this.#clock.now())) return [];
    // On the disk before anything is sent: a try that nobody remembers could charge twice.
    return this.#flushed((now) => claimDeliveries(this.#connection, claim, now));
  }

  async settleDelivery(outcome: DeliveryOutcome): Promise<boolean> {
    return this.#flushed((now) => settleDelivery(this.#connection, outcome, now));
  }

  async listDeliveries(query: DeliveryQuery): Promise<DeliveryPage> {
    return listDeliveries(this.#connection, query);
  }

  async replayDelivery(delivery: Pick<Delivery, "runId" | "sink">): Promise<boolean> {
    return this.#flushed((now) => replayDelivery(this.#connection, delivery, now));
  }

  onForeignAppend(listener: () => void): () => void {
    return this.#foreignAppends.listen(listener);
  }

  async ping(): Promise<void> {
    this.#connection.get("SELECT count(*) FROM sqlite_schema");
  }

  async close(): Promise<void> {
    this.#foreignAppends.close();
    this.#connection.close();
  }

  /** A transaction that is on the disk before it is acknowledged; `work` is given the time, in milliseconds since the Unix epoch. */
  #flushed<Result>(work: (now: number) => Result): Result {
    return this.#connection.write("flushed", () => work(this.#clock.now()));
  }
}
