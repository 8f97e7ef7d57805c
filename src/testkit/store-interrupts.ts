import { expect } from "vitest";
import type { AnswerRequest, AnswerResult } from "../core/interrupt-store.ts";
import type { Json } from "../core/json.ts";
import type { RunStore } from "../core/store.ts";
import type { StoreCases } from "./store-case.ts";
import {
  ALL,
  appendOf,
  claimedIds,
  complete,
  eventsOf,
  interruptsOf,
  NODE_A,
  NODE_B,
  sampleInterrupt,
  sampleRun,
  startedRun,
  suspendedRun,
} from "./store-samples.ts";

const YES = { approved: true } as const;
const NO = { approved: false, reason: "too much" } as const;

/** Answers of one run, by the id of the interrupt. */
export function answers(given: Readonly<Record<string, Json>>, childRunId: string = "child"): AnswerRequest {
  return { answers: Object.entries(given).map(([interruptId, answer]) => ({ interruptId, answer })), answeredBy: "resource-1", childRunId };
}

function outcomes(results: readonly AnswerResult[]): readonly string[] {
  return results.map(({ outcome }) => outcome).toSorted();
}

async function runIds(store: RunStore): Promise<readonly string[]> {
  return (await store.listRuns({ limit: 100 })).runs.map(({ id }) => id);
}

