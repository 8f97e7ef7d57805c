import { expect } from "vitest";
import { START } from "../core/offset.ts";
import type { BusyThreadPolicy } from "../core/run.ts";
import type { StoreCases } from "./store-case.ts";
import { ALL, appendOf, claimedIds, complete, createdRun, eventsOf, NODE_A, NODE_B, sampleRun, startedRun } from "./store-samples.ts";

const SAME_KEY = { key: "key-1", fingerprint: "print-1" };

export const runInvariants: StoreCases = {
  "two runs started at once on one thread: one is created, the other finds the thread busy": async ({ store, other }) => {
    const results = await Promise.all([
      store.createRun(sampleRun("left", { threadId: "t" }), NODE_A),
      other.createRun(sampleRun("right", { threadId: "t" }), NODE_B),
      store.createRun(sampleRun("third", { threadId: "t" })),
    ]);
    const created = results.filter((result) => result.outcome === "created");
    expect(created).toHaveLength(1);
    const activeRunId = created[0]?.run.id;
    expect(results.filter((result) => result.outcome !== "created")).toEqual(Array.from({ length: 2 }, () => ({ outcome: "thread-busy", activeRunId })));
    expect((await store.listRuns({ threadId: "t", limit: 10 })).runs.map((run) => run.id)).toEqual([activeRunId]);
  },

  "the same idempotency key of one resource gives the same run; with another fingerprint it is a mismatch": async ({ store, other }) => {
    const { run, lease } = await startedRun(store, sampleRun("run", { threadId: "t", idempotency: SAME_KEY }));
    // The key is looked at before the thread, which is busy.
    expect(await other.createRun(sampleRun("again", { threadId: "t", idempotency: SAME_KEY }), NODE_B)).toEqual({ outcome: "existing", run });
    const different = { ...SAME_KEY, fingerprint: "print-2" };
    expect(await other.createRun(sampleRun("again", { idempotency: different }), NODE_B)).toEqual({ outcome: "idempotency-mismatch" });
    const ofAnother = sampleRun("foreign", { resourceId: "resource-2", idempotency: different });
    expect((await other.createRun(ofAnother)).outcome).toBe("created");
    await complete(store, lease);
    const ended = await store.getRun("run");
    expect(await other.createRun(sampleRun("late", { idempotency: SAME_KEY }))).toEqual({ outcome: "existing", run: ended });
    const racing = { key: "key-2", fingerprint: "print-1" };
    const results = await Promise.all([store, other].map((handle, index) => handle.createRun(sampleRun(`race-${index}`, { idempotency: racing }))));
    expect(results.map(({ outcome }) => outcome).toSorted()).toEqual(["created", "existing"]);
    expect(new Set(results.map((result) => "run" in result && result.run.id)).size).toBe(1);
  },

  "a thread belongs to the resource that first ran on it": async ({ store, other }) => {
    const { lease } = await startedRun(store, sampleRun("run", { threadId: "t" }));
    const foreign = (id: string, onBusyThread: BusyThreadPolicy): ReturnType<typeof sampleRun> =>
      sampleRun(id, { threadId: "t", resourceId: "resource-2", onBusyThread });
    for (const policy of ["reject", "queue", "cancel-previous"] as const) {
      expect(await other.createRun(foreign("intruder", policy), NODE_B)).toEqual({ outcome: "foreign-thread" });
    }
    await complete(store, lease);
    expect(await other.createRun(foreign("intruder", "reject"))).toEqual({ outcome: "foreign-thread" });
    expect((await store.getThread("t"))?.resourceId).toBe("resource-1");
    expect((await store.getRun("run"))?.cancelRequested).toBe(false);
    expect(await store.getRun("intruder")).toBeUndefined();
  },
};

