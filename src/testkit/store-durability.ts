import { expect } from "vitest";
import type { RunStore } from "../core/store.ts";
import type { StoreCases } from "./store-case.ts";
import { START } from "../core/offset.ts";
import { answers } from "./store-interrupts.ts";
import {
  ALL,
  appendOf,
  claimedIds,
  complete,
  interruptsOf,
  LEASE_MS,
  modelCalled,
  modelFinished,
  NODE_A,
  NODE_B,
  sampleRun,
  sampleUsage,
  startedRun,
  suspendedRun,
  textDelta,
  waitingRun,
} from "./store-samples.ts";

const RUN_IDS = ["done", "asking", "given up", "waits", "went on", "held", "queued"];

async function everythingIn(store: RunStore): Promise<unknown> {
  return {
    runs: await store.listRuns({ limit: 100 }),
    named: await Promise.all(["mine", "answering"].map((clientRunId) => store.listRuns({ clientRunId, limit: 100 }))),
    threads: await store.listThreads({ resourceId: "resource-1", limit: 100 }),
    logs: await Promise.all(RUN_IDS.map((id) => store.readEntries(id, START, 1_000))),
    ends: await Promise.all(RUN_IDS.map((id) => store.lastOffset(id))),
    interrupts: await Promise.all(RUN_IDS.map((id) => interruptsOf(store, id))),
    children: await Promise.all(RUN_IDS.map((id) => store.getChildRun(id))),
    audit: await Promise.all(RUN_IDS.map((id) => store.listAudit(id))),
    usage: await Promise.all(RUN_IDS.map((id) => store.listUsage(id))),
    bills: await store.listBilledRuns({}),
    deliveries: await store.listDeliveries({ limit: 100 }),
  };
}

export const durableInvariants: StoreCases = {
  "what was acknowledged is there after a reopen": async ({ store, clock, reopen }) => {
    const done = await startedRun(store, sampleRun("done"));
    await store.append([appendOf(done.lease, textDelta("a"), textDelta("ß"), modelCalled(0), modelFinished(0), modelCalled(1))]);
    await store.append([{ ...appendOf(done.lease, { type: "run-completed" }), billing: { sinks: ["meter", "ledger", "elsewhere"] } }]);
    await store.settleUsage({ runId: "done", attempt: 1, path: "", call: 1, usage: sampleUsage(1) });
    await store.claimDeliveries({ sinks: ["meter", "ledger"], limit: 2, leaseMs: 10 });
    await store.settleDelivery({ runId: "done", sink: "meter", state: "sent" });
    await store.settleDelivery({ runId: "done", sink: "ledger", state: "held", error: "silent", isOutcomeUnknown: true });
    await suspendedRun(store, sampleRun("asking"), ["i", "j"]);
    await store.answerInterrupts(answers({ j: { approved: true } }));
    await suspendedRun(store, sampleRun("given up"), ["k"]);
    await store.cancelSuspended({ runId: "given up", canceledBy: "resource-1", childRunId: "end" });
    await waitingRun(store, sampleRun("waits", { clientRunId: "mine" }), ["l", "m"], clock.now() + 10);
    await store.answerInterrupts({ ...answers({ m: null }), answers: [{ interruptId: "m", answer: null, isDeclined: true }] });
    await waitingRun(store, sampleRun("went on"), ["n"], clock.now() + 10);
    await store.answerInterrupts({ ...answers({ n: 1 }), continuation: { clientRunId: "answering", input: { notes: ["brought"] } } });
    const held = await startedRun(store, sampleRun("held", { threadId: "t" }));
    await store.append([appendOf(held.lease, textDelta("not flushed"))]);
    await store.createRun(sampleRun("queued", { threadId: "t", onBusyThread: "queue" }));
    await store.requestCancel("held", "resource-1");
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

  "a delivery is held over a reopen, and a run goes on from what was answered before": async ({ store, clock, reopen }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    await store.append([{ ...appendOf(lease, { type: "run-completed" }), billing: { sinks: ["meter"] } }]);
    await suspendedRun(store, sampleRun("asking"), ["i", "j"]);
    await store.answerInterrupts(answers({ i: 1 }));
    const claim = { sinks: ["meter"], limit: 10, leaseMs: LEASE_MS };
    await store.claimDeliveries(claim);
    const reopened = await reopen();
    expect(await reopened.claimDeliveries(claim)).toEqual([]);
    clock.advance(LEASE_MS);
    expect(await reopened.claimDeliveries(claim)).toMatchObject([{ runId: "run", attempts: 2 }]);
    expect(await reopened.answerInterrupts(answers({ j: 2 }), NODE_A)).toMatchObject({ outcome: "answered", child: { run: { parentRunId: "asking" } } });
  },

  "a waiting run waits over a reopen, and goes on or ends as it would have": async ({ store, clock, reopen }) => {
    await waitingRun(store, sampleRun("answered"), ["i", "j"], clock.now() + 10);
    await waitingRun(store, sampleRun("left alone"), ["k"], clock.now() + 10);
    await store.answerInterrupts(answers({ i: 1 }));
    const reopened = await reopen();
    expect(await claimedIds(reopened)).toEqual([]);
    expect(await reopened.answerInterrupts(answers({ j: 2 }))).toMatchObject({ resumed: { id: "answered", status: "running" } });
    clock.advance(10);
    expect((await reopened.claimRuns(NODE_B, ALL)).map(({ run: { id, attempt, crashes } }) => [id, attempt, crashes])).toEqual([
      ["left alone", 2, 0],
      ["answered", 2, 0],
    ]);
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
