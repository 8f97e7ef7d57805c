import { SYSTEM_ACTOR } from "../../core/audit.ts";
import type { UnwatchedRequest } from "../../core/store.ts";
import { cancelAudit } from "../answer-rules.ts";
import { insertAudit } from "./audit.ts";
import type { SqliteConnection } from "./connection.ts";
import { IS_ACTIVE } from "./runs.ts";

const FOLLOW = `UPDATE runs SET followed_until = max(coalesce(followed_until, 0), ?) WHERE id = ? AND ${IS_ACTIVE}`;

/** The body of a transaction that notes until when readers follow runs, in milliseconds since the Unix epoch. */
export function noteFollowed(connection: SqliteConnection, runIds: readonly string[], until: number): void {
  // The clock gives whole milliseconds, and a reader is believed for too long rather than too short.
  for (const runId of runIds) connection.run(FOLLOW, Math.ceil(until), runId);
}

// The plus keeps SQLite from walking all runs in their order: it is to take the few that the index of the active ones has, and sort them.
const UNWATCHED = `SELECT id, resource_id FROM runs WHERE ${IS_ACTIVE} AND (status = 'waiting' OR (status = 'running' AND lease_owner = ?))
  AND cancel_requested = 0 AND coalesce(followed_until, created_at) <= ? ORDER BY +sequence LIMIT ?`;

interface UnwatchedRow {
  readonly id: string;
  readonly resource_id: string;
}

/** The runs that nobody has followed for the time of the request. Reads only, so that a node that looks often locks nobody out. */
export function unwatchedRuns(connection: SqliteConnection, request: UnwatchedRequest, now: number): readonly UnwatchedRow[] {
  return connection.all(UNWATCHED, request.owner, now - request.unwatchedMs, request.limit) as readonly UnwatchedRow[];
}

/** The body of a transaction that asks them to stop. */
export function cancelUnwatched(connection: SqliteConnection, request: UnwatchedRequest, now: number): readonly string[] {
  return unwatchedRuns(connection, request, now).map(({ id, resource_id: resourceId }) => {
    connection.run("UPDATE runs SET cancel_requested = 1, cancel_reason = ? WHERE id = ?", request.reason, id);
    insertAudit(connection, cancelAudit({ id, resourceId }, SYSTEM_ACTOR, now));
    return id;
  });
}
