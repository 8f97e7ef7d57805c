import type { Entry } from "../core/entry.ts";
import type { InterruptRequest } from "../core/interrupt.ts";

/** Questions by their ids. */
export type HeldQuestions = ReadonlyMap<string, InterruptRequest>;

/** The questions that a log says its run was held open with before. */
export function heldQuestions(entries: Iterable<Entry>): HeldQuestions {
  const held = new Map<string, InterruptRequest>();
  for (const { event } of entries) if (event.type === "run-waiting") for (const request of event.interrupts) held.set(request.id, request);
  return held;
}

/** What it depends on whether a run is held open. */
export interface HoldCase {
  /** What the run asks before it can go on. */
  readonly asked: readonly InterruptRequest[];
  /** What it was held open with before. */
  readonly held: HeldQuestions;
  /** How long it may be, in milliseconds. */
  readonly holdMs: number | undefined;
}

/** Until when a run is held open with these questions, in milliseconds since the Unix epoch: no longer than one of them can be answered. */
export function holdUntil(asked: readonly InterruptRequest[], holdMs: number, now: number): number {
  return Math.min(now + holdMs, Math.max(...asked.map(({ expiresAt = Infinity }) => expiresAt)));
}

/**
 * Whether a run that asks is held open as `waiting` instead of ending as `suspended`: a page answers within moments, a person need not. One
 * that comes back with nothing but what it was held open with has had its time.
 */
export function isHeldOpen({ asked, held, holdMs }: HoldCase): boolean {
  if (holdMs === undefined || holdMs <= 0) return false;
  return asked.every(({ kind }) => kind === "frontend-tool") && asked.some(({ id }) => !held.has(id));
}
