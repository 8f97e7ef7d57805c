import type { Entry } from "./entry.ts";
import type { RunEvent, TerminalEvent } from "./event.ts";
import type { BillingPolicy, PriceTable } from "./bill.ts";
import type { InterruptStore } from "./interrupt-store.ts";
import type { Lease, LeaseClaim } from "./lease.ts";
import type { LedgerStore } from "./ledger-store.ts";
import type { Offset } from "./offset.ts";
import type { BusyThreadPolicy, Run, RunInput, RunStatus } from "./run.ts";

/**
 * PORT: where runs, their logs and leases live; {@link InterruptStore} and {@link LedgerStore} are parts of it. `testkit/store-suite.ts`
 * tests every line of the three that begins with INVARIANT, in the same words, against every store.
 *
 * Expected outcomes are values. What a store throws is a HoldfastError: STORE_UNAVAILABLE when the same call may succeed
 * later (nothing of it was written), STORE_SCHEMA_MISMATCH when the data was written by a newer version.
 *
 * INVARIANT: the log of a run is dense and append-only: no hole, no duplicate, no reorder
 * INVARIANT: an append under a stale epoch is refused and writes nothing
 * INVARIANT: a batch commits whole, and a refused append of the batch does not hold back the others
 * INVARIANT: a terminal event ends the run in the same transaction, and nothing is appended after it
 * INVARIANT: two runs started at once on one thread: one is created, the other finds the thread busy
 * INVARIANT: the same idempotency key of one resource gives the same run; with another fingerprint it is a mismatch
 * INVARIANT: a thread belongs to the resource that first ran on it
 * INVARIANT: one claim wins, and each claim raises the epoch
 * INVARIANT: a run is claimed again only after its lease expired or was released
 * INVARIANT: a claim of an expired lease counts a crash, a claim of a released one does not
 * INVARIANT: a queued run is claimed only when its thread has no earlier active run
 * INVARIANT: a requested cancel is seen by the holder at its next renewal
 * INVARIANT: a run that begins to wait lets go of its lease in the same transaction, and keeps its thread
 * INVARIANT: a waiting run is claimed only once its hold is over or its cancel was requested, and that counts no crash
 * INVARIANT: runs that go on with their answers are claimed before the pending ones and within their limit, what was handed over beyond it
 * INVARIANT: a run is found by the client's id of each request that answered it too, and keeps the one that it was started under
 * INVARIANT: a run counts as followed from its creation, and for as long as its readers say, from any process
 * INVARIANT: a node asks runs to stop that nobody follows: those that it holds and those that wait, and no others
 * INVARIANT: a run that nobody follows is asked to stop once, by the system and with the reason, in the transaction of its audit row
 * INVARIANT: what was acknowledged is there after a reopen
 */
export interface RunStore extends InterruptStore, LedgerStore {
  /** Creates a run with its first events, in one transaction; claimed at once when `claim` is given and the run need not wait. */
  createRun(run: NewRun, claim?: LeaseClaim): Promise<CreateRunResult>;
  getRun(runId: string): Promise<Run | undefined>;
  /** Runs of one resource, newest first. */
  listRuns(query: RunQuery): Promise<RunPage>;

  getThread(threadId: string): Promise<ThreadOwner | undefined>;
  /** Threads of one resource, the one with the newest run first. */
  listThreads(query: ThreadQuery): Promise<ThreadPage>;
  /** Forgets a thread with all its ended runs; refused while a run is active on it. */
  deleteThread(threadId: string): Promise<"deleted" | "busy" | "unknown">;

  /**
   * Claims up to `limit` runs that may be worked on now: ones whose lease ended, waiting ones that are to be ended, and, `pendingLimit` of
   * them at most, ones that go on with their answers and pending ones whose turn it is.
   */
  claimRuns(claim: LeaseClaim, limits: { readonly limit: number; readonly pendingLimit: number }): Promise<readonly ClaimedRun[]>;
  /** Renews the given leases of the owner; what is not in the answer is lost. A lease of the owner that is not given expires. */
  renewLeases(claim: LeaseClaim, leases: readonly Lease[]): Promise<readonly RenewedLease[]>;
  /** Gives a run back at once, to be claimed by whoever comes first. */
  releaseLease(lease: Lease): Promise<boolean>;
  /**
   * Asks for a run to stop; `undefined` for an unknown run, the run as it then is otherwise. The first request leaves an audit row; `by`:
   * the resource of the principal that asks.
   */
  requestCancel(runId: string, by: string): Promise<Run | undefined>;

