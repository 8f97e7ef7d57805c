import { billOf, type Bill, type BillingPolicy } from "../core/bill.ts";
import { statusAfter, type RunEvent, type TerminalEvent } from "../core/event.ts";
import { innermost, modelCallsOf, usageEntryOf, type LateUsage, type UsageEntry } from "../core/ledger.ts";
import type { Lease } from "../core/lease.ts";
import type { Append } from "../core/store.ts";

const TOLD_IN: ReadonlySet<RunEvent["type"]> = new Set<RunEvent["type"]>(["model-called", "model-finished", "model-cut"]);

/** The events that may add rows to the ledger. Walked for every append, and most hold text alone: one look into a set for each event. */
export function ledgerEvents(events: readonly RunEvent[]): readonly RunEvent[] {
  return events.filter((event) => TOLD_IN.has(event.type === "nested" ? innermost(event).inner.type : event.type));
}

/** The rows that the events of an append add. `at`: when they are committed, in milliseconds since the Unix epoch. */
export function usageOf({ runId, epoch }: Lease, events: readonly RunEvent[], at: number): readonly UsageEntry[] {
  return events.flatMap((event) => usageEntryOf(runId, { event, attempt: epoch, at }) ?? []);
}

/** The row that a late figure adds. Which model it was is said by the call's first row. */
export function lateEntry({ runId, attempt, path, call, usage }: LateUsage, at: number): UsageEntry {
  return { runId, attempt, path, call, state: "settled", at, usage, basis: "provider" };
}

/** What the bill of a run says of it. */
export interface BilledSubject {
  readonly id: string;
  readonly threadId: string;
  readonly resourceId: string;
  readonly agentId: string;
  readonly billingPolicy: BillingPolicy;
}

/** The bill of a run that ends. `entries`: its whole ledger, with the rows that the last append added. */
export function billAtEnd(run: BilledSubject, end: TerminalEvent, entries: readonly UsageEntry[], billing: Append["billing"], at: number): Bill {
  const { id: runId, threadId, resourceId, agentId, billingPolicy: policy } = run;
  return billOf({ runId, threadId, resourceId, agentId, status: statusAfter(end), policy, at }, modelCallsOf(entries, agentId), billing?.prices);
}
