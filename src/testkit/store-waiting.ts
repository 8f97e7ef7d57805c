import { expect } from "vitest";
import type { RunEvent } from "../core/event.ts";
import type { Interrupt } from "../core/interrupt.ts";
import { offsetOf } from "../core/offset.ts";
import type { RunStore } from "../core/store.ts";
import type { StoreCases } from "./store-case.ts";
import { answers } from "./store-interrupts.ts";
import {
  ALL,
  appendOf,
  claimedIds,
  complete,
  eventsOf,
  interruptsOf,
  NODE_A,
  NODE_B,
  pageQuestion,
  sampleInterrupt,
  sampleRun,
  startedRun,
  textDelta,
  waitingRun,
} from "./store-samples.ts";

const HOLD_MS = 10_000;

function told(id: string, answer: Extract<RunEvent, { type: "interrupt-answered" }>["answer"]): RunEvent {
  const { kind, toolCallId, toolName } = pageQuestion(id);
  return { type: "interrupt-answered", interruptId: id, kind, toolCallId, toolName, answer };
}

async function statuses(store: RunStore, runId: string): Promise<readonly [string, Interrupt["status"]][]> {
  return (await interruptsOf(store, runId)).map(({ id, status }) => [id, status]);
}

/** Claims a run whose wait is over, and ends it as suspended with these questions. */
async function endSuspended(store: RunStore, runId: string, asked: readonly string[]): Promise<void> {
  const [claimed] = await store.claimRuns(NODE_A, ALL);
  expect(claimed?.run.id).toBe(runId);
  const end: RunEvent = { type: "run-suspended", interrupts: asked.map(pageQuestion) };
  expect(await store.append(claimed ? [appendOf(claimed.lease, end)] : [])).toMatchObject([{ outcome: "appended", end }]);
}

