import type { ThreadOwner, ThreadPage, ThreadQuery } from "../../core/store.ts";
import { pageOf, parseCursor } from "../cursor.ts";
import type { SqliteConnection } from "./connection.ts";

interface ThreadRow {
  readonly thread_id: string;
  readonly resource_id: string;
  readonly agent_id: string;
  readonly created_at: number;
  readonly last_run_at: number;
  readonly newest_run: number;
}

const FROM_THREADS = "SELECT thread_id, resource_id, agent_id, created_at, last_run_at, newest_run FROM threads";

function threadOf(row: ThreadRow): ThreadOwner {
  return { threadId: row.thread_id, resourceId: row.resource_id, agentId: row.agent_id, createdAt: row.created_at, lastRunAt: row.last_run_at };
}

export function getThread(connection: SqliteConnection, threadId: string): ThreadOwner | undefined {
  const row = connection.get(`${FROM_THREADS} WHERE thread_id = ?`, threadId) as ThreadRow | undefined;
  return row && threadOf(row);
}

/** The resource that first ran on the thread. */
export function resourceOfThread(connection: SqliteConnection, threadId: string): string | undefined {
  return (connection.get("SELECT resource_id FROM threads WHERE thread_id = ?", threadId) as { resource_id: string } | undefined)?.resource_id;
}

/** Makes a run the newest one of its thread, and makes the thread with its first run. */
export function recordRunOfThread(
  connection: SqliteConnection,
  run: { readonly threadId: string; readonly resourceId: string; readonly agentId: string; readonly sequence: number; readonly at: number },
): void {
  connection.run(
    `INSERT INTO threads (thread_id, resource_id, agent_id, created_at, last_run_at, newest_run) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (thread_id) DO UPDATE SET agent_id = excluded.agent_id, last_run_at = excluded.last_run_at, newest_run = excluded.newest_run`,
    run.threadId,
    run.resourceId,
    run.agentId,
    run.at,
    run.at,
    run.sequence,
  );
}

/** @throws {HoldfastError} INPUT_INVALID for a cursor of somebody else's making */
export function listThreads(connection: SqliteConnection, query: ThreadQuery): ThreadPage {
  const sql = `${FROM_THREADS} WHERE resource_id = ? AND newest_run < ? ORDER BY newest_run DESC LIMIT ?`;
  const found = connection.all(sql, query.resourceId, parseCursor(query.cursor), query.limit + 1) as readonly ThreadRow[];
  const { rows, ...page } = pageOf(found, query.limit, (row) => row.newest_run);
  return { threads: rows.map(threadOf), ...page };
}

/** The body of a transaction that forgets a thread. */
export function deleteThread(connection: SqliteConnection, threadId: string): "deleted" | "busy" | "unknown" {
  if (resourceOfThread(connection, threadId) === undefined) return "unknown";
  const active = "SELECT 1 FROM runs WHERE thread_id = ? AND status IN ('pending', 'running', 'waiting') LIMIT 1";
  if (connection.get(active, threadId)) return "busy";
  for (const table of ["entries", "interrupts", "inputs", "client_runs"]) {
    connection.run(`DELETE FROM ${table} WHERE run IN (SELECT sequence FROM runs WHERE thread_id = ?)`, threadId);
  }
  connection.run("DELETE FROM runs WHERE thread_id = ?", threadId);
  connection.run("DELETE FROM threads WHERE thread_id = ?", threadId);
  return "deleted";
}
