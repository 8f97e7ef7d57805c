import { expect } from "vitest";
import type { RunEvent } from "../core/event.ts";
import type { Lease } from "../core/lease.ts";
import { offsetOf } from "../core/offset.ts";
import type { RunStore } from "../core/store.ts";
import type { StoreCases, StoreUnderTest } from "./store-case.ts";
import { answers } from "./store-interrupts.ts";
import {
  ALL,
  appendOf,
  claimedIds,
  eventsOf,
  interruptsOf,
  LEASE_MS,
  modelCalled,
  NODE_A,
  NODE_B,
  pageQuestion,
  sampleRun,
  startedRun,
  textDelta,
  waitingRun,
} from "./store-samples.ts";

const HOLD_MS = 10_000;

/** A run that waited for these until its hold was over, and the lease of the attempt that ends it. */
async function endingRun({ store, clock }: Pick<StoreUnderTest, "store" | "clock">, runId: string, asked: readonly string[]): Promise<Lease> {
  await waitingRun(store, sampleRun(runId), asked, clock.now() + HOLD_MS);
  clock.advance(HOLD_MS);
  const [claimed] = await store.claimRuns(NODE_A, ALL);
  return claimed?.lease ?? expect.fail();
}

function suspended(...asked: readonly string[]): RunEvent {
  return { type: "run-suspended", interrupts: asked.map(pageQuestion) };
}

const told = (id: string, answer: number): object => ({ type: "interrupt-answered", interruptId: id, answer });

async function namedBy(store: RunStore, clientRunId: string, resourceId?: string): Promise<readonly string[]> {
  const { runs } = await store.listRuns({ clientRunId, limit: 10, ...(resourceId !== undefined && { resourceId }) });
  return runs.map(({ id }) => id);
}