export const runCases: StoreCases = {
  "a run that is claimed as it is created is running, with its first attempt in the log": async ({ store, other, clock }) => {
    const request = sampleRun("run", {
      parentRunId: "parent",
      input: { messages: [], trigger: "regenerate", replacesMessageId: "m", context: { plan: "pro" } },
    });
    const result = await store.createRun(request, NODE_A);
    const { onBusyThread: _policy, ...identity } = request;
    const run = { ...identity, status: "running", attempt: 1, crashes: 0, cancelRequested: false, createdAt: clock.now() };
    expect(result).toEqual({ outcome: "created", run, lease: { runId: "run", epoch: 1 } });
    expect(await other.getRun("run")).toEqual(run);
    const started = { type: "run-started", messageId: "answer-of-run", threadId: "thread-of-run", agentId: "agent-1", parentRunId: "parent" };
    const entries = await other.readEntries("run", START, 10);
    expect(entries.map(({ event, attempt, at }) => ({ event, attempt, at }))).toEqual([
      { event: started, attempt: 0, at: clock.now() },
      { event: { type: "attempt-started", attempt: 1 }, attempt: 1, at: clock.now() },
    ]);
  },

  "a run that is not claimed as it is created is pending, and its log has its start alone": async ({ store }) => {
    const result = createdRun(await store.createRun(sampleRun("run")));
    expect(result.lease).toBeUndefined();
    expect(result.run).toMatchObject({ status: "pending", attempt: 0, crashes: 0 });
    expect(await eventsOf(store, "run")).toEqual([{ type: "run-started", messageId: "answer-of-run", threadId: "thread-of-run", agentId: "agent-1" }]);
  },

  "a run queued on a busy thread waits unclaimed, and on a free thread does not wait": async ({ store }) => {
    const first = await startedRun(store, sampleRun("first", { threadId: "t", onBusyThread: "queue" }));
    const queued = createdRun(await store.createRun(sampleRun("second", { threadId: "t", onBusyThread: "queue" }), NODE_A));
    expect(queued.lease).toBeUndefined();
    expect(queued.run.status).toBe("pending");
    expect((await store.getRun("first"))?.cancelRequested).toBe(false);
    expect(await store.createRun(sampleRun("third", { threadId: "t" }))).toEqual({ outcome: "thread-busy", activeRunId: "first" });
    await complete(store, first.lease);
    expect(await store.createRun(sampleRun("third", { threadId: "t" }))).toEqual({ outcome: "thread-busy", activeRunId: "second" });
  },

  "a start that cancels what is before it asks every active run of the thread to stop and queues behind them": async ({ store }) => {
    await complete(store, (await startedRun(store, sampleRun("ended", { threadId: "t" }))).lease);
    const first = await startedRun(store, sampleRun("first", { threadId: "t" }));
    await startedRun(store, sampleRun("elsewhere"));
    await store.createRun(sampleRun("second", { threadId: "t", onBusyThread: "queue" }));
    const third = createdRun(await store.createRun(sampleRun("third", { threadId: "t", onBusyThread: "cancel-previous" }), NODE_A));
    expect(third.lease).toBeUndefined();
    expect(third.run).toMatchObject({ status: "pending", cancelRequested: false });
    const cancels = await Promise.all(["ended", "first", "second", "third", "elsewhere"].map(async (id) => (await store.getRun(id))?.cancelRequested));
    expect(cancels).toEqual([false, true, true, false, false]);
    // The second one is claimed to be ended, though it is not its turn.
    const [second, ...more] = await store.claimRuns(NODE_B, { limit: 10, pendingLimit: 0 });
    expect(second?.run).toMatchObject({ id: "second", status: "running", attempt: 1, crashes: 0, cancelRequested: true });
    expect(more).toEqual([]);
    await store.append([appendOf(first.lease, { type: "run-canceled" }), ...(second ? [appendOf(second.lease, { type: "run-canceled" })] : [])]);
    expect(await claimedIds(store)).toEqual(["third"]);
  },

  "a start that is refused writes nothing": async ({ store }) => {
    await startedRun(store, sampleRun("run", { threadId: "t", idempotency: SAME_KEY }));
    const thread = await store.getThread("t");
    await store.createRun(sampleRun("busy", { threadId: "t", agentId: "agent-2" }));
    await store.createRun(sampleRun("mismatch", { idempotency: { ...SAME_KEY, fingerprint: "other" } }));
    await expect(store.createRun(sampleRun("run", { threadId: "t-2" }))).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await store.getThread("t")).toEqual(thread);
    expect(await store.getThread("t-2")).toBeUndefined();
    expect(await store.getThread("thread-of-mismatch")).toBeUndefined();
    expect((await store.listRuns({ limit: 10 })).runs.map(({ id }) => id)).toEqual(["run"]);
    expect(await store.getRun("busy")).toBeUndefined();
    expect(await store.lastOffset("busy")).toBeUndefined();
  },

  "an input that is changed after the start stays as it was": async ({ store }) => {
    const messages = [{ id: "m", role: "user", parts: [] }];
    await store.createRun(sampleRun("run", { input: { messages, trigger: "submit" } }));
    messages.push({ id: "n", role: "user", parts: [] });
    expect((await store.getRun("run"))?.input.messages).toHaveLength(1);
  },

  "ids are told apart to the last character": async ({ store }) => {
    const ids = ["a", "A", "a ", "ä", "a\u0308", "a'--", "🐘"];
    for (const id of ids) await startedRun(store, sampleRun(id));
    for (const id of ids) expect((await store.getRun(id))?.threadId).toBe(`thread-of-${id}`);
  },

  "a claim takes the leases that ended first, then what is pending, in the order of the starts": async ({ store, clock }) => {
    await store.createRun(sampleRun("pending-1"));
    await startedRun(store, sampleRun("held-1"));
    const released = await startedRun(store, sampleRun("released"));
    await store.createRun(sampleRun("pending-2"));
    await store.createRun(sampleRun("pending-3"));
    await startedRun(store, sampleRun("held-2"));
    await store.releaseLease(released.lease);
    clock.advance(NODE_A.leaseMs);
    expect(await claimedIds(store, NODE_B, { limit: 2, pendingLimit: 5 })).toEqual(["held-1", "released"]);
    expect(await claimedIds(store, NODE_B, { limit: 5, pendingLimit: 1 })).toEqual(["held-2", "pending-1"]);
    expect(await claimedIds(store, NODE_B, { limit: 5, pendingLimit: 0 })).toEqual([]);
    expect(await claimedIds(store, NODE_B, { limit: 0, pendingLimit: 5 })).toEqual([]);
    expect(await claimedIds(store, NODE_B, ALL)).toEqual(["pending-2", "pending-3"]);
  },

  "only the leases that are given are renewed, and only for their owner": async ({ store, other, clock }) => {
    const [kept, lost] = [await startedRun(store, sampleRun("kept")), await startedRun(store, sampleRun("lost"))];
    clock.advance(NODE_A.leaseMs - 1);
    expect(await other.renewLeases(NODE_B, [kept.lease, lost.lease])).toEqual([]);
    expect(await store.renewLeases(NODE_A, [{ ...lost.lease, epoch: 9 }, kept.lease])).toEqual([{ ...kept.lease, cancelRequested: false }]);
    expect(await store.renewLeases(NODE_A, [])).toEqual([]);
    clock.advance(1);
    expect(await claimedIds(other)).toEqual(["lost"]);
  },

  "unknown runs cannot be read, canceled or given back": async ({ store }) => {
    expect(await store.getRun("nowhere")).toBeUndefined();
    expect(await store.requestCancel("nowhere", "resource-1")).toBeUndefined();
    expect(await store.releaseLease({ runId: "nowhere", epoch: 1 })).toBe(false);
    expect(await store.renewLeases(NODE_A, [{ runId: "nowhere", epoch: 1 }])).toEqual([]);
    expect(await store.claimRuns(NODE_A, ALL)).toEqual([]);
  },

  "a store answers until it is closed and says then that it is not available": async ({ store }) => {
    await store.ping();
    await store.close();
    await expect(store.ping()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    await expect(store.getRun("run")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(store.createRun(sampleRun("run"))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await store.close();
  },
};
