import { modelCallsOf } from "../../core/ledger.ts";
import type { TerminalEvent } from "../../core/event.ts";
import type { Append } from "../../core/store.ts";
import type { BilledRun, UsageQuery } from "../../core/usage-report.ts";
import { billAtEnd, type BilledSubject } from "../ledger-rules.ts";
import { jsonCopy, type MemoryData } from "./data.ts";
import { listUsage } from "./ledger.ts";

export function insertBill(data: MemoryData, run: BilledSubject, end: TerminalEvent, billing: Append["billing"], now: number): void {
  data.bills.set(run.id, jsonCopy(billAtEnd(run, end, listUsage(data, run.id), billing, now)));
}

export function listBilledRuns(data: MemoryData, { resourceId, from, to }: UsageQuery): readonly BilledRun[] {
  return [...data.bills.values()]
    .filter(
      (bill) => (resourceId === undefined || bill.resourceId === resourceId) && (from === undefined || bill.at >= from) && (to === undefined || bill.at < to),
    )
    .toSorted((one, other) => one.at - other.at)
    .map((bill) => ({ bill, calls: modelCallsOf(listUsage(data, bill.runId), bill.agentId) }));
}