export const heldAnswerInvariants: StoreCases = {
  "the last answer does not fence the attempt that ends the hold: in place of that end its log gets the answers, and the run goes on": async (under) => {
    const { store, other, clock } = under;
    const lease = await endingRun(under, "run", ["a", "b"]);
    const brought = { continuation: { input: { notes: ["brought"] } } };
    expect(await other.answerInterrupts(answers({ a: 1 }))).not.toHaveProperty("resumed");
    expect(await other.answerInterrupts({ ...answers({ b: 2 }), ...brought })).toMatchObject({
      outcome: "answered",
      resumed: { id: "run", status: "running", attempt: 2, input: { notes: ["brought"] } },
    });
    // Nothing is taken from the attempt, which may be writing into the thread, and nobody goes on beside it.
    expect(await claimedIds(other)).toEqual([]);
    expect(await store.renewLeases(NODE_A, [lease])).toEqual([{ ...lease, cancelRequested: false }]);
    expect(await other.answerInterrupts(answers({ a: 1, b: 2 }))).toMatchObject({ outcome: "repeated", resumed: { id: "run", status: "running" } });
    const written = (await eventsOf(store, "run")).length;
    const billing = { sinks: ["meter"] };
    const batch = [{ ...appendOf(lease, textDelta("its own"), suspended("a", "b")), billing }, appendOf(lease, textDelta("late"))];
    const [result, late] = await store.append(batch);
    expect(result).toMatchObject({
      outcome: "appended",
      goesOn: true,
      entries: [{ event: textDelta("its own") }, { event: told("a", 1) }, { event: told("b", 2) }],
    });
    expect(result).not.toHaveProperty("end");
    expect(late).toEqual({ outcome: "fenced" });
    const entries = await other.readEntries("run", offsetOf(written), 10);
    expect(result?.outcome === "appended" && result.entries).toEqual(entries);
    expect(entries.map(({ attempt, at }) => [attempt, at])).toEqual(Array.from({ length: 3 }, () => [lease.epoch, clock.now()]));
    expect(await other.getRun("run")).toMatchObject({ status: "running", attempt: 2, crashes: 0, input: { notes: ["brought"] } });
    expect(await store.getBill("run")).toBeUndefined();
    expect((await store.listDeliveries({ limit: 10 })).deliveries).toEqual([]);
    expect(await store.append([appendOf(lease, suspended("a", "b"))])).toEqual([{ outcome: "fenced" }]);
    expect(await other.getChildRun("run")).toBeUndefined();
    expect((await other.claimRuns(NODE_B, ALL))[0]).toMatchObject({ run: { id: "run", attempt: 3, crashes: 0 } });
    // It is told them once: what it asks next ends it like any other run.
    expect(await store.append([appendOf({ runId: "run", epoch: 3 }, suspended("c"))])).toMatchObject([{ outcome: "appended", end: suspended("c") }]);
  },

  "an answer is refused once its run was asked to stop and has not ended": async (under) => {
    const { store, other, clock } = under;
    await waitingRun(store, sampleRun("waits"), ["a", "b"], clock.now() + HOLD_MS);
    await store.answerInterrupts(answers({ b: 2 }));
    await store.requestCancel("waits", "resource-1");
    expect(await other.answerInterrupts(answers({ a: 1 }))).toEqual({ outcome: "conflict", interrupt: await store.getInterrupt("a") });
    expect(await other.answerInterrupts(answers({ a: 1, b: 2 }))).toMatchObject({ outcome: "conflict", interrupt: { id: "a", status: "pending" } });
    expect(await other.answerInterrupts(answers({ b: 2 }))).toMatchObject({ outcome: "repeated" });
    const [claimed] = await store.claimRuns(NODE_A, ALL);
    const { lease } = claimed ?? expect.fail();
    expect(await other.answerInterrupts(answers({ a: 1 }))).toMatchObject({ outcome: "conflict", interrupt: { id: "a", status: "pending" } });
    await store.append([appendOf(lease, { type: "run-canceled" })]);
    expect(await other.answerInterrupts(answers({ a: 1 }))).toMatchObject({ outcome: "conflict", interrupt: { status: "canceled" } });
    expect((await store.listAudit("waits")).map(({ action }) => action)).toEqual(["answered", "canceled"]);
    expect((await eventsOf(store, "waits")).some(({ type }) => type === "interrupt-answered")).toBe(false);

    // Also where an attempt ends its hold.
    await endingRun(under, "ends", ["c"]);
    await other.requestCancel("ends", "resource-1");
    expect(await store.answerInterrupts(answers({ c: 1 }))).toMatchObject({ outcome: "conflict", interrupt: { id: "c", status: "pending" } });
  },

  "runs that go on with their answers are claimed before the pending ones and within their limit, what was handed over beyond it": async ({
    store,
    other,
    clock,
  }) => {
    const handedOver = await startedRun(store, sampleRun("handed over"));
    await store.createRun(sampleRun("pending"));
    for (const id of ["1", "2", "3"]) await waitingRun(store, sampleRun(`went on ${id}`), [id], clock.now() + HOLD_MS);
    for (const id of ["3", "1", "2"]) await other.answerInterrupts(answers({ [id]: 0 }));
    await store.releaseLease(handedOver.lease);
    expect(await claimedIds(other, NODE_B, { limit: 10, pendingLimit: 1 })).toEqual(["handed over", "went on 1"]);
    expect(await claimedIds(other, NODE_B, { limit: 10, pendingLimit: 0 })).toEqual([]);
    // One that is to stop needs no room.
    await store.requestCancel("went on 3", "resource-1");
    expect(await claimedIds(other, NODE_B, { limit: 10, pendingLimit: 0 })).toEqual(["went on 3"]);
    // Once it was claimed it is like any other: what is handed over waits for nothing.
    await other.releaseLease({ runId: "went on 1", epoch: 2 });
    expect(await claimedIds(store, NODE_A, { limit: 10, pendingLimit: 0 })).toEqual(["went on 1"]);
    expect(await claimedIds(store, NODE_A, { limit: 10, pendingLimit: 2 })).toEqual(["went on 2", "pending"]);
  },

  "a run is found by the client's id of each request that answered it too, and keeps the one that it was started under": async ({ store, other, clock }) => {
    await waitingRun(store, sampleRun("run", { clientRunId: "first", threadId: "t" }), ["a", "b", "c"], clock.now() + HOLD_MS);
    await waitingRun(store, sampleRun("unnamed"), ["d"], clock.now() + HOLD_MS);
    await store.createRun(sampleRun("foreign", { resourceId: "resource-2", clientRunId: "second" }));
    const answer = async (given: Readonly<Record<string, number>>, clientRunId: string): Promise<unknown> =>
      other.answerInterrupts({ ...answers(given), continuation: { clientRunId } });
    await answer({ a: 1 }, "second");
    expect(await namedBy(store, "second", "resource-1")).toEqual(["run"]);
    await answer({ a: 1 }, "repeated");
    await answer({ b: 9, a: 9 }, "refused");
    await answer({ b: 2 }, "first");
    expect(await answer({ c: 3 }, "third")).toMatchObject({ resumed: { id: "run", clientRunId: "first" } });
    expect(await answer({ d: 4 }, "third")).toMatchObject({ resumed: { id: "unnamed" } });
    expect(await store.getRun("run")).toMatchObject({ clientRunId: "first" });
    expect(await store.getRun("unnamed")).not.toHaveProperty("clientRunId");
    expect(await namedBy(store, "first")).toEqual(["run"]);
    expect(await namedBy(store, "second")).toEqual(["foreign", "run"]);
    expect(await namedBy(store, "third", "resource-1")).toEqual(["unnamed", "run"]);
    expect(await namedBy(store, "third", "resource-2")).toEqual([]);
    for (const id of ["repeated", "refused"]) expect(await namedBy(store, id)).toEqual([]);
    // Forgotten with its thread.
    const [claimed] = await store.claimRuns(NODE_A, ALL);
    await store.append([appendOf(claimed?.lease ?? expect.fail(), { type: "run-completed" })]);
    await store.deleteThread("t");
    expect(await namedBy(store, "second")).toEqual(["foreign"]);
    expect(await namedBy(store, "third")).toEqual(["unnamed"]);
  },
};

