import type { Bill } from "../../core/bill.ts";
import { modelCallsOf, type UsageEntry } from "../../core/ledger.ts";
import type { BilledRun, UsageQuery } from "../../core/usage-report.ts";
import type { SqliteConnection } from "./connection.ts";
import { usageEntryOf, type UsageRow } from "./ledger.ts";

/** Writes the one bill of a run, in the transaction of its terminal event. */
export function insertBill(connection: SqliteConnection, bill: Bill): void {
  const sql = "INSERT INTO bills (run_id, resource_id, agent_id, at, bill) VALUES (?, ?, ?, ?, ?)";
  connection.run(sql, bill.runId, bill.resourceId, bill.agentId, bill.at, JSON.stringify(bill));
}

export function getBill(connection: SqliteConnection, runId: string): Bill | undefined {
  const row = connection.get("SELECT bill FROM bills WHERE run_id = ?", runId) as { bill: string } | undefined;
  return row && (JSON.parse(row.bill) as Bill);
}

/** Whether a run of this id has ended, be it forgotten since. */
export function isBilled(connection: SqliteConnection, runId: string): boolean {
  return connection.get("SELECT 1 FROM bills WHERE run_id = ?", runId) !== undefined;
}

/** The rows of all runs come in one statement: by run they would be one for each bill. */
export function listBilledRuns(connection: SqliteConnection, query: UsageQuery): readonly BilledRun[] {
  const { condition, parameters } = conditionOf(query);
  const bills = connection.all(`SELECT bill FROM bills WHERE ${condition} ORDER BY at, sequence`, ...parameters) as readonly { bill: string }[];
  const rows = connection.all(
    `SELECT * FROM usage WHERE run_id IN (SELECT run_id FROM bills WHERE ${condition}) ORDER BY sequence`,
    ...parameters,
  ) as readonly UsageRow[];
  const entries = Map.groupBy(rows.map(usageEntryOf), ({ runId }): string => runId);
  return bills.map((row) => billedRunOf(JSON.parse(row.bill) as Bill, entries));
}

function billedRunOf(bill: Bill, entries: ReadonlyMap<string, readonly UsageEntry[]>): BilledRun {
  return { bill, calls: modelCallsOf(entries.get(bill.runId) ?? [], bill.agentId) };
}

function conditionOf({ resourceId, from, to }: UsageQuery): { readonly condition: string; readonly parameters: readonly (string | number)[] } {
  const conditions = ["TRUE"];
  const parameters: (string | number)[] = [];
  if (resourceId !== undefined) {
    conditions.push("resource_id = ?");
    parameters.push(resourceId);
  }
  if (from !== undefined) {
    conditions.push("at >= ?");
    parameters.push(from);
  }
  if (to !== undefined) {
    conditions.push("at < ?");
    parameters.push(to);
  }
  return { condition: conditions.join(" AND "), parameters };
}
