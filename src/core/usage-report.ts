import { addTotals, linesOf, modelName, type Bill, type BillLine, type PriceTable, type Totals } from "./bill.ts";
import type { ModelCall } from "./ledger.ts";

export const USAGE_GROUPS = ["resource", "agent", "model"] as const;

export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** Which runs a report is about: those that ended in the period, by the time on their bill. */
export interface UsageQuery {
  /** Left out by the command line only, which reads the file as its owner. */
  readonly resourceId?: string;
  /** From this time on, in milliseconds since the Unix epoch. */
  readonly from?: number;
  /** Before this time. */
  readonly to?: number;
}

/** A run that ended: its bill, and its ledger as it is now. */
export interface BilledRun {
  readonly bill: Bill;
  readonly calls: readonly ModelCall[];
}

export interface UsageRow {
  /** The resource, the agent, or `provider/modelId`. */
  readonly key: string;
  /** How many runs have part in it. */
  readonly runs: number;
  readonly billable: Totals;
  readonly cost: Totals;
}

const NOTHING: Totals = { usage: {}, calls: { pending: 0, settled: 0, estimated: 0, unknown: 0 } };

/**
 * Sums up runs by group, the group's names in order. The billable side is what the bills say; the cost side is the ledger, which a figure
 * that came late may have corrected since. A run without a model call appears in the groups of its resource and its agent.
 */
export function usageReport(runs: readonly BilledRun[], groupBy: UsageGroup, prices?: PriceTable): readonly UsageRow[] {
  const rows = new Map<string, { runs: Set<string>; billable: Totals | undefined; cost: Totals | undefined }>();
  const rowOf = (key: string, runId: string): { billable: Totals | undefined; cost: Totals | undefined } => {
    const row = rows.get(key) ?? { runs: new Set<string>(), billable: undefined, cost: undefined };
    rows.set(key, row);
    row.runs.add(runId);
    return row;
  };
  for (const { bill, calls } of runs) {
    const keyOf = (line: BillLine): string => (groupBy === "resource" ? bill.resourceId : groupBy === "agent" ? line.agentId : modelName(line));
    if (groupBy !== "model") rowOf(groupBy === "resource" ? bill.resourceId : bill.agentId, bill.runId);
    for (const line of bill.lines) {
      const row = rowOf(keyOf(line), bill.runId);
      row.billable = row.billable === undefined ? totalsIn(line) : addTotals(row.billable, totalsIn(line));
    }
    for (const line of linesOf(calls, prices)) {
      const row = rowOf(keyOf(line), bill.runId);
      row.cost = row.cost === undefined ? totalsIn(line) : addTotals(row.cost, totalsIn(line));
    }
  }
  return [...rows]
    .toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    .map(([key, row]) => ({ key, runs: row.runs.size, billable: row.billable ?? NOTHING, cost: row.cost ?? NOTHING }));
}

function totalsIn(line: BillLine): Totals {
  const { agentId: _agentId, provider: _provider, modelId: _modelId, ...totals } = line;
  return totals;
}
