import type { AuditEntry } from "../../core/audit.ts";
import type { Bill } from "../../core/bill.ts";
import { systemClock, type Clock } from "../../core/clock.ts";
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
import { refuseClosedStore } from "../log-rules.ts";
import { answerInterrupts, cancelSuspended } from "./answers.ts";
import { listAudit } from "./audit.ts";
import { listBilledRuns } from "./bills.ts";
import { emptyData, type MemoryData } from "./data.ts";
import { appendBatch, lastOffset, readEntries } from "./entries.ts";
import { getInterrupt, listInterrupts } from "./interrupts.ts";
import { claimRuns, releaseLease, renewLeases } from "./leases.ts";
import { listUsage, settleUsage } from "./ledger.ts";
import { claimDeliveries, listDeliveries, replayDelivery, settleDelivery } from "./outbox.ts";
import { createRun, getChildRun, listRuns, requestCancel } from "./runs.ts";
import { deleteThread, listThreads } from "./threads.ts";
import { cancelUnwatched, noteFollowed } from "./unwatched.ts";

/**
 * Keeps runs in the memory of this process: for tests and trials. Nothing outlives the process, bills included, and every read walks all
 * runs, since this store is what the others are compared with and must be plainly right.
 */
export class MemoryRunStore implements RunStore {
  readonly #clock: Clock;
  readonly #data: MemoryData = emptyData();
  #isClosed = false;

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Opens an empty store. */
  static open(options: { readonly clock?: Clock } = {}): Promise<MemoryRunStore> {
    return Promise.resolve(new MemoryRunStore(options.clock ?? systemClock));
  }

  async createRun(request: NewRun, claim?: LeaseClaim): Promise<CreateRunResult> {
    return createRun(this.#open(), request, claim, this.#clock.now());
  }

  async getRun(runId: string): Promise<Run | undefined> {
    return this.#open().runs.get(runId)?.run;
  }

  async listRuns(query: RunQuery): Promise<RunPage> {
    return listRuns(this.#open(), query);
  }

  async getThread(threadId: string): Promise<ThreadOwner | undefined> {
    return this.#open().threads.get(threadId);
  }

  async listThreads(query: ThreadQuery): Promise<ThreadPage> {
    return listThreads(this.#open(), query);
  }

  async deleteThread(threadId: string): Promise<"deleted" | "busy" | "unknown"> {
    return deleteThread(this.#open(), threadId);
  }

  async claimRuns(claim: LeaseClaim, limits: { readonly limit: number; readonly pendingLimit: number }): Promise<readonly ClaimedRun[]> {
    return claimRuns(this.#open(), claim, limits, this.#clock.now());
  }

  async renewLeases(claim: LeaseClaim, leases: readonly Lease[]): Promise<readonly RenewedLease[]> {
    return renewLeases(this.#open(), claim, leases, this.#clock.now());
  }

  async releaseLease(lease: Lease): Promise<boolean> {
    return releaseLease(this.#open(), lease);
  }

  async requestCancel(runId: string, by: string): Promise<Run | undefined> {
    return requestCancel(this.#open(), runId, by, this.#clock.now());
  }

  async noteFollowed(runIds: readonly string[], forMs: number): Promise<void> {
    noteFollowed(this.#open(), runIds, this.#clock.now() + forMs);
  }

  async cancelUnwatched(request: UnwatchedRequest): Promise<readonly string[]> {
    return cancelUnwatched(this.#open(), request, this.#clock.now());
  }

  async append(batch: readonly Append[]): Promise<readonly AppendResult[]> {
    return appendBatch(this.#open(), batch, this.#clock.now());
  }

  async readEntries(runId: string, after: Offset, limit: number): Promise<readonly Entry[]> {
    return readEntries(this.#open(), runId, after, limit);
  }

  async lastOffset(runId: string): Promise<Offset | undefined> {
    return lastOffset(this.#open(), runId);
  }

  async getInterrupt(interruptId: string): Promise<Interrupt | undefined> {
    return getInterrupt(this.#open(), interruptId, this.#clock.now());
  }

  async listInterrupts(query: InterruptQuery): Promise<InterruptPage> {
    return listInterrupts(this.#open(), query, this.#clock.now());
  }

  async answerInterrupts(request: AnswerRequest, claim?: LeaseClaim): Promise<AnswerResult> {
    return answerInterrupts(this.#open(), request, claim, this.#clock.now());
  }

  async cancelSuspended(request: CancelRequest, claim?: LeaseClaim): Promise<CancelResult> {
    return cancelSuspended(this.#open(), request, claim, this.#clock.now());
  }

  async getChildRun(runId: string): Promise<Run | undefined> {
    return getChildRun(this.#open(), runId);
  }

  async listAudit(runId: string): Promise<readonly AuditEntry[]> {
    return listAudit(this.#open(), runId);
  }

  async listUsage(runId: string): Promise<readonly UsageEntry[]> {
    return listUsage(this.#open(), runId);
  }

  async settleUsage(late: LateUsage): Promise<boolean> {
    return settleUsage(this.#open(), late, this.#clock.now());
  }

  async getBill(runId: string): Promise<Bill | undefined> {
    return this.#open().bills.get(runId);
  }

  async listBilledRuns(query: UsageQuery): Promise<readonly BilledRun[]> {
    return listBilledRuns(this.#open(), query);
  }

  async claimDeliveries(claim: DeliveryClaim): Promise<readonly Delivery[]> {
    return claimDeliveries(this.#open(), claim, this.#clock.now());
  }

  async settleDelivery(outcome: DeliveryOutcome): Promise<boolean> {
    return settleDelivery(this.#open(), outcome, this.#clock.now());
  }

  async listDeliveries(query: DeliveryQuery): Promise<DeliveryPage> {
    return listDeliveries(this.#open(), query);
  }

  async replayDelivery(delivery: Pick<Delivery, "runId" | "sink">): Promise<boolean> {
    return replayDelivery(this.#open(), delivery, this.#clock.now());
  }

  onForeignAppend(): () => void {
    return () => undefined;
  }

  async ping(): Promise<void> {
    this.#open();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #open(): MemoryData {
    if (this.#isClosed) refuseClosedStore();
    return this.#data;
  }
}
