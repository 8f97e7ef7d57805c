import type { Delivery, DeliveryOutcome } from "../core/outbox.ts";
import type { SendResult } from "./sink.ts";

/** How often a delivery is tried, and how far apart. */
export interface RetryPlan {
  /** The pause after the first try, in milliseconds; it doubles with each further one. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** How much of a pause chance may take away, from 0 to 1, so that the deliveries of an outage do not come back all at once. */
  readonly spread: number;
  readonly maxTries: number;
}

/** Ten pauses from 5 s to 43 min and 89 of an hour: with the shortest pauses that chance gives, 72.3 hours. */
export const DEFAULT_RETRY_PLAN: RetryPlan = { firstPauseMs: 5_000, longestPauseMs: 3_600_000, spread: 0.2, maxTries: 100 };

/**
 * What is taken off a sink's window. When a try began is written down only after it, the next one takes time as well, and the clocks of
 * two machines differ.
 */
const WINDOW_MARGIN_MS = 600_000;

/** What becomes of a delivery instead of a try: it is held where the sink may have accepted it and no longer recognises its key. */
export function outcomeBefore(delivery: Delivery, dedupWindowMs: number | undefined, now: number): DeliveryOutcome | undefined {
  const { runId, sink, unknownSince } = delivery;
  if (unknownSince === undefined || dedupWindowMs === undefined || now < unknownSince + dedupWindowMs - WINDOW_MARGIN_MS) return undefined;
  const reason = delivery.lastError === undefined ? "" : ` (${delivery.lastError})`;
  const error = `It may have been accepted at ${new Date(unknownSince).toISOString()}${reason}, and ${sink} recognises its key no longer.`;
  return { runId, sink, state: "held", error };
}

/** What becomes of a delivery after a try. `chance`: from 0 to 1. */
export function outcomeAfter(delivery: Delivery, result: SendResult, chance: number, plan: RetryPlan = DEFAULT_RETRY_PLAN): DeliveryOutcome {
  const { runId, sink, attempts } = delivery;
  if (result.outcome === "accepted") return { runId, sink, state: "sent" };
  const isOutcomeUnknown = result.outcome === "unknown";
  const failed = { runId, sink, error: result.reason, ...(isOutcomeUnknown && { isOutcomeUnknown }) };
  if (result.outcome === "refused" && result.isFinal) return { ...failed, state: "dead" };
  if (attempts >= plan.maxTries) return { ...failed, state: "dead", error: `Given up after ${attempts} tries. ${result.reason}` };
  return { ...failed, state: "pending", retryInMs: pauseAfter(attempts, chance, plan) };
}

/** The pause after a try, in milliseconds. `tries`: how many there were, from 1. */
export function pauseAfter(tries: number, chance: number, plan: RetryPlan = DEFAULT_RETRY_PLAN): number {
  const pauseMs = Math.min(plan.longestPauseMs, plan.firstPauseMs * 2 ** (tries - 1));
  return Math.round(pauseMs * (1 - plan.spread * chance));
}