  /**
   * Readers follow these runs, and will for `forMs` (milliseconds) from now; what they said before is not shortened. Runs that ended or are
   * unknown are left out.
   */
  noteFollowed(runIds: readonly string[], forMs: number): Promise<void>;
  /** Asks runs to stop that nobody has followed for a time, the oldest first; their ids. */
  cancelUnwatched(request: UnwatchedRequest): Promise<readonly string[]>;

  /** Appends to several runs in one transaction; the results stand in the order of the batch. */
  append(batch: readonly Append[]): Promise<readonly AppendResult[]>;
  /** Up to `limit` entries strictly after `after`, in order. */
  readEntries(runId: string, after: Offset, limit: number): Promise<readonly Entry[]>;
  /** Offset of the newest entry. */
  lastOffset(runId: string): Promise<Offset | undefined>;

  /**
   * Calls the listener when another process may have appended; the reader then looks for itself. Stores that only one process
   * can open never call it. Returns the function that stops it.
   */
  onForeignAppend(listener: () => void): () => void;
  /** Resolves when the store answers, for readiness checks. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface NewRun {
  readonly id: string;
  readonly threadId: string;
  readonly resourceId: string;
  readonly agentId: string;
  readonly messageId: string;
  readonly parentRunId?: string;
  readonly clientRunId?: string;
  readonly input: RunInput;
  readonly onBusyThread: BusyThreadPolicy;
  readonly billingPolicy: BillingPolicy;
  /** Unique per resource; the fingerprint tells whether the request behind it is the same. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
}

export type CreateRunResult =
  | { readonly outcome: "created"; readonly run: Run; readonly lease?: Lease }
  /** The idempotency key was used by the same request before. */
  | { readonly outcome: "existing"; readonly run: Run }
  | { readonly outcome: "thread-busy"; readonly activeRunId: string }
  | { readonly outcome: "idempotency-mismatch" }
  /** The thread belongs to another resource. */
  | { readonly outcome: "foreign-thread" };

export interface RunQuery {
  /** Left out by the command line only, which reads the file as its owner. */
  readonly resourceId?: string;
  readonly threadId?: string;
  /** The one that the run was started under, or one of a request that answered it. */
  readonly clientRunId?: string;
  readonly statuses?: readonly RunStatus[];
  /** From a page before. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface RunPage {
  readonly runs: readonly Run[];
  readonly nextCursor?: string;
}

export interface ThreadOwner {
  readonly threadId: string;
  readonly resourceId: string;
  /** The agent of the thread's newest run. */
  readonly agentId: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly lastRunAt: number;
}

export interface ThreadQuery {
  readonly resourceId: string;
  readonly cursor?: string;
  readonly limit: number;
}

export interface ThreadPage {
  readonly threads: readonly ThreadOwner[];
  readonly nextCursor?: string;
}

export interface ClaimedRun {
  readonly run: Run;
  readonly lease: Lease;
}

export interface RenewedLease extends Lease {
  readonly cancelRequested: boolean;
}

export interface UnwatchedRequest {
  /** The owner of the leases of running runs that are looked at. Waiting runs are anybody's; pending ones are not looked at. */
  readonly owner: string;
  /** For how long nobody followed them, in milliseconds. */
  readonly unwatchedMs: number;
  /** Becomes the {@link Run.cancelReason} of the runs. */
  readonly reason: string;
  readonly limit: number;
}

/** Events for one run's log. A terminal event, or one that begins a wait, is the last. */
export interface Append extends Lease {
  readonly events: readonly RunEvent[];
  /**
   * Flush to the disk before it is acknowledged. Text that is still streaming need not be: it survives a killed process anyway.
   * A terminal event always is, and one that begins a wait.
   */
  readonly isDurable?: boolean;
  /** How a run that ends with these events is billed: the prices of its amounts, and the names of the sinks that get the bill. */
  readonly billing?: { readonly prices?: PriceTable; readonly sinks: readonly string[] };
}

export type AppendResult =
  /**
   * `entries`: what was written. `goesOn`: the answers to all that the run asked had come, so that they stand in the log in place of the
   * `run-suspended` that was to end it, and the run may be claimed by whoever comes first.
   */
  { readonly outcome: "appended"; readonly entries: readonly Entry[]; readonly end?: TerminalEvent; readonly goesOn?: true } | { readonly outcome: "fenced" };
