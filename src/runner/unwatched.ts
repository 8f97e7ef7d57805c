import type { Clock } from "../core/clock.ts";
import { HoldfastError } from "../core/error.ts";
import type { RunStore } from "../core/store.ts";

/** How long runs may live that nobody follows, and who follows some in this process. */
export interface UnwatchedPolicy {
  /** Milliseconds. */
  readonly afterMs: number;
  /** The runs that had a reader since this was called last. */
  readonly followed: () => Iterable<string>;
}

export interface UnwatchedDeps {
  readonly store: RunStore;
  /** The owner of this process's leases. */
  readonly owner: string;
  readonly sweepMs: number;
  readonly clock: Clock;
}

/** What one sweep stops. More is left to the next one, so that no transaction grows without bound. */
const STOPS_OF_A_SWEEP = 100;

/** How often a process notes that a run is followed: so many times in the time that an unwatched run may live. */
const NOTES_OF_A_LIFE = 4;

/** Tells the store which runs this process's readers follow, and asks those to stop that nobody follows. */
export class UnwatchedRuns {
  readonly #policy: UnwatchedPolicy;
  readonly #deps: UnwatchedDeps;
  readonly #pauseMs: number;
  readonly #openedAt: number;
  /** Had a reader, and the store does not know it yet. */
  readonly #seen: Set<string> = new Set();
  /** When runs were noted within the last pause, the oldest first. */
  readonly #notedAt: Map<string, number> = new Map();

  /** @throws {HoldfastError} CONFIG_INVALID for what is no time */
  constructor(policy: UnwatchedPolicy, deps: UnwatchedDeps) {
    if (!Number.isSafeInteger(policy.afterMs) || policy.afterMs <= 0) {
      throw new HoldfastError("CONFIG_INVALID", "unwatchedRunMs is not a time; give whole milliseconds above 0, or leave it out.");
    }
    this.#policy = policy;
    this.#deps = deps;
    this.#pauseMs = policy.afterMs / NOTES_OF_A_LIFE;
    this.#openedAt = deps.clock.now();
  }

  /** Notes what is followed and was not noted lately; each note holds until the next one is due. */
  async note(): Promise<void> {
    const { store, clock, sweepMs } = this.#deps;
    for (const runId of this.#policy.followed()) this.#seen.add(runId);
    const now = clock.now();
    for (const [runId, at] of this.#notedAt) {
      if (at + this.#pauseMs > now) break;
      this.#notedAt.delete(runId);
    }
    const due = [...this.#seen].filter((runId) => !this.#notedAt.has(runId));
    if (due.length > 0) await store.noteFollowed(due, this.#pauseMs + sweepMs);
    for (const runId of due) this.#notedAt.set(runId, now);
    this.#seen.clear();
  }

  /**
   * Asks runs to stop; their ids. A process that just began stops none: a restart of all of them may have cut every reader off, and each is
   * given its time to come back. A reader that came in time is noted by the next sweep of its process, so that one is waited for.
   */
  async cancel(): Promise<readonly string[]> {
    const { store, owner, sweepMs, clock } = this.#deps;
    const { afterMs } = this.#policy;
    const unwatchedMs = afterMs + 2 * sweepMs;
    if (clock.now() - this.#openedAt < unwatchedMs) return [];
    return store.cancelUnwatched({ owner, unwatchedMs, reason: `nobody followed the run for ${afterMs} ms`, limit: STOPS_OF_A_SWEEP });
  }
}
