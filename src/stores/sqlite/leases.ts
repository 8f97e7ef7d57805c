import type { Lease, LeaseClaim } from "../../core/lease.ts";
import type { ClaimedRun, RenewedLease } from "../../core/store.ts";
import type { SqliteConnection } from "./connection.ts";
import { getRun, IS_ACTIVE } from "./runs.ts";

// Runs without a living holder first and waiting ones whose wait is over, then pending ones that only wait to be ended, then those that go on
// with their answers, then pending ones whose turn it is.
// A cancel does not wait for a turn: ending a run that never began needs no room on its thread.
const CLAIMABLE = `
  SELECT id, kind FROM (
    SELECT id, sequence, CASE WHEN status = 'pending' THEN CASE cancel_requested WHEN 1 THEN 2 ELSE 4 END
      WHEN is_answered = 1 AND cancel_requested = 0 THEN 3 ELSE 1 END AS kind
    FROM runs AS candidate
    WHERE ${IS_ACTIVE} AND (
      (status = 'running' AND (lease_owner IS NULL OR lease_expires_at <= ?1))
      OR (status = 'waiting' AND (cancel_requested = 1 OR waits_until <= ?1))
      OR (status = 'pending' AND (cancel_requested = 1 OR NOT EXISTS (
        SELECT 1 FROM runs WHERE thread_id = candidate.thread_id AND sequence < candidate.sequence AND ${IS_ACTIVE}
      )))
    )
  ) ORDER BY kind, sequence`;

// From this kind on a run needs room.
const NEEDS_ROOM = 3;

// The right-hand sides see the row as it was: a holder that is still named has let its lease expire, so its process died.
const CLAIM = `UPDATE runs SET status = 'running', attempt = attempt + 1, crashes = crashes + (lease_owner IS NOT NULL),
  waits_until = NULL, is_answered = 0, lease_owner = ?, lease_expires_at = ? WHERE id = ? RETURNING attempt`;

export interface ClaimLimits {
  readonly limit: number;
  readonly pendingLimit: number;
}

/** Ids of the runs that a claim would take. Reads only, so an idle node that looks often locks nobody out. */
export function claimableRuns(connection: SqliteConnection, limits: ClaimLimits, now: number): readonly string[] {
  const found = connection.all(CLAIMABLE, now) as readonly { id: string; kind: number }[];
  const urgent = found.filter(({ kind }) => kind < NEEDS_ROOM);
  const inTurn = found.slice(urgent.length, urgent.length + limits.pendingLimit);
  return [...urgent, ...inTurn].slice(0, limits.limit).map(({ id }) => id);
}

/** The body of a transaction that claims. */
export function claimRuns(connection: SqliteConnection, claim: LeaseClaim, limits: ClaimLimits, now: number): readonly ClaimedRun[] {
  return claimableRuns(connection, limits, now).flatMap((id): ClaimedRun[] => {
    const claimed = connection.get(CLAIM, claim.owner, now + claim.leaseMs, id) as { attempt: number } | undefined;
    const run = getRun(connection, id);
    return claimed && run ? [{ run, lease: { runId: id, epoch: claimed.attempt } }] : [];
  });
}

const RENEW = "UPDATE runs SET lease_expires_at = ? WHERE id = ? AND attempt = ? AND lease_owner = ? RETURNING cancel_requested";

/** The body of a transaction that renews. */
export function renewLeases(connection: SqliteConnection, claim: LeaseClaim, leases: readonly Lease[], now: number): readonly RenewedLease[] {
  return leases.flatMap(({ runId, epoch }): RenewedLease[] => {
    const held = connection.get(RENEW, now + claim.leaseMs, runId, epoch, claim.owner) as { cancel_requested: number } | undefined;
    return held ? [{ runId, epoch, cancelRequested: held.cancel_requested === 1 }] : [];
  });
}

/** Whether the lease was still held. The holder's name goes, so the next claim counts no crash. */
export function releaseLease(connection: SqliteConnection, lease: Lease): boolean {
  const sql = "UPDATE runs SET lease_owner = NULL, lease_expires_at = NULL WHERE id = ? AND attempt = ? AND lease_owner IS NOT NULL";
  return connection.run(sql, lease.runId, lease.epoch) > 0;
}
