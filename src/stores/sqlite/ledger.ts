import type { LateUsage, ModelCallKey, UsageBounds, UsageEntry, UsageState } from "../../core/ledger.ts";
import type { Usage } from "../../core/usage.ts";
import { lateEntry } from "../ledger-rules.ts";
import type { SqliteConnection } from "./connection.ts";

const INSERT = `INSERT INTO usage (run_id, attempt, path, call, state, at, agent_id, provider, model_id, usage, basis, bounds, is_superseded)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, attempt, path, call, state) DO NOTHING`;

/** Adds rows; one that a call has in that state already changes nothing. Part of a transaction. */
export function insertUsage(connection: SqliteConnection, entries: readonly UsageEntry[]): void {
  for (const entry of entries) {
    connection.run(
      INSERT,
      entry.runId,
      entry.attempt,
      entry.path,
      entry.call,
      entry.state,
      entry.at,
      entry.agentId ?? null,
      entry.provider ?? null,
      entry.modelId ?? null,
      entry.usage === undefined ? null : JSON.stringify(entry.usage),
      entry.basis ?? null,
      entry.bounds === undefined ? null : JSON.stringify(entry.bounds),
      entry.isSuperseded === true ? 1 : 0,
    );
  }
}

/** A row of `usage`. */
export interface UsageRow {
  readonly run_id: string;
  readonly attempt: number;
  readonly path: string;
  readonly call: number;
  readonly state: UsageState;
  readonly at: number;
  readonly agent_id: string | null;
  readonly provider: string | null;
  readonly model_id: string | null;
  readonly usage: string | null;
  readonly basis: NonNullable<UsageEntry["basis"]> | null;
  readonly bounds: string | null;
  readonly is_superseded: number;
}

export function usageEntryOf(row: UsageRow): UsageEntry {
  return {
    runId: row.run_id,
    attempt: row.attempt,
    path: row.path,
    call: row.call,
    state: row.state,
    at: row.at,
    ...(row.agent_id !== null && { agentId: row.agent_id }),
    ...(row.provider !== null && { provider: row.provider }),
    ...(row.model_id !== null && { modelId: row.model_id }),
    ...(row.usage !== null && { usage: JSON.parse(row.usage) as Usage }),
    ...(row.basis !== null && { basis: row.basis }),
    ...(row.bounds !== null && { bounds: JSON.parse(row.bounds) as UsageBounds }),
    ...(row.is_superseded === 1 && { isSuperseded: true }),
  };
}

export function listUsage(connection: SqliteConnection, runId: string): readonly UsageEntry[] {
  return (connection.all("SELECT * FROM usage WHERE run_id = ? ORDER BY sequence", runId) as readonly UsageRow[]).map(usageEntryOf);
}

/** The body of a transaction that adds a figure that came late; whether it changed anything. */
export function settleUsage(connection: SqliteConnection, late: LateUsage, now: number): boolean {
  if (!hasState(connection, late.runId, late, "pending") || hasState(connection, late.runId, late, "settled")) return false;
  insertUsage(connection, [lateEntry(late, now)]);
  return true;
}

function hasState(connection: SqliteConnection, runId: string, { attempt, path, call }: ModelCallKey, state: UsageState): boolean {
  const sql = "SELECT 1 FROM usage WHERE run_id = ? AND attempt = ? AND path = ? AND call = ? AND state = ?";
  return connection.get(sql, runId, attempt, path, call, state) !== undefined;
}