export const waitInvariants: StoreCases = {
  "a run that begins to wait lets go of its lease in the same transaction, and keeps its thread": async ({ store, other, clock }) => {
    const { lease } = await startedRun(store, sampleRun("run", { threadId: "t" }));
    await store.createRun(sampleRun("queued", { threadId: "t", onBusyThread: "queue" }));
    const waiting: RunEvent = { type: "run-waiting", interrupts: [pageQuestion("a")], until: clock.now() + HOLD_MS };
    const batch = [appendOf(lease, textDelta("so"), waiting), appendOf(lease, textDelta("late"))];
    expect(await store.append(batch)).toMatchObject([{ outcome: "appended" }, { outcome: "fenced" }]);
    expect((await eventsOf(other, "run")).slice(2)).toEqual([textDelta("so"), waiting]);
    const run = await other.getRun("run");
    expect(run).toMatchObject({ status: "waiting", attempt: 1, crashes: 0 });
    expect(run).not.toHaveProperty("endedAt");
    expect(await store.getBill("run")).toBeUndefined();
    expect(await store.renewLeases(NODE_A, [lease])).toEqual([]);
    expect(await store.releaseLease(lease)).toBe(false);
    expect(await store.append([appendOf(lease, textDelta("later"))])).toEqual([{ outcome: "fenced" }]);
    expect(await claimedIds(other)).toEqual([]);
    expect(await other.createRun(sampleRun("next", { threadId: "t" }))).toEqual({ outcome: "thread-busy", activeRunId: "run" });
    expect(await other.deleteThread("t")).toBe("busy");
    // Nothing stands behind it, and a batch that holds such a thing is not written.
    const held = await startedRun(store, sampleRun("held"));
    await expect(store.append([appendOf(held.lease, waiting, textDelta("behind"))])).rejects.toMatchObject({ code: "INTERNAL" });
    expect((await store.getRun("held"))?.status).toBe("running");
  },

  "a waiting run is claimed only once its hold is over or its cancel was requested, and that counts no crash": async ({ store, other, clock }) => {
    await waitingRun(store, sampleRun("held"), ["a"], clock.now() + HOLD_MS);
    await waitingRun(store, sampleRun("canceled"), ["b"], clock.now() + HOLD_MS);
    clock.advance(HOLD_MS - 1);
    expect(await claimedIds(other)).toEqual([]);
    expect(await other.requestCancel("canceled", "resource-1")).toMatchObject({ status: "waiting", cancelRequested: true });
    const [canceled, ...early] = await other.claimRuns(NODE_B, { limit: 10, pendingLimit: 0 });
    expect(canceled).toMatchObject({ run: { id: "canceled", status: "running", attempt: 2, crashes: 0 }, lease: { runId: "canceled", epoch: 2 } });
    expect(early).toEqual([]);
    clock.advance(1);
    const claims = await Promise.all([store.claimRuns(NODE_A, ALL), other.claimRuns(NODE_B, ALL)]);
    expect(claims.flat()).toMatchObject([{ run: { id: "held", status: "running", attempt: 2, crashes: 0 } }]);
    // It is held like any other from then on.
    clock.advance(NODE_A.leaseMs);
    expect((await store.claimRuns(NODE_A, ALL)).map(({ run: { id, crashes } }) => [id, crashes])).toEqual([
      ["held", 1],
      ["canceled", 1],
    ]);
  },

  "the last answer lets a waiting run itself go on, is in its log by the same transaction, and counts no crash": async ({ store, other, clock }) => {
    await waitingRun(store, sampleRun("run"), ["a", "b"], clock.now() + HOLD_MS);
    expect(await statuses(other, "run")).toEqual([
      ["a", "pending"],
      ["b", "pending"],
    ]);
    expect(await other.answerInterrupts(answers({ b: 2 }), NODE_B)).toEqual({ outcome: "answered", interrupts: await interruptsOf(store, "run") });
    expect(await eventsOf(store, "run")).toHaveLength(3);
    expect(await claimedIds(store)).toEqual([]);
    const last = await other.answerInterrupts(answers({ a: 1 }), NODE_B);
    const resumed = await store.getRun("run");
    expect(resumed).toMatchObject({ status: "running", attempt: 1, crashes: 0 });
    expect(last).toEqual({ outcome: "answered", interrupts: await interruptsOf(store, "run"), resumed });
    // In the order of the questions, and booked under the attempt that asked them.
    const entries = (await store.readEntries("run", offsetOf(3), 10)).map(({ event, attempt, at }) => ({ event, attempt, at }));
    expect(entries).toEqual([told("a", 1), told("b", 2)].map((event) => ({ event, attempt: 1, at: clock.now() })));
    expect(await store.getChildRun("run")).toBeUndefined();
    expect(await store.append([appendOf({ runId: "run", epoch: 1 }, textDelta("late"))])).toEqual([{ outcome: "fenced" }]);
    const [claimed] = await store.claimRuns(NODE_A, { limit: 1, pendingLimit: 1 });
    expect(claimed).toMatchObject({ run: { id: "run", attempt: 2, crashes: 0 } });
    const repeated = { outcome: "repeated", interrupts: await interruptsOf(store, "run"), resumed: claimed?.run };
    expect(await other.answerInterrupts(answers({ a: 1, b: 2 }, "another"))).toEqual(repeated);
    expect(await other.answerInterrupts(answers({ a: 3 }))).toMatchObject({ outcome: "conflict" });
    await complete(store, { runId: "run", epoch: 2 });
    expect(await other.answerInterrupts(answers({ a: 1 }))).toMatchObject({ outcome: "repeated", resumed: { status: "completed" } });
    expect((await store.listAudit("run")).map(({ action, interruptId }) => [action, interruptId])).toEqual([
      ["answered", "b"],
      ["answered", "a"],
    ]);
  },

  "a question that was held is the same question when its run ends as suspended, and keeps its answer": async ({ store, other, clock }) => {
    const askedAt = clock.now();
    await waitingRun(store, sampleRun("run"), ["a", "b"], askedAt + HOLD_MS);
    clock.advance(HOLD_MS);
    await store.answerInterrupts(answers({ b: 2 }));
    const held = await interruptsOf(store, "run");
    await endSuspended(store, "run", ["b", "c", "a"]);
    const asked = await interruptsOf(other, "run");
    expect(asked.slice(0, 2)).toEqual(held);
    expect(held.map(({ createdAt }) => createdAt)).toEqual([askedAt, askedAt]);
    expect(await statuses(other, "run")).toEqual([
      ["a", "pending"],
      ["b", "answered"],
      ["c", "pending"],
    ]);
    await other.answerInterrupts(answers({ c: 3 }), NODE_B);
    const last = await other.answerInterrupts(answers({ a: 1 }), NODE_B);
    expect(last).toMatchObject({ outcome: "answered", child: { run: { id: "child", parentRunId: "run" }, lease: { epoch: 1 } } });
    expect((await eventsOf(store, "child")).slice(1, 4)).toEqual([told("a", 1), told("b", 2), told("c", 3)]);
    expect(await other.answerInterrupts(answers({ b: 2 }))).toMatchObject({ outcome: "repeated", childRunId: "child" });
    // The id of another run's question is not taken, held or not.
    const { lease } = await startedRun(store, sampleRun("elsewhere"));
    const taken: RunEvent = { type: "run-waiting", interrupts: [pageQuestion("a")], until: 0 };
    await expect(store.append([appendOf(lease, taken)])).rejects.toMatchObject({ code: "INTERNAL" });
  },

  "a run that ends in another way than suspended cancels its open questions": async ({ store, other, clock }) => {
    const ends: readonly RunEvent[] = [{ type: "run-canceled" }, { type: "run-failed", error: { code: "AGENT_FAILED", message: "It failed." } }];
    for (const [index, end] of ends.entries()) {
      const id = `run-${index}`;
      await waitingRun(store, sampleRun(id), [`a-${index}`, `b-${index}`], clock.now());
      await store.answerInterrupts(answers({ [`a-${index}`]: 1 }));
      const [claimed] = await store.claimRuns(NODE_A, ALL);
      clock.advance(5);
      await store.append(claimed ? [appendOf(claimed.lease, end)] : []);
      expect(await statuses(other, id)).toEqual([
        [`a-${index}`, "answered"],
        [`b-${index}`, "canceled"],
      ]);
      const canceled = await other.getInterrupt(`b-${index}`);
      expect(canceled?.answeredAt).toBe(clock.now());
      expect(canceled).not.toHaveProperty("answeredBy");
      expect(await other.answerInterrupts(answers({ [`b-${index}`]: 1 }))).toEqual({ outcome: "conflict", interrupt: canceled });
      // It has nothing left that could be canceled as that of a suspended run.
      expect(await store.cancelSuspended({ runId: id, canceledBy: "resource-1", childRunId: "child" })).toEqual({ outcome: "not-suspended" });
    }
  },
};