export const heldAnswerCases: StoreCases = {
  "a run of whose questions one is open ends as suspended, and keeps the answers that came meanwhile": async (under) => {
    const { store, other } = under;
    const lease = await endingRun(under, "run", ["a", "b"]);
    await other.answerInterrupts(answers({ b: 2 }));
    const [result] = await store.append([appendOf(lease, suspended("a", "b"))]);
    expect(result).toMatchObject({ outcome: "appended", end: suspended("a", "b") });
    expect(result).not.toHaveProperty("goesOn");
    expect((await interruptsOf(store, "run")).map(({ status }) => status)).toEqual(["pending", "answered"]);
    expect(await other.answerInterrupts(answers({ a: 1 }))).toMatchObject({ outcome: "answered", child: { run: { parentRunId: "run" } } });
    expect((await eventsOf(store, "child")).slice(1)).toMatchObject([told("a", 1), told("b", 2)]);
  },

  "a run that asks one question more as it ends is suspended with that one": async (under) => {
    const { store, other } = under;
    const lease = await endingRun(under, "run", ["a"]);
    await other.answerInterrupts(answers({ a: 1 }));
    expect(await store.append([appendOf(lease, suspended("a", "c"))])).toMatchObject([{ outcome: "appended", end: suspended("a", "c") }]);
    await other.answerInterrupts(answers({ c: 3 }));
    expect((await eventsOf(store, "child")).slice(1)).toMatchObject([told("a", 1), told("c", 3)]);
  },

  "a run that had been answered when it ends in another way ends in that way": async (under) => {
    const { store, other } = under;
    const lease = await endingRun(under, "run", ["a"]);
    await other.answerInterrupts(answers({ a: 1 }));
    await store.requestCancel("run", "resource-1");
    expect(await store.append([appendOf(lease, { type: "run-canceled" })])).toMatchObject([{ end: { type: "run-canceled" } }]);
    expect(await interruptsOf(store, "run")).toMatchObject([{ id: "a", status: "answered" }]);
  },

  "a run that was answered and then asked to stop is claimed to be ended": async (under) => {
    const { store, other } = under;
    const lease = await endingRun(under, "run", ["a"]);
    await other.answerInterrupts(answers({ a: 1 }));
    await other.requestCancel("run", "resource-1");
    expect(await store.append([appendOf(lease, suspended("a"))])).toMatchObject([{ goesOn: true }]);
    const [claimed] = await other.claimRuns(NODE_B, { limit: 1, pendingLimit: 0 });
    expect(claimed?.run).toMatchObject({ id: "run", cancelRequested: true, attempt: 3 });
  },

  "a run goes on with its answers also where the attempt that was to end it died": async (under) => {
    const { store, other, clock } = under;
    await endingRun(under, "run", ["a"]);
    await other.answerInterrupts(answers({ a: 1 }));
    clock.advance(LEASE_MS);
    const [claimed] = await other.claimRuns(NODE_B, ALL);
    const { lease } = claimed ?? expect.fail();
    expect(claimed?.run).toMatchObject({ attempt: 3, crashes: 1 });
    expect(await other.append([appendOf(lease, suspended("a"))])).toMatchObject([{ goesOn: true }]);
    expect((await store.claimRuns(NODE_A, ALL))[0]?.run).toMatchObject({ id: "run", attempt: 4, crashes: 1 });
  },

  "what an end brings to the ledger is kept where answers stand in its place": async (under) => {
    const { store, other } = under;
    const lease = await endingRun(under, "run", ["a"]);
    await other.answerInterrupts(answers({ a: 1 }));
    await store.append([appendOf(lease, modelCalled(7), suspended("a"))]);
    expect(await other.listUsage("run")).toMatchObject([{ call: 7, state: "pending" }]);
  },

  "a repeated answer leads to what went on from the run last": async ({ store, clock }) => {
    await waitingRun(store, sampleRun("run"), ["a"], clock.now() + HOLD_MS);
    await store.answerInterrupts(answers({ a: 1 }));
    const [claimed] = await store.claimRuns(NODE_A, ALL);
    await store.append([appendOf(claimed?.lease ?? expect.fail(), suspended("b"))]);
    // Nothing goes on from it until the rest is answered.
    expect(await store.answerInterrupts(answers({ a: 1 }))).toMatchObject({ outcome: "repeated", resumed: { id: "run", status: "suspended" } });
    await store.answerInterrupts(answers({ b: 2 }));
    const again = await store.answerInterrupts(answers({ a: 1 }));
    expect(again).toMatchObject({ outcome: "repeated", childRunId: "child" });
    expect(again).not.toHaveProperty("resumed");
  },
};
