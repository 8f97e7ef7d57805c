import { expect } from "vitest";
import { SYSTEM_ACTOR } from "../core/audit.ts";
import type { RunStore, UnwatchedRequest } from "../core/store.ts";
import type { StoreCases } from "./store-case.ts";
import { appendOf, claimedIds, complete, eventsOf, NODE_A, NODE_B, sampleRun, startedRun, waitingRun } from "./store-samples.ts";

const UNWATCHED_MS = 10_000;
const REASON = "nobody followed the run";

/** Asks the unwatched runs to stop that a node holds, and those that wait. */
function cancelUnwatched(store: RunStore, change: Partial<UnwatchedRequest> = {}): Promise<readonly string[]> {
  return store.cancelUnwatched({ owner: NODE_A.owner, unwatchedMs: UNWATCHED_MS, reason: REASON, limit: 100, ...change });
}

/** The run lives for so long from now, to the millisecond. */
async function livesFor(under: Parameters<StoreCases[string]>[0], milliseconds: number): Promise<void> {
  under.clock.advance(milliseconds - 1);
  expect(await cancelUnwatched(under.store)).toEqual([]);
  under.clock.advance(1);
  expect(await cancelUnwatched(under.store)).toEqual(["run"]);
}

export const unwatchedInvariants: StoreCases = {
  "a run counts as followed from its creation, and for as long as its readers say, from any process": async (under) => {
    const { store, other, clock } = under;
    await startedRun(store, sampleRun("run"));
    await startedRun(store, sampleRun("unseen"));
    clock.advance(UNWATCHED_MS - 1);
    expect(await cancelUnwatched(store)).toEqual([]);
    await other.noteFollowed(["run"], 500);
    // A reader that stays for less time takes nothing away from one that stays longer.
    await store.noteFollowed(["run"], 100);
    clock.advance(1);
    expect(await cancelUnwatched(store)).toEqual(["unseen"]);
    await livesFor(under, UNWATCHED_MS + 500 - 1);
  },

  "a node asks runs to stop that nobody follows: those that it holds and those that wait, and no others": async ({ store, other, clock }) => {
    await startedRun(store, sampleRun("mine"));
    await startedRun(store, sampleRun("another's"), NODE_B);
    await waitingRun(store, sampleRun("waits"), ["a"], clock.now() + UNWATCHED_MS * 10, NODE_B);
    await startedRun(store, sampleRun("busy", { threadId: "t" }));
    await store.noteFollowed(["busy"], UNWATCHED_MS * 10);
    await store.createRun(sampleRun("pending", { threadId: "t", onBusyThread: "queue" }));
    const released = await startedRun(store, sampleRun("released"));
    await store.releaseLease(released.lease);
    await complete(store, (await startedRun(store, sampleRun("ended"))).lease);
    clock.advance(UNWATCHED_MS);
    expect(await cancelUnwatched(store)).toEqual(["mine", "waits"]);
    expect(await cancelUnwatched(other, { owner: NODE_B.owner })).toEqual(["another's"]);
    const { runs } = await store.listRuns({ limit: 10 });
    expect(runs.filter((run) => run.cancelRequested).map(({ id }) => id)).toEqual(["waits", "another's", "mine"]);
    expect(runs.filter((run) => !run.cancelRequested && "cancelReason" in run)).toEqual([]);
  },

  "a run that nobody follows is asked to stop once, by the system and with the reason, in the transaction of its audit row": async ({
    store,
    other,
    clock,
  }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    await startedRun(store, sampleRun("asked before"));
    clock.advance(UNWATCHED_MS);
    await store.requestCancel("asked before", "resource-1");
    expect(await cancelUnwatched(store)).toEqual(["run"]);
    expect(await cancelUnwatched(other)).toEqual([]);
    const canceled = { runId: "run", resourceId: "resource-1", action: "canceled", actor: SYSTEM_ACTOR, at: clock.now() };
    expect(await other.listAudit("run")).toEqual([canceled]);
    expect(await other.getRun("run")).toMatchObject({ status: "running", cancelRequested: true, cancelReason: REASON });
    // The owner's own wish stands as it was, and comes too late where the system was first.
    await other.requestCancel("run", "resource-1");
    expect(await store.listAudit("run")).toEqual([canceled]);
    expect((await store.listAudit("asked before")).map(({ actor }) => actor)).toEqual(["resource-1"]);
    expect(await store.getRun("asked before")).not.toHaveProperty("cancelReason");
    // Its holder hears of it as of any cancel, and ends it.
    expect(await store.renewLeases(NODE_A, [lease])).toEqual([{ ...lease, cancelRequested: true }]);
    await store.append([appendOf(lease, { type: "run-canceled", reason: REASON })]);
    expect(await store.getRun("run")).toMatchObject({ status: "canceled", cancelReason: REASON });
  },
};

export const unwatchedCases: StoreCases = {
  "a waiting run that is asked to stop is claimed by whoever comes first, and that counts no crash": async ({ store, other, clock }) => {
    await waitingRun(store, sampleRun("waits"), ["a"], clock.now() + UNWATCHED_MS * 10);
    clock.advance(UNWATCHED_MS);
    expect(await claimedIds(other)).toEqual([]);
    expect(await cancelUnwatched(other, { owner: NODE_B.owner })).toEqual(["waits"]);
    const [claimed] = await store.claimRuns(NODE_A, { limit: 1, pendingLimit: 0 });
    expect(claimed?.run).toMatchObject({ id: "waits", crashes: 0, cancelRequested: true, cancelReason: REASON });
  },

  "what readers say of a run outlives its holder and its wait": async ({ store, other, clock }) => {
    await waitingRun(store, sampleRun("run"), ["a"], clock.now() + 1);
    await other.noteFollowed(["run"], UNWATCHED_MS);
    clock.advance(UNWATCHED_MS);
    expect(await claimedIds(store, NODE_A)).toEqual(["run"]);
    clock.advance(NODE_A.leaseMs);
    expect(await claimedIds(store, NODE_B)).toEqual(["run"]);
    expect(await cancelUnwatched(store, { owner: NODE_B.owner })).toEqual([]);
    clock.advance(UNWATCHED_MS - NODE_A.leaseMs);
    expect(await cancelUnwatched(store, { owner: NODE_B.owner })).toEqual(["run"]);
  },

  "no more runs are asked to stop than the limit says, the oldest first": async ({ store, clock }) => {
    for (const id of ["c", "a", "b"]) await startedRun(store, sampleRun(id));
    clock.advance(UNWATCHED_MS);
    expect(await cancelUnwatched(store, { limit: 2 })).toEqual(["c", "a"]);
    expect(await cancelUnwatched(store, { limit: 2 })).toEqual(["b"]);
  },

  "to follow a run changes nothing else about it, and nothing at all where it has ended or is unknown": async ({ store }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    await complete(store, (await startedRun(store, sampleRun("ended"))).lease);
    const before = [await store.getRun("run"), await store.getRun("ended"), await eventsOf(store, "run")];
    await store.noteFollowed(["ended", "nowhere", "run", "run"], 0.5);
    await store.noteFollowed([], 1);
    expect([await store.getRun("run"), await store.getRun("ended"), await eventsOf(store, "run")]).toEqual(before);
    expect(await store.renewLeases(NODE_A, [lease])).toEqual([{ ...lease, cancelRequested: false }]);
  },
};
