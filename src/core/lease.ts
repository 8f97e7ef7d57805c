/**
 * The right to write a run's log. Each claim raises the epoch, and every append carries it: an append under an epoch that is
 * no longer the run's is refused (the fence), so a process that froze and woke up can do no harm.
 */
export interface Lease {
  readonly runId: string;
  readonly epoch: number;
}

/** Who claims, and for how long the claim holds without being renewed. */
export interface LeaseClaim {
  /** One per process life; never reused. */
  readonly owner: string;
  readonly leaseMs: number;
}

/** How runs are held and taken over. All in milliseconds. */
export interface LeaseTimes {
  /** How long a claim holds without a renewal. */
  readonly leaseMs: number;
  /** How often a node renews what it holds and looks for runs that nobody holds. */
  readonly sweepMs: number;
}

/**
 * A killed holder's run is claimed after at most leaseMs + sweepMs = 1.7 s, inside the promised 2 s, and a holder may miss six
 * renewals in a row (a long garbage collection, a busy core) before it loses its run.
 */
export const DEFAULT_LEASE_TIMES: LeaseTimes = { leaseMs: 1_500, sweepMs: 200 };

/** A run whose process died this many times while holding it is not tried again. */
export const MAX_CRASHES = 3;
