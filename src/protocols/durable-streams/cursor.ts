// Both from the protocol, section 10.1: intervals of 20 s, counted from 9 October 2024.
const EPOCH_MS = Date.UTC(2024, 9, 9);
const INTERVAL_MS = 20_000;

// The protocol moves a cursor on by 1 to 3,600 s; in intervals of 20 s.
const MAX_JITTER_INTERVALS = 180;

// Fifteen digits stay exact when the jitter is added.
const PRINTED = /^\d{1,15}$/;

/**
 * The cursor of a live reply: the number of the current interval, or one greater than the cursor that the client echoed, so
 * that a cache which keys by it never serves the same reply in a circle. `random` is in [0, 1).
 */
export function cursorAfter(echoed: string | undefined, nowMs: number, random: number): string {
  const interval = Math.floor((nowMs - EPOCH_MS) / INTERVAL_MS);
  if (echoed === undefined || !PRINTED.test(echoed) || Number(echoed) < interval) return String(interval);
  return String(Number(echoed) + 1 + Math.floor(random * MAX_JITTER_INTERVALS));
}
