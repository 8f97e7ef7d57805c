/** Runs that one process executes at once unless told otherwise: an agent run is mostly waiting for its model. */
export const DEFAULT_MAX_CONCURRENT_RUNS = 512;

// A process that comes up after a crash takes orphans in bounded bites, so that other nodes get their share.
const MAX_CLAIMS_PER_BEAT = 32;

/**
 * How much a process that executes `active` runs may claim. Orphans are claimed even when it is full: somebody waits for them. What goes on with
 * its answers waits for room, as what is pending does: many may be answered at once.
 */
export function claimLimits(active: number, maxConcurrentRuns: number): { readonly limit: number; readonly pendingLimit: number } {
  return { limit: MAX_CLAIMS_PER_BEAT, pendingLimit: Math.max(0, Math.min(MAX_CLAIMS_PER_BEAT, maxConcurrentRuns - active)) };
}
