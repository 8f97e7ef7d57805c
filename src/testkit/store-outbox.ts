import { expect } from "vitest";
import type { Delivery, DeliveryClaim, DeliveryOutcome, DeliveryQuery } from "../core/outbox.ts";
import type { RunStore } from "../core/store.ts";
import type { StoreCases } from "./store-case.ts";
import { appendOf, modelCalled, sampleRun, startedRun } from "./store-samples.ts";

const CLAIM: DeliveryClaim = { sinks: ["meter", "ledger"], limit: 10, leaseMs: 1_000 };

/** Ends a run whose bill goes to sinks. */
async function billedRun(store: RunStore, id: string, sinks: readonly string[] = ["meter"]): Promise<void> {
  const { lease } = await startedRun(store, sampleRun(id));
  await store.append([{ ...appendOf(lease, modelCalled(0), { type: "run-completed" }), billing: { sinks } }]);
}

function names(deliveries: readonly Delivery[]): readonly string[] {
  return deliveries.map(({ runId, sink }) => `${runId}:${sink}`);
}

async function claimedNames(store: RunStore, change: Partial<DeliveryClaim> = {}): Promise<readonly string[]> {
  return names(await store.claimDeliveries({ ...CLAIM, ...change }));
}

/** The delivery of a run to the meter. */
async function toMeter(store: RunStore, runId: string): Promise<Delivery | undefined> {
  const { deliveries } = await store.listDeliveries({ sink: "meter", limit: 100 });
  return deliveries.find((delivery) => delivery.runId === runId);
}

export const outboxInvariants: StoreCases = {
  "a bill has one delivery for each sink, written in the transaction of the bill": async ({ store, other, clock }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    const billing = { sinks: ["meter", "ledger", "meter"] };
    await store.append([{ ...appendOf(lease, modelCalled(0)), billing }]);
    expect(await store.listDeliveries({ limit: 10 })).toEqual({ deliveries: [] });
    clock.advance(3);
    await store.append([{ ...appendOf(lease, { type: "run-completed" }), billing }]);
    const at = clock.now();
    const pending = { runId: "run", bill: await store.getBill("run"), state: "pending", attempts: 0, createdAt: at, nextAt: at };
    expect(await other.listDeliveries({ limit: 10 })).toEqual({
      deliveries: [
        { ...pending, sink: "ledger" },
        { ...pending, sink: "meter" },
      ],
    });
    await store.append([{ ...appendOf(lease, { type: "run-completed" }), billing: { sinks: ["another"] } }]);
    expect((await other.listDeliveries({ limit: 10 })).deliveries).toHaveLength(2);
    await billedRun(store, "nobody asks", []);
    expect(await toMeter(store, "nobody asks")).toBeUndefined();
  },

  "a delivery is taken by one dispatcher at a time, and not before its time": async ({ store, other, clock }) => {
    for (let index = 0; index < 6; index += 1) await billedRun(store, `run-${index}`);
    const taken = await Promise.all([store, other, store, other].map((handle) => claimedNames(handle, { limit: 2 })));
    expect(taken.flat().toSorted()).toEqual(Array.from({ length: 6 }, (_, index) => `run-${index}:meter`));
    clock.advance(999);
    expect(await claimedNames(other)).toEqual([]);
    await store.settleDelivery({ runId: "run-1", sink: "meter", state: "pending", retryInMs: 4_000 });
    await store.settleDelivery({ runId: "run-2", sink: "meter", state: "pending" });
    expect(await claimedNames(other)).toEqual(["run-2:meter"]);
    clock.advance(1);
    expect(await claimedNames(store)).toEqual(["run-0:meter", "run-3:meter", "run-4:meter", "run-5:meter"]);
    clock.advance(3_998);
    expect(await claimedNames(store)).not.toContain("run-1:meter");
    clock.advance(1);
    expect(await claimedNames(other)).toContain("run-1:meter");
  },
};

