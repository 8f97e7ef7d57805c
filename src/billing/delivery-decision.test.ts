import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { billOf } from "../core/bill.ts";
import type { Delivery } from "../core/outbox.ts";
import { DEFAULT_RETRY_PLAN, outcomeAfter, outcomeBefore, pauseAfter } from "./delivery-decision.ts";

const HOUR_MS = 3_600_000;
const NOW = 1_700_000_000_000;

function delivery(change: Partial<Delivery> = {}): Delivery {
  const subject = { runId: "run-1", threadId: "t", resourceId: "ann", agentId: "clerk", status: "completed", policy: "delivered", at: NOW } as const;
  return { runId: "run-1", sink: "meter", bill: billOf(subject, [], undefined), state: "pending", attempts: 1, createdAt: NOW, nextAt: NOW, ...change };
}

describe("before a try", () => {
  it("a delivery whose outcome was never unknown is sent, however old it is", () => {
    expect(outcomeBefore(delivery({ createdAt: NOW - 1_000 * HOUR_MS, attempts: 90 }), 24 * HOUR_MS, NOW)).toBeUndefined();
  });

  it("a delivery that may have been accepted is sent again while the sink recognises its key", () => {
    expect(outcomeBefore(delivery({ unknownSince: NOW - 23 * HOUR_MS }), 24 * HOUR_MS, NOW)).toBeUndefined();
  });

  it("a delivery whose outcome is unknown for longer than the sink recognises its key is held, not sent", () => {
    const held = outcomeBefore(delivery({ unknownSince: NOW - 24 * HOUR_MS, lastError: "It did not answer in time." }), 24 * HOUR_MS, NOW);
    expect(held).toEqual({
      runId: "run-1",
      sink: "meter",
      state: "held",
      error: "It may have been accepted at 2023-11-13T22:13:20.000Z (It did not answer in time.), and meter recognises its key no longer.",
    });
  });

  it("it is held early enough for the try itself and for clocks that differ", () => {
    const minutesLeft = (minutes: number): Delivery => delivery({ unknownSince: NOW - 24 * HOUR_MS + minutes * 60_000 });
    expect(outcomeBefore(minutesLeft(10), 24 * HOUR_MS, NOW)).toMatchObject({ state: "held" });
    expect(outcomeBefore(minutesLeft(11), 24 * HOUR_MS, NOW)).toBeUndefined();
  });

  it("a sink that recognises keys for ever is sent to at any age, one that never does only once", () => {
    const unknown = delivery({ unknownSince: NOW - 1_000 * HOUR_MS });
    expect(outcomeBefore(unknown, undefined, NOW)).toBeUndefined();
    expect(outcomeBefore(delivery({ unknownSince: NOW }), 0, NOW)).toMatchObject({ state: "held" });
  });
});

describe("after a try", () => {
  it("what was accepted is sent", () => {
    expect(outcomeAfter(delivery(), { outcome: "accepted" }, 0)).toEqual({ runId: "run-1", sink: "meter", state: "sent" });
  });

  it("what was refused is tried again, and is not counted as possibly accepted", () => {
    const outcome = outcomeAfter(delivery(), { outcome: "refused", reason: "busy", isFinal: false }, 0);
    expect(outcome).toEqual({ runId: "run-1", sink: "meter", state: "pending", error: "busy", retryInMs: 5_000 });
  });

  it("what has no known outcome is tried again, and says so", () => {
    const outcome = outcomeAfter(delivery(), { outcome: "unknown", reason: "late" }, 0);
    expect(outcome).toEqual({ runId: "run-1", sink: "meter", state: "pending", error: "late", isOutcomeUnknown: true, retryInMs: 5_000 });
  });

  it("a delivery that is refused for good, or tried too often, is dead and not sent", () => {
    expect(outcomeAfter(delivery(), { outcome: "refused", reason: "no such meter", isFinal: true }, 0)).toMatchObject({
      state: "dead",
      error: "no such meter",
    });
    const worn = delivery({ attempts: DEFAULT_RETRY_PLAN.maxTries });
    const outcome = outcomeAfter(worn, { outcome: "unknown", reason: "It answered 502." }, 0);
    expect(outcome).toMatchObject({ state: "dead", error: "Given up after 100 tries. It answered 502.", isOutcomeUnknown: true });
    expect(outcome).not.toHaveProperty("retryInMs");
  });
});

describe("the pauses", () => {
  it("double from five seconds to an hour", () => {
    expect([1, 2, 3, 10, 11, 99].map((tries) => pauseAfter(tries, 0))).toEqual([5_000, 10_000, 20_000, 2_560_000, HOUR_MS, HOUR_MS]);
  });

  it("together last three days at least, whatever chance takes off them", () => {
    const pauses = Array.from({ length: DEFAULT_RETRY_PLAN.maxTries - 1 }, (_, index) => pauseAfter(index + 1, 1));
    expect(pauses.reduce((sum, pauseMs) => sum + pauseMs) / HOUR_MS).toBeGreaterThanOrEqual(72);
  });

  it("stay within the spread and never pass an hour", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (tries, chance) => {
        const pauseMs = pauseAfter(tries, chance);
        expect(pauseMs).toBeLessThanOrEqual(HOUR_MS);
        expect(pauseMs).toBeGreaterThanOrEqual(Math.floor(pauseAfter(tries, 0) * 0.8));
      }),
    );
  });
});
