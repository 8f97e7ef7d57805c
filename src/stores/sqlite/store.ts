import type { Clock } from "../../core/clock.ts";
import type { Entry } from "../../core/entry.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { Lease, LeaseClaim } from "../../core/lease.ts";
import type { Offset } from "../../core/offset.ts";
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
} from "../../core/store.ts";
import type { SqliteConnection } from "./connection.ts";
import { appendPrepared, lastOffset, prepareAppend, readEntries } from "./entries.ts";
import { ForeignAppends } from "./foreign-appends.ts";
import { listInterrupts } from "./interrupts.ts";
import { claimableRuns, claimRuns, releaseLease, renewLeases, type ClaimLimits } from "./leases.ts";
import { createRun, getRun, listRuns, requestCancel } from "./runs.ts";
import { deleteThread, getThread, listThreads } from "./threads.ts";

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
    return this.#connection.write("flushed", () => createRun(this.#connection, run, claim, this.#clock.now()));
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
    return this.#connection.write("flushed", () => deleteThread(this.#connection, threadId));
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

  async requestCancel(runId: string): Promise<Run | undefined> {
    return this.#connection.write("flushed", () => {
      requestCancel(this.#connection, runId);
      return getRun(this.#connection, runId);
    });
  }

  async append(batch: readonly Append[]): Promise<readonly AppendResult[]> {
    const prepared = batch.map(prepareAppend);
    const isFlushed = prepared.some(({ append, end }) => append.isDurable === true || end !== undefined);
    return this.#connection.write(isFlushed ? "flushed" : "written", () => {
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

  async listInterrupts(runId: string): Promise<readonly Interrupt[]> {
    return listInterrupts(this.#connection, runId);
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
}
