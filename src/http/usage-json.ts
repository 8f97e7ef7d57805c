import type { Bill, BillLine, Totals } from "../core/bill.ts";
import type { JsonObject } from "../core/json.ts";
import type { ModelCall } from "../core/ledger.ts";
import type { RunUsage } from "../core/protocol.ts";
import type { UsageRow } from "../core/usage-report.ts";
import { isoTime } from "./iso-time.ts";

/** What a run used as the API shows it: its model calls, both totals, and its bill once there is one. Times are ISO 8601. */
export function runUsageJson({ runId, entries, totals, bill }: RunUsage): JsonObject {
  return {
    runId,
    entries: entries.map(callJson),
    totals: { billable: totalsJson(totals.billable), cost: totalsJson(totals.cost) },
    bill: bill && billJson(bill),
  };
}

/** A row of a report as the API shows it. */
export function usageRowJson({ key, runs, billable, cost }: UsageRow): JsonObject {
  return { key, runs, billable: totalsJson(billable), cost: totalsJson(cost) };
}

/** A bill as the API shows it. */
export function billJson(bill: Bill): JsonObject {
  return {
    runId: bill.runId,
    threadId: bill.threadId,
    resourceId: bill.resourceId,
    agentId: bill.agentId,
    status: bill.status,
    policy: bill.policy,
    at: isoTime(bill.at),
    billable: totalsJson(bill.billable),
    cost: totalsJson(bill.cost),
    lines: bill.lines.map(lineJson),
    priceVersion: bill.priceVersion,
  };
}

function lineJson(line: BillLine): JsonObject {
  return { agentId: line.agentId, provider: line.provider, modelId: line.modelId, ...totalsJson(line) };
}

function totalsJson({ usage, calls, amount, currency, unpricedModels }: Totals): JsonObject {
  return { usage: { ...usage }, calls: { ...calls }, amount, currency, unpricedModels };
}

function callJson(call: ModelCall): JsonObject {
  return {
    attempt: call.attempt,
    path: call.path,
    call: call.call,
    state: call.state,
    agentId: call.agentId,
    provider: call.provider,
    modelId: call.modelId,
    usage: call.usage && { ...call.usage },
    basis: call.basis,
    bounds: call.bounds && { lower: { ...call.bounds.lower }, upper: { ...call.bounds.upper } },
    isSuperseded: call.isSuperseded,
    startedAt: isoTime(call.startedAt),
    at: isoTime(call.at),
  };
}