export const interruptInvariants: StoreCases = {
  "an interrupt is answered once: the same answer again changes nothing, another answer is a conflict": async ({ store, other, clock }) => {
    await suspendedRun(store, sampleRun("run"), ["i", "open"]);
    clock.advance(5);
    const first = await store.answerInterrupts(answers({ i: YES }));
    const interrupt = await other.getInterrupt("i");
    const asked = {
      ...sampleInterrupt("i"),
      runId: "run",
      threadId: "thread-of-run",
      agentId: "agent-1",
      resourceId: "resource-1",
      createdAt: clock.now() - 5,
    };
    expect(interrupt).toEqual({ ...asked, status: "answered", answer: YES, answeredAt: clock.now(), answeredBy: "resource-1" });
    expect(first).toEqual({ outcome: "answered", interrupts: [interrupt, await store.getInterrupt("open")] });
    clock.advance(5);
    // The order of an object's fields does not make another answer.
    await store.answerInterrupts(answers({ open: { reason: "fine", approved: true } }));
    const audit = await store.listAudit("run");
    const again = { ...answers({ open: { approved: true, reason: "fine" }, i: YES }, "another child"), answeredBy: "resource-2" };
    expect(await other.answerInterrupts(again)).toEqual({ outcome: "repeated", interrupts: await interruptsOf(store, "run"), childRunId: "child" });
    expect(await other.answerInterrupts(answers({ i: NO }))).toEqual({ outcome: "conflict", interrupt });
    expect(await other.answerInterrupts(answers({ i: null }))).toEqual({ outcome: "conflict", interrupt });
    expect(await store.getInterrupt("i")).toEqual(interrupt);
    expect(await store.listAudit("run")).toEqual(audit);
    expect(await runIds(store)).toEqual(["child", "run"]);

    await suspendedRun(store, sampleRun("raced"), ["raced"]);
    const racing = [store, other, store, other].map((handle, index) =>
      handle.answerInterrupts(answers({ raced: index % 2 === 0 ? YES : NO }, `child-${index}`)),
    );
    expect(outcomes(await Promise.all(racing))).toEqual(["answered", "conflict", "conflict", "repeated"]);
  },

  "the run that goes on is created in the transaction of the last answer, and is created once": async ({ store, other, clock }) => {
    const input = { messages: [], trigger: "submit", context: { plan: "pro" } } as const;
    await suspendedRun(store, sampleRun("run", { input, billingPolicy: "all-attempts" }), ["b", "a", "c"]);
    expect(await store.answerInterrupts(answers({ c: { text: "later" } }), NODE_A)).toMatchObject({ outcome: "answered" });
    expect(await other.getChildRun("run")).toBeUndefined();
    await store.answerInterrupts(answers({ a: NO }), NODE_A);
    expect(await runIds(store)).toEqual(["run"]);
    clock.advance(5);
    const last = await other.answerInterrupts(answers({ b: YES }), NODE_B);
    const child = await store.getChildRun("run");
    const parent = await store.getRun("run");
    const { endedAt: _endedAt, ...identity } = parent ?? expect.fail();
    expect(child).toEqual({ ...identity, id: "child", parentRunId: "run", status: "running", attempt: 1, createdAt: clock.now() });
    expect(last).toEqual({ outcome: "answered", interrupts: await interruptsOf(store, "run"), child: { run: child, lease: { runId: "child", epoch: 1 } } });
    expect(await eventsOf(store, "child")).toEqual([
      { type: "run-started", messageId: "answer-of-run", threadId: "thread-of-run", agentId: "agent-1", parentRunId: "run" },
      ...(
        [
          ["b", YES],
          ["a", NO],
          ["c", { text: "later" }],
        ] as const
      ).map(([id, answer]) => {
        const { kind, toolCallId, toolName } = sampleInterrupt(id);
        return { type: "interrupt-answered", interruptId: id, kind, toolCallId, toolName, answer };
      }),
      { type: "attempt-started", attempt: 1 },
    ]);
    expect((await store.renewLeases(NODE_B, [{ runId: "child", epoch: 1 }])).length).toBe(1);
    expect((await store.getThread("thread-of-run"))?.lastRunAt).toBe(clock.now());

    await suspendedRun(store, sampleRun("raced"), ["x", "y"]);
    const racing = [store.answerInterrupts(answers({ x: YES }, "raced-1")), other.answerInterrupts(answers({ y: YES }, "raced-2"))];
    const results = await Promise.all([...racing, other.answerInterrupts(answers({ x: YES, y: YES }, "raced-3"))]);
    expect(results.filter((result) => result.outcome === "answered" && result.child !== undefined)).toHaveLength(1);
    expect((await runIds(store)).filter((id) => id.startsWith("raced-"))).toEqual([(await store.getChildRun("raced"))?.id]);
  },

  "several answers are taken together or not at all": async ({ store, clock }) => {
    await suspendedRun(store, sampleRun("run"), ["a", "b", "c", { ...sampleInterrupt("late"), expiresAt: clock.now() + 5 }]);
    await suspendedRun(store, sampleRun("elsewhere"), ["foreign"]);
    await store.answerInterrupts(answers({ c: YES }));
    clock.advance(5);
    const before = [await interruptsOf(store, "run"), await interruptsOf(store, "elsewhere"), await store.listAudit("run"), await runIds(store)];
    expect(await store.answerInterrupts(answers({ a: YES, c: NO }))).toEqual({ outcome: "conflict", interrupt: await store.getInterrupt("c") });
    expect(await store.answerInterrupts(answers({ a: YES, late: YES, b: YES }))).toMatchObject({ outcome: "conflict", interrupt: { id: "late" } });
    for (const given of [{ a: YES, foreign: YES }, { a: YES, nowhere: YES }, {}]) {
      expect(await store.answerInterrupts(answers(given))).toEqual({ outcome: "unknown" });
    }
    const [once] = answers({ a: YES }).answers;
    expect(await store.answerInterrupts({ ...answers({}), answers: once ? [once, once] : [] })).toEqual({ outcome: "unknown" });
    await expect(store.answerInterrupts(answers({ foreign: YES }, "run"))).rejects.toMatchObject({ code: "INTERNAL" });
    expect([await interruptsOf(store, "run"), await interruptsOf(store, "elsewhere"), await store.listAudit("run"), await runIds(store)]).toEqual(before);
    // A repeat stands beside what is answered with it.
    expect(await store.answerInterrupts(answers({ a: YES, b: NO, c: YES }))).toMatchObject({ outcome: "answered" });
    expect((await store.listAudit("run")).map(({ interruptId }) => interruptId)).toEqual(["c", "a", "b"]);
  },

  "an interrupt is not answered after it expired or was canceled": async ({ store, other, clock }) => {
    const expiresAt = clock.now() + 10;
    await suspendedRun(store, sampleRun("run"), [
      { ...sampleInterrupt("in time"), expiresAt },
      { ...sampleInterrupt("late"), expiresAt },
    ]);
    clock.advance(9);
    expect((await interruptsOf(store, "run")).map(({ status }) => status)).toEqual(["pending", "pending"]);
    await store.answerInterrupts(answers({ "in time": YES }));
    clock.advance(1);
    const late = await other.getInterrupt("late");
    expect(late).toMatchObject({ status: "expired", expiresAt });
    expect(await other.answerInterrupts(answers({ late: YES }))).toEqual({ outcome: "conflict", interrupt: late });
    // What was answered does not expire, and the run does not go on without the other answer.
    expect(await store.answerInterrupts(answers({ "in time": YES }))).toEqual({ outcome: "repeated", interrupts: await interruptsOf(store, "run") });
    expect(await runIds(store)).toEqual(["run"]);
    await store.cancelSuspended({ runId: "run", canceledBy: "resource-1", childRunId: "child" });
    const canceled = await store.getInterrupt("late");
    expect(canceled).toEqual({ ...late, status: "canceled", answeredAt: clock.now(), answeredBy: "resource-1" });
    expect(await other.answerInterrupts(answers({ late: YES }, "other"))).toEqual({ outcome: "conflict", interrupt: canceled });
    expect(await store.answerInterrupts(answers({ "in time": YES }))).toMatchObject({ outcome: "repeated", childRunId: "child" });
    expect((await store.getInterrupt("in time"))?.status).toBe("answered");
  },

  "a suspended run is canceled once, and not after it was answered": async ({ store, other, clock }) => {
    await suspendedRun(store, sampleRun("run"), ["a", "b"]);
    await store.answerInterrupts(answers({ a: YES }));
    clock.advance(5);
    const cancel = (handle: RunStore, runId: string, childRunId: string): ReturnType<RunStore["cancelSuspended"]> =>
      handle.cancelSuspended({ runId, canceledBy: "resource-1", childRunId }, NODE_A);
    const [first, second] = await Promise.all([cancel(store, "run", "child-1"), cancel(other, "run", "child-2")]);
    const [won, lost] = first.outcome === "canceled" ? [first, second] : [second, first];
    const child = await store.getChildRun("run");
    expect(child).toMatchObject({
      parentRunId: "run",
      messageId: "answer-of-run",
      status: "running",
      attempt: 1,
      cancelRequested: true,
      createdAt: clock.now(),
    });
    expect(won).toEqual({ outcome: "canceled", child: { run: child, lease: { runId: child?.id, epoch: 1 } } });
    expect(lost).toEqual({ outcome: "not-suspended", childRunId: child?.id });
    expect((await eventsOf(store, child?.id ?? "")).map(({ type }) => type)).toEqual(["run-started", "attempt-started"]);
    expect((await interruptsOf(store, "run")).map(({ status }) => status)).toEqual(["answered", "canceled"]);

    await suspendedRun(store, sampleRun("answered"), ["c"]);
    await store.answerInterrupts(answers({ c: YES }, "goes on"));
    expect(await cancel(other, "answered", "too late")).toEqual({ outcome: "not-suspended", childRunId: "goes on" });
    await suspendedRun(store, sampleRun("raced"), ["d"]);
    const raced = await Promise.all([store.answerInterrupts(answers({ d: YES }, "raced-1")), cancel(other, "raced", "raced-2")]);
    expect(raced.map(({ outcome }) => outcome)).toSatisfy((both: readonly string[]) => ["answered,not-suspended", "conflict,canceled"].includes(both.join()));
  },

  "an answer and a cancel leave an audit row in the same transaction": async ({ store, other, clock }) => {
    const asked = [sampleInterrupt("yes"), sampleInterrupt("no"), { ...sampleInterrupt("form"), kind: "tool-suspend" }, sampleInterrupt("open")] as const;
    await suspendedRun(store, sampleRun("run"), asked);
    await store.answerInterrupts({ ...answers({ form: YES, no: { approved: "true" } }), answeredBy: "resource-9" });
    clock.advance(5);
    await store.answerInterrupts(answers({ yes: YES }));
    await store.cancelSuspended({ runId: "run", canceledBy: "resource-9", childRunId: "child" });
    await store.cancelSuspended({ runId: "run", canceledBy: "resource-9", childRunId: "child-2" });
    const of = { runId: "run", resourceId: "resource-1" };
    expect(await other.listAudit("run")).toEqual([
      { ...of, action: "answered", actor: "resource-9", interruptId: "form", at: clock.now() - 5 },
      { ...of, action: "declined", actor: "resource-9", interruptId: "no", at: clock.now() - 5 },
      { ...of, action: "approved", actor: "resource-1", interruptId: "yes", at: clock.now() },
      { ...of, action: "canceled", actor: "resource-9", at: clock.now() },
    ]);
    expect(await store.listAudit("child")).toEqual([]);
    // A cancel that changes nothing leaves no row.
    const { lease } = await startedRun(store, sampleRun("active"));
    await Promise.all([store, other, store].map((handle) => handle.requestCancel("active", "resource-1")));
    await complete(store, lease);
    const ended = await startedRun(store, sampleRun("ended"));
    await complete(store, ended.lease);
    await store.requestCancel("ended", "resource-1");
    const canceled = { runId: "active", resourceId: "resource-1", action: "canceled", actor: "resource-1", at: clock.now() };
    expect(await other.listAudit("active")).toEqual([canceled]);
    expect(await other.listAudit("ended")).toEqual([]);
  },
};