export const outboxCases: StoreCases = {
  "a claim counts a try and takes what waits longest, of its own sinks": async ({ store, other, clock }) => {
    await billedRun(store, "a", ["meter", "elsewhere"]);
    clock.advance(5);
    await billedRun(store, "b", ["ledger", "meter"]);
    await store.claimDeliveries({ ...CLAIM, limit: 1 });
    await store.settleDelivery({ runId: "a", sink: "meter", state: "pending", retryInMs: 1.5, error: "busy" });
    clock.advance(2);
    const claimed = await other.claimDeliveries(CLAIM);
    expect(names(claimed)).toEqual(["b:ledger", "b:meter", "a:meter"]);
    expect(claimed[2]).toEqual(await toMeter(store, "a"));
    expect(claimed[2]).toMatchObject({ attempts: 2, nextAt: clock.now(), lastError: "busy", bill: await store.getBill("a") });
    expect(await claimedNames(store, { sinks: ["elsewhere"], limit: 0 })).toEqual([]);
    expect(await claimedNames(store, { sinks: [] })).toEqual([]);
    expect(await claimedNames(store, { sinks: ["elsewhere"] })).toEqual(["a:elsewhere"]);
  },

  "a delivery that was sent stays sent": async ({ store, other, clock }) => {
    await billedRun(store, "run");
    await store.claimDeliveries(CLAIM);
    const outcome = { runId: "run", sink: "meter" } as const;
    await store.settleDelivery({ ...outcome, state: "pending", error: "busy", isOutcomeUnknown: true });
    const unknownSince = clock.now();
    clock.advance(5);
    await store.claimDeliveries(CLAIM);
    expect(await other.settleDelivery({ ...outcome, state: "sent" })).toBe(true);
    const sent = await toMeter(store, "run");
    const bill = await store.getBill("run");
    expect(sent).toEqual({ ...outcome, bill, state: "sent", attempts: 2, createdAt: unknownSince, nextAt: unknownSince, unknownSince, sentAt: clock.now() });
    clock.advance(5_000);
    for (const state of ["pending", "sent", "dead", "held"] as const) expect(await store.settleDelivery({ ...outcome, state })).toBe(false);
    expect(await store.replayDelivery(outcome)).toBe(false);
    expect(await claimedNames(other)).toEqual([]);
    expect(await toMeter(store, "run")).toEqual(sent);
    expect(await store.settleDelivery({ ...outcome, sink: "nowhere", state: "sent" })).toBe(false);
    expect(await store.settleDelivery({ ...outcome, runId: "nowhere", state: "sent" })).toBe(false);
  },

  "a dead or held delivery is left alone until it is put back, and then begins again": async ({ store, other, clock }) => {
    await billedRun(store, "dead");
    await billedRun(store, "held");
    await store.claimDeliveries(CLAIM);
    await store.settleDelivery({ runId: "dead", sink: "meter", state: "dead", error: "refused" });
    await store.settleDelivery({ runId: "held", sink: "meter", state: "held", error: "silent", isOutcomeUnknown: true });
    clock.advance(60_000);
    expect(await claimedNames(other)).toEqual([]);
    expect(await toMeter(other, "dead")).toMatchObject({ state: "dead", attempts: 1, lastError: "refused" });
    expect(await toMeter(other, "held")).toMatchObject({ state: "held", unknownSince: clock.now() - 60_000 });
    for (const runId of ["held", "dead"]) {
      const { bill, createdAt } = (await toMeter(store, runId)) ?? expect.fail();
      const results = await Promise.all([store, other].map((handle) => handle.replayDelivery({ runId, sink: "meter" })));
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await toMeter(store, runId)).toEqual({ runId, sink: "meter", bill, state: "pending", attempts: 0, createdAt, nextAt: clock.now() });
    }
    expect(await claimedNames(other)).toEqual(["dead:meter", "held:meter"]);
    expect(await store.replayDelivery({ runId: "nowhere", sink: "meter" })).toBe(false);
  },

  "since when nobody knows whether it was accepted is kept from the first try on": async ({ store, clock }) => {
    await billedRun(store, "told");
    await billedRun(store, "lapsed");
    await store.claimDeliveries(CLAIM);
    const outcome: DeliveryOutcome = { runId: "told", sink: "meter", state: "pending", error: "timeout" };
    await store.settleDelivery(outcome);
    expect((await toMeter(store, "told"))?.unknownSince).toBeUndefined();
    await store.settleDelivery({ ...outcome, isOutcomeUnknown: true });
    const since = clock.now();
    clock.advance(1_500);
    await store.settleDelivery({ ...outcome, isOutcomeUnknown: true });
    // A dispatcher that died with its lease had perhaps sent it.
    const claimed = await store.claimDeliveries(CLAIM);
    expect(claimed.map(({ runId, unknownSince }) => [runId, unknownSince])).toEqual([
      ["lapsed", since + CLAIM.leaseMs],
      ["told", since],
    ]);
    clock.advance(1_500);
    expect((await store.claimDeliveries(CLAIM)).map(({ unknownSince }) => unknownSince)).toEqual([since + CLAIM.leaseMs, since]);
  },

  "deliveries are listed newest first, by state and sink, in pages": async ({ store, other }) => {
    await billedRun(store, "a", ["meter", "ledger"]);
    await billedRun(store, "b", ["meter"]);
    await store.settleDelivery({ runId: "a", sink: "meter", state: "sent" });
    const list = async (query: Omit<DeliveryQuery, "limit">): Promise<readonly string[]> =>
      names((await other.listDeliveries({ ...query, limit: 10 })).deliveries);
    expect(await list({})).toEqual(["b:meter", "a:ledger", "a:meter"]);
    expect(await list({ sink: "meter" })).toEqual(["b:meter", "a:meter"]);
    expect(await list({ states: ["pending", "dead"] })).toEqual(["b:meter", "a:ledger"]);
    expect(await list({ states: ["sent"], sink: "ledger" })).toEqual([]);
    expect(await list({ states: [] })).toEqual([]);
    const first = await store.listDeliveries({ limit: 2 });
    const second = await store.listDeliveries({ limit: 2, ...(first.nextCursor !== undefined && { cursor: first.nextCursor }) });
    expect([names(first.deliveries), names(second.deliveries), second.nextCursor]).toEqual([["b:meter", "a:ledger"], ["a:meter"], undefined]);
  },
};