export const waitCases: StoreCases = {
  "a run that waits again is told only what it was not told before": async ({ store, clock }) => {
    await waitingRun(store, sampleRun("run"), ["a"], clock.now() + HOLD_MS);
    await store.answerInterrupts(answers({ a: 1 }));
    const [again] = await store.claimRuns(NODE_A, ALL);
    const { lease } = again ?? expect.fail();
    await store.append([appendOf(lease, { type: "run-waiting", interrupts: [pageQuestion("b")], until: clock.now() + HOLD_MS })]);
    expect(await statuses(store, "run")).toEqual([
      ["a", "answered"],
      ["b", "pending"],
    ]);
    await store.answerInterrupts(answers({ b: 2 }));
    const [third] = await store.claimRuns(NODE_A, ALL);
    await store.append(third ? [appendOf(third.lease, { type: "run-suspended", interrupts: [sampleInterrupt("c")] })] : []);
    await store.answerInterrupts(answers({ c: { approved: true } }));
    const answered = (events: readonly RunEvent[]): readonly string[] => events.flatMap((event) => ("interruptId" in event ? [event.interruptId] : []));
    expect(answered(await eventsOf(store, "run"))).toEqual(["a", "b"]);
    expect(answered(await eventsOf(store, "child"))).toEqual(["c"]);
    expect(await store.answerInterrupts(answers({ c: { approved: true } }))).toMatchObject({ outcome: "repeated", childRunId: "child" });
  },

  "an answer that comes when the hold is over and nobody has claimed the run lets it go on": async ({ store, clock }) => {
    await waitingRun(store, sampleRun("run"), ["a"], clock.now() + HOLD_MS);
    clock.advance(HOLD_MS * 2);
    expect(await store.answerInterrupts(answers({ a: 1 }))).toMatchObject({ resumed: { status: "running" } });
    expect((await store.claimRuns(NODE_A, ALL))[0]?.run).toMatchObject({ attempt: 2, crashes: 0 });
  },

  "a run whose time does not fall on a millisecond waits until it has passed": async ({ store, clock }) => {
    await waitingRun(store, sampleRun("run"), ["a"], clock.now() + 0.5);
    expect(await claimedIds(store)).toEqual([]);
    clock.advance(1);
    expect(await claimedIds(store)).toEqual(["run"]);
  },

  "what runs ask while they wait is listed beside what suspended ones ask, also once they went on": async ({ store, clock }) => {
    await waitingRun(store, sampleRun("went on"), ["a"], clock.now() + HOLD_MS);
    await waitingRun(store, sampleRun("waits"), ["b"], clock.now() + HOLD_MS);
    await store.answerInterrupts(answers({ a: 1 }));
    const list = async (query: object): Promise<readonly string[]> => (await store.listInterrupts({ limit: 10, ...query })).interrupts.map(({ id }) => id);
    expect(await list({ resourceId: "resource-1" })).toEqual(["b", "a"]);
    expect(await list({ statuses: ["pending"] })).toEqual(["b"]);
    expect(await list({ runId: "went on" })).toEqual(["a"]);
    expect(await store.listRuns({ statuses: ["waiting"], limit: 10 })).toMatchObject({ runs: [{ id: "waits" }] });
  },

  "waiting runs are claimed with the ones whose lease ended, before what is pending": async ({ store, clock }) => {
    await store.createRun(sampleRun("pending"));
    await waitingRun(store, sampleRun("waits"), ["a"], clock.now() + 1);
    await startedRun(store, sampleRun("held"));
    clock.advance(NODE_A.leaseMs);
    expect(await claimedIds(store, NODE_B, { limit: 10, pendingLimit: 1 })).toEqual(["waits", "held", "pending"]);
  },

  "a start that cancels what is before it ends a waiting run": async ({ store, clock }) => {
    await waitingRun(store, sampleRun("waits", { threadId: "t" }), ["a"], clock.now() + HOLD_MS);
    await store.createRun(sampleRun("next", { threadId: "t", onBusyThread: "cancel-previous" }), NODE_A);
    const [claimed, ...more] = await store.claimRuns(NODE_B, ALL);
    expect(claimed?.run).toMatchObject({ id: "waits", cancelRequested: true });
    expect(more).toEqual([]);
    await store.append(claimed ? [appendOf(claimed.lease, { type: "run-canceled" })] : []);
    expect(await claimedIds(store)).toEqual(["next"]);
  },
};
