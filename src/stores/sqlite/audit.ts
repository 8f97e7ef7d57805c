import type { AuditAction, AuditEntry } from "../../core/audit.ts";
import type { SqliteConnection } from "./connection.ts";

const INSERT = "INSERT INTO audit (run_id, resource_id, action, actor, interrupt_id, at) VALUES (?, ?, ?, ?, ?, ?)";

/** Writes down who did something to a run, in the transaction that does it. */
export function insertAudit(connection: SqliteConnection, entry: AuditEntry): void {
  const { runId, resourceId, action, actor, interruptId, at } = entry;
  connection.run(INSERT, runId, resourceId, action, actor, interruptId ?? null, at);
}

interface AuditRow {
  readonly resource_id: string;
  readonly action: AuditAction;
  readonly actor: string;
  readonly interrupt_id: string | null;
  readonly at: number;
}

export function listAudit(connection: SqliteConnection, runId: string): readonly AuditEntry[] {
  const sql = "SELECT resource_id, action, actor, interrupt_id, at FROM audit WHERE run_id = ? ORDER BY sequence";
  return (connection.all(sql, runId) as readonly AuditRow[]).map((row) => ({
    runId,
    resourceId: row.resource_id,
    action: row.action,
    actor: row.actor,
    ...(row.interrupt_id !== null && { interruptId: row.interrupt_id }),
    at: row.at,
  }));
}