export const interruptCases: StoreCases = {
  "the run that goes on waits behind the active runs of its thread": async ({ store, other }) => {
    await suspendedRun(store, sampleRun("run", { threadId: "t" }), ["i"]);
    const between = await startedRun(store, sampleRun("between", { threadId: "t" }));
    const result = await other.answerInterrupts(answers({ i: YES }), NODE_B);
    expect(result).toMatchObject({ outcome: "answered", child: { run: { id: "child", status: "pending", attempt: 0 } } });
    expect(result.outcome === "answered" && result.child?.lease).toBeUndefined();
    expect((await eventsOf(store, "child")).map(({ type }) => type)).toEqual(["run-started", "interrupt-answered"]);
    expect(await claimedIds(other)).toEqual([]);
    await complete(store, between.lease);
    const [claimed] = await other.claimRuns(NODE_B, ALL);
    expect(claimed?.run).toEqual(await store.getChildRun("run"));
  },

  "the run that ends a suspended one does not wait for its turn": async ({ store }) => {
    await suspendedRun(store, sampleRun("run", { threadId: "t" }), ["i"]);
    await startedRun(store, sampleRun("between", { threadId: "t" }));
    const result = await store.cancelSuspended({ runId: "run", canceledBy: "resource-1", childRunId: "child" }, NODE_B);
    expect(result).toMatchObject({ outcome: "canceled", child: { run: { status: "pending", cancelRequested: true } } });
    expect(await claimedIds(store, NODE_B, { limit: 10, pendingLimit: 0 })).toEqual(["child"]);
  },

  "a run that is not suspended, or asks nothing, is not canceled as one that is": async ({ store }) => {
    const cancel = (runId: string): ReturnType<RunStore["cancelSuspended"]> => store.cancelSuspended({ runId, canceledBy: "resource-1", childRunId: "child" });
    await startedRun(store, sampleRun("running"));
    await suspendedRun(store, sampleRun("silent"), []);
    for (const runId of ["running", "silent", "nowhere"]) {
      expect(await cancel(runId)).toEqual({ outcome: "not-suspended" });
      expect(await store.listAudit(runId)).toEqual([]);
    }
    expect(await store.getRun("child")).toBeUndefined();
    await suspendedRun(store, sampleRun("asking"), ["i"]);
    await expect(store.cancelSuspended({ runId: "asking", canceledBy: "resource-1", childRunId: "silent" })).rejects.toMatchObject({ code: "INTERNAL" });
    expect((await store.getInterrupt("i"))?.status).toBe("pending");
    expect(await store.listAudit("asking")).toEqual([]);
  },

  "an answer that is changed after it was given stays as it was": async ({ store }) => {
    await suspendedRun(store, sampleRun("run"), ["i"]);
    const answer = { output: { rows: [1] } };
    await store.answerInterrupts(answers({ i: answer }));
    answer.output.rows.push(2);
    expect((await store.getInterrupt("i"))?.answer).toEqual({ output: { rows: [1] } });
    expect((await eventsOf(store, "child"))[1]).toMatchObject({ answer: { output: { rows: [1] } } });
  },

  "an id of an interrupt is not used twice, and a fenced append does not use it": async ({ store }) => {
    await suspendedRun(store, sampleRun("run"), ["i"]);
    const { lease } = await startedRun(store, sampleRun("next"));
    const suspend = (...ids: readonly string[]): ReturnType<typeof appendOf> =>
      appendOf(lease, { type: "run-suspended", interrupts: ids.map(sampleInterrupt) });
    await expect(store.append([suspend("j", "i")])).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(store.append([suspend("j", "j")])).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await store.getInterrupt("j")).toBeUndefined();
    expect((await store.getRun("next"))?.status).toBe("running");
    expect(await store.append([{ ...suspend("i"), epoch: 7 }, suspend("j"), suspend("j")])).toMatchObject([
      { outcome: "fenced" },
      { outcome: "appended" },
      { outcome: "fenced" },
    ]);
    expect((await store.getInterrupt("j"))?.runId).toBe("next");
  },
};
