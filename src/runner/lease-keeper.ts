import type { LeaseClaim } from "../core/lease.ts";
import type { RenewedLease, RunStore } from "../core/store.ts";
import type { Attempt } from "./attempt.ts";

export interface LeaseVerdict {
  readonly lost: readonly Attempt[];
  readonly canceled: readonly Attempt[];
}

/** What a renewal says about the attempts that were held before it was asked for. */
export function leaseVerdict(held: readonly Attempt[], renewed: readonly RenewedLease[]): LeaseVerdict {
  const leases = new Map(renewed.map((lease) => [lease.runId, lease]));
  const lost = held.filter((attempt) => leases.get(attempt.run.id)?.epoch !== attempt.epoch);
  const canceled = held.filter((attempt) => !lost.includes(attempt) && leases.get(attempt.run.id)?.cancelRequested === true);
  return { lost, canceled };
}

/** Renews the leases of the attempts that go on, stops the attempts that lost theirs, and brings cancels that other nodes accepted. */
export async function renewLeases(store: RunStore, claim: LeaseClaim, held: () => readonly Attempt[]): Promise<void> {
  const before = held();
  const verdict = leaseVerdict(
    before,
    await store.renewLeases(
      claim,
      before.map((attempt) => ({ runId: attempt.run.id, epoch: attempt.epoch })),
    ),
  );
  // An attempt that ended while the renewal was on its way has no lease any more, and needs none.
  const still = new Set(held());
  for (const attempt of verdict.lost) if (still.has(attempt)) attempt.stop("lease-lost");
  for (const attempt of verdict.canceled) attempt.stop("canceled");
}
