import type { Entry } from "./entry.ts";
import type { DeliveryOutcome } from "./outbox.ts";
import type { Run } from "./run.ts";

/**
 * Why an attempt was made. `first`: the run was executed by nobody before. `takeover`: the process before it died, or handed the run over.
 * `resumed`: the run was waiting.
 */
export const ATTEMPT_KINDS = ["first", "takeover", "resumed"] as const;

export type AttemptKind = (typeof ATTEMPT_KINDS)[number];

/** PORT: who counts what one process does. It changes nothing, never throws, and is called on the way of every commit, so it is brief. */
export interface RunObserver {
  /** This process created a run. */
  started(run: Run): void;
  /** It began to work on one. `attempt`: the epoch. */
  attemptBegan(run: Run, attempt: number, kind: AttemptKind): void;
  /** It works on it no longer. */
  attemptEnded(runId: string, attempt: number): void;
  /** Events of one run are committed. */
  committed(runId: string, entries: readonly Entry[]): void;
  /** The store answered an append of everything that had gathered, after this time. */
  appended(durationMs: number): void;
  /** A sink was given a bill, or the bill was held back. */
  delivered(outcome: DeliveryOutcome): void;
}

/** Why an attempt is made, from its epoch and what the log holds before it. */
export function attemptKind(attempt: number, entries: readonly Entry[]): AttemptKind {
  if (attempt === 1) return "first";
  const type = entries[entries.length - 1]?.event.type;
  return type === "run-waiting" || type === "interrupt-answered" ? "resumed" : "takeover";
}
