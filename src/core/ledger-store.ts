import type { Bill } from "./bill.ts";
import type { LateUsage, UsageEntry } from "./ledger.ts";
import type { Delivery, DeliveryClaim, DeliveryOutcome, DeliveryPage, DeliveryQuery } from "./outbox.ts";
import type { BilledRun, UsageQuery } from "./usage-report.ts";

/**
 * PORT: what model calls used, what each run is charged, and the way of the bills to outside systems. Rows of usage are written by
 * {@link RunStore.append}, as the projection of the events that it appends. Bills and usage outlive the thread of their run.
 *
 * INVARIANT: usage is written in the transaction of the events that tell of it
 * INVARIANT: a run has one bill, written in the transaction of its terminal event
 * INVARIANT: a figure that comes late settles its own call and leaves the bill as it is
 * INVARIANT: a bill has one delivery for each sink, written in the transaction of the bill
 * INVARIANT: a delivery is taken by one dispatcher at a time, and not before its time
 */
export interface LedgerStore {
  /** The rows of a run in the order in which they were written. */
  listUsage(runId: string): Promise<readonly UsageEntry[]>;
  /**
   * Adds the provider's figure to a call whose attempt no longer holds the run: the money was spent. Whether it changed anything: a call
   * that nobody knows, or that is settled, stays as it is.
   */
  settleUsage(late: LateUsage): Promise<boolean>;
  getBill(runId: string): Promise<Bill | undefined>;
  /** The runs whose bill falls into the period, with their ledgers, oldest first. */
  listBilledRuns(query: UsageQuery): Promise<readonly BilledRun[]>;

  /** Takes deliveries whose time has come, oldest first, and counts a try. */
  claimDeliveries(claim: DeliveryClaim): Promise<readonly Delivery[]>;
  /** Writes down what a try gave; `false` when the delivery was sent already or is not known. */
  settleDelivery(outcome: DeliveryOutcome): Promise<boolean>;
  /** Newest first. */
  listDeliveries(query: DeliveryQuery): Promise<DeliveryPage>;
  /** Puts a dead or held delivery back, to be tried at once and from the beginning; `false` for any other. */
  replayDelivery(delivery: { readonly runId: string; readonly sink: string }): Promise<boolean>;
}
