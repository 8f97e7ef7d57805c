import type { Lease, LeaseClaim } from "../../core/lease.ts";
import type { ClaimedRun, RenewedLease } from "../../core/store.ts";
import { activeOn, allRuns, type MemoryData, type StoredRun } from "./data.ts";

export function claimRuns(
  data: MemoryData,
  claim: LeaseClaim,
  limits: { readonly limit: number; readonly pendingLimit: number },
  now: number,
): readonly ClaimedRun[] {
  const abandoned = allRuns(data).filter((stored) => isAbandoned(stored, now) || isWaitOver(stored, now));
  const pending = allRuns(data).filter(({ run }) => run.status === "pending");
  const toCancel = pending.filter(({ run }) => run.cancelRequested);
  const answered = allRuns(data).filter(isToGoOn);
  const inTurn = pending.filter((stored) => !stored.run.cancelRequested && activeOn(data, stored.run.threadId)[0] === stored);
  const chosen = [...abandoned, ...toCancel, ...[...answered, ...inTurn].slice(0, limits.pendingLimit)].slice(0, limits.limit);
  return chosen.map((stored) => {
    const epoch = stored.run.attempt + 1;
    stored.run = { ...stored.run, status: "running", attempt: epoch, crashes: stored.run.crashes + (stored.holder === undefined ? 0 : 1) };
    stored.holder = { owner: claim.owner, expiresAt: now + claim.leaseMs };
    stored.waitsUntil = undefined;
    stored.isAnswered = false;
    return { run: stored.run, lease: { runId: stored.run.id, epoch } };
  });
}

function isAbandoned(stored: StoredRun, now: number): boolean {
  const { run, holder } = stored;
  return run.status === "running" && (holder === undefined || holder.expiresAt <= now) && !isToGoOn(stored);
}

function isToGoOn({ run, isAnswered }: StoredRun): boolean {
  return isAnswered && !run.cancelRequested;
}

function isWaitOver({ run, waitsUntil }: StoredRun, now: number): boolean {
  return run.status === "waiting" && (run.cancelRequested || (waitsUntil ?? now) <= now);
}

export function renewLeases(data: MemoryData, claim: LeaseClaim, leases: readonly Lease[], now: number): readonly RenewedLease[] {
  return leases.flatMap((lease) => {
    const stored = heldUnder(data, lease);
    if (stored?.holder?.owner !== claim.owner) return [];
    stored.holder = { owner: claim.owner, expiresAt: now + claim.leaseMs };
    return [{ runId: lease.runId, epoch: lease.epoch, cancelRequested: stored.run.cancelRequested }];
  });
}

export function releaseLease(data: MemoryData, lease: Lease): boolean {
  const stored = heldUnder(data, lease);
  if (stored) stored.holder = undefined;
  return stored !== undefined;
}

/** The run, if the lease is the right to write its log. */
export function heldUnder(data: MemoryData, lease: Lease): StoredRun | undefined {
  const stored = data.runs.get(lease.runId);
  return stored?.holder !== undefined && stored.run.attempt === lease.epoch ? stored : undefined;
}
