import { expect } from "vitest";
import type { RunStore } from "../core/store.ts";
import type { StoreCases } from "./store-case.ts";
import { START } from "../core/offset.ts";
import { appendOf, claimedIds, complete, LEASE_MS, NODE_A, NODE_B, sampleInterrupt, sampleRun, startedRun, textDelta } from "./store-samples.ts";

const RUN_IDS = ["done", "asking", "held", "queued"];

async function everythingIn(store: RunStore): Promise<unknown> {
  return {
    runs: await store.listRuns({ limit: 100 }),
    threads: await store.listThreads({ resourceId: "resource-1", limit: 100 }),
    logs: await Promise.all(RUN_IDS.map((id) => store.readEntries(id, START, 1_000))),
    ends: await Promise.all(RUN_IDS.map((id) => store.lastOffset(id))),
    interrupts: await Promise.all(RUN_IDS.map((id) => store.listInterrupts(id))),
  };
}

export const durableInvariants: StoreCases = {
  "what was acknowledged is there after a reopen": async ({ store, reopen }) => {
    const done = await startedRun(store, sampleRun("done"));
    await store.append([appendOf(done.lease, textDelta("a"), textDelta("ß"))]);
    await complete(store, done.lease);
    const asking = await startedRun(store, sampleRun("asking"));
    await store.append([appendOf(asking.lease, { type: "run-suspended", interrupts: [sampleInterrupt("i")] })]);
    const held = await startedRun(store, sampleRun("held", { threadId: "t" }));
    await store.append([appendOf(held.lease, textDelta("not flushed"))]);
    await store.createRun(sampleRun("queued", { threadId: "t", onBusyThread: "queue" }));
    await store.requestCancel("held");
    const before = await everythingIn(store);
    expect(await everythingIn(await reopen())).toEqual(before);
  },
};

export const durableCases: StoreCases = {
  "a lease is held over a reopen, and the log goes on where it was": async ({ store, clock, reopen }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    const reopened = await reopen();
    expect(await claimedIds(reopened)).toEqual([]);
    const last = await reopened.lastOffset("run");
    const [result] = await reopened.append([appendOf(lease, textDelta("goes on"))]);
    expect(result?.outcome === "appended" && result.entries.map(({ offset }) => offset)).toEqual([(last ?? 0) + 1]);
    expect(await reopened.renewLeases(NODE_A, [lease])).toEqual([{ ...lease, cancelRequested: false }]);
    clock.advance(LEASE_MS);
    expect((await reopened.claimRuns(NODE_B, { limit: 1, pendingLimit: 0 }))[0]?.run).toMatchObject({ attempt: 2, crashes: 1 });
  },

  "queues, keys and owners hold over a reopen": async ({ store, reopen }) => {
    const idempotency = { key: "key", fingerprint: "print" };
    const { run, lease } = await startedRun(store, sampleRun("run", { threadId: "t", idempotency }));
    await store.createRun(sampleRun("queued", { threadId: "t", onBusyThread: "queue" }));
    const reopened = await reopen();
    expect(await reopened.createRun(sampleRun("again", { idempotency }))).toEqual({ outcome: "existing", run });
    expect(await reopened.createRun(sampleRun("foreign", { threadId: "t", resourceId: "resource-2" }))).toEqual({ outcome: "foreign-thread" });
    expect(await claimedIds(reopened)).toEqual([]);
    await complete(reopened, lease);
    expect(await claimedIds(reopened)).toEqual(["queued"]);
  },

  "a thread that was forgotten stays forgotten after a reopen": async ({ store, reopen }) => {
    const { lease } = await startedRun(store, sampleRun("run", { threadId: "t" }));
    await complete(store, lease);
    await store.deleteThread("t");
    const reopened = await reopen();
    expect(await reopened.getThread("t")).toBeUndefined();
    expect(await reopened.readEntries("run", START, 10)).toEqual([]);
  },
};
