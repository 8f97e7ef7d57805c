import { expect } from "vitest";
import type { StoreCases } from "./store-case.ts";
import { ALL, appendOf, claimedIds, complete, LEASE_MS, NODE_A, NODE_B, sampleRun, startedRun, textDelta } from "./store-samples.ts";

export const leaseInvariants: StoreCases = {
  "one claim wins, and each claim raises the epoch": async ({ store, other, clock }) => {
    await store.createRun(sampleRun("run"));
    for (let epoch = 1; epoch <= 4; epoch += 1) {
      const claims = await Promise.all([store.claimRuns(NODE_A, ALL), other.claimRuns(NODE_B, ALL), store.claimRuns({ ...NODE_B, owner: "node-c" }, ALL)]);
      expect(claims.flat()).toHaveLength(1);
      const [won] = claims.flat();
      expect(won?.lease).toEqual({ runId: "run", epoch });
      expect(won?.run).toEqual(await other.getRun("run"));
      expect(won?.run).toMatchObject({ status: "running", attempt: epoch });
      clock.advance(LEASE_MS);
    }
  },

  "a run is claimed again only after its lease expired or was released": async ({ store, other, clock }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    clock.advance(LEASE_MS - 1);
    expect(await claimedIds(other)).toEqual([]);
    expect(await store.renewLeases(NODE_A, [lease])).toEqual([{ ...lease, cancelRequested: false }]);
    clock.advance(LEASE_MS - 1);
    expect(await claimedIds(other)).toEqual([]);
    clock.advance(1);
    expect(await claimedIds(other)).toEqual(["run"]);
    expect(await store.renewLeases(NODE_A, [lease, { runId: "run", epoch: 2 }])).toEqual([]);
    expect(await store.releaseLease(lease)).toBe(false);
    expect(await claimedIds(store, NODE_A)).toEqual([]);
    expect(await other.releaseLease({ runId: "run", epoch: 2 })).toBe(true);
    expect(await other.releaseLease({ runId: "run", epoch: 2 })).toBe(false);
    expect(await other.renewLeases(NODE_B, [{ runId: "run", epoch: 2 }])).toEqual([]);
    expect(await claimedIds(store, NODE_A, { limit: 1, pendingLimit: 0 })).toEqual(["run"]);
  },

  "a claim of an expired lease counts a crash, a claim of a released one does not": async ({ store, clock }) => {
    await store.createRun(sampleRun("run"));
    const crashesAfterClaim = async (): Promise<number | undefined> => (await store.claimRuns(NODE_B, ALL))[0]?.run.crashes;
    expect(await crashesAfterClaim()).toBe(0);
    clock.advance(LEASE_MS);
    expect(await crashesAfterClaim()).toBe(1);
    await store.releaseLease({ runId: "run", epoch: 2 });
    expect(await crashesAfterClaim()).toBe(1);
    await store.releaseLease({ runId: "run", epoch: 3 });
    clock.advance(LEASE_MS * 3);
    expect(await crashesAfterClaim()).toBe(1);
    clock.advance(LEASE_MS);
    expect(await crashesAfterClaim()).toBe(2);
  },

  "a queued run is claimed only when its thread has no earlier active run": async ({ store, other, clock }) => {
    const first = await startedRun(store, sampleRun("first", { threadId: "t" }));
    for (const id of ["second", "third"]) await store.createRun(sampleRun(id, { threadId: "t", onBusyThread: "queue" }), NODE_A);
    await store.createRun(sampleRun("elsewhere"));
    expect(await claimedIds(other)).toEqual(["elsewhere"]);
    await store.releaseLease(first.lease);
    expect(await claimedIds(store, NODE_A)).toEqual(["first"]);
    await complete(store, { runId: "first", epoch: 2 });
    expect(await claimedIds(other)).toEqual(["second"]);
    expect(await claimedIds(store)).toEqual([]);
    clock.advance(LEASE_MS);
    // Running again after a crash, the second one still stands before the third.
    expect(await claimedIds(store, { ...NODE_A, leaseMs: LEASE_MS * 2 })).toEqual(["second", "elsewhere"]);
    await store.append([appendOf({ runId: "second", epoch: 2 }, { type: "run-suspended", interrupts: [] })]);
    expect(await claimedIds(other)).toEqual(["third"]);
  },

  "a requested cancel is seen by the holder at its next renewal": async ({ store, other, clock }) => {
    const { run, lease } = await startedRun(store, sampleRun("run"));
    const elsewhere = await startedRun(store, sampleRun("elsewhere"));
    expect(await store.renewLeases(NODE_A, [lease, elsewhere.lease])).toEqual([
      { ...lease, cancelRequested: false },
      { ...elsewhere.lease, cancelRequested: false },
    ]);
    expect(await other.requestCancel("run", "resource-1")).toEqual({ ...run, cancelRequested: true });
    expect(await other.requestCancel("run", "resource-1")).toEqual({ ...run, cancelRequested: true });
    expect(await store.renewLeases(NODE_A, [lease, elsewhere.lease])).toEqual([
      { ...lease, cancelRequested: true },
      { ...elsewhere.lease, cancelRequested: false },
    ]);
    // It outlives a crash of the holder.
    clock.advance(LEASE_MS);
    const [taken] = await other.claimRuns(NODE_B, { limit: 1, pendingLimit: 0 });
    expect(taken?.run).toMatchObject({ id: "run", cancelRequested: true });
    expect((await store.append([appendOf({ runId: "run", epoch: 2 }, textDelta("partial"), { type: "run-canceled" })]))[0]?.outcome).toBe("appended");
    const ended = await store.getRun("run");
    expect(await store.requestCancel("run", "resource-1")).toEqual(ended);
    await complete(store, (await store.claimRuns(NODE_B, ALL))[0]?.lease ?? elsewhere.lease);
    // A run that ended is not asked to stop.
    expect(await store.requestCancel("elsewhere", "resource-1")).toMatchObject({ status: "completed", cancelRequested: false });
  },
};
