import { expect } from "vitest";
import type { AnswerRequest, InterruptAnswer } from "../core/interrupt-store.ts";
import type { StoreCases } from "./store-case.ts";
import { answers } from "./store-interrupts.ts";
import { eventsOf, interruptsOf, NODE_A, sampleInterrupt, sampleMessage, sampleRun, suspendedRun, waitingRun } from "./store-samples.ts";

const YES = { approved: true } as const;

/** A request that declines, or answers, one question. */
function answering(...given: readonly InterruptAnswer[]): AnswerRequest {
  return { answers: given, answeredBy: "resource-1", childRunId: "child" };
}

export const continuationInvariants: StoreCases = {
  "a declined question is answered by that: an answer behind it is a conflict, and so is a decline behind an answer": async ({ store, other, clock }) => {
    await suspendedRun(store, sampleRun("run"), ["declined", "answered", { ...sampleInterrupt("form"), kind: "tool-suspend" }]);
    const decline = (interruptId: string): InterruptAnswer => ({ interruptId, answer: YES, isDeclined: true });
    await store.answerInterrupts(answering(decline("declined")));
    await store.answerInterrupts(answering({ interruptId: "answered", answer: YES }));
    const declined = await other.getInterrupt("declined");
    expect(declined).toMatchObject({ status: "answered", answer: YES, isDeclined: true, answeredAt: clock.now() });
    expect(await other.getInterrupt("answered")).not.toHaveProperty("isDeclined");
    expect(await other.answerInterrupts(answers({ declined: YES }))).toEqual({ outcome: "conflict", interrupt: declined });
    expect(await other.answerInterrupts(answering(decline("answered")))).toMatchObject({ outcome: "conflict", interrupt: { id: "answered" } });
    expect(await other.answerInterrupts(answering(decline("declined")))).toMatchObject({ outcome: "repeated" });
    await other.answerInterrupts(answering(decline("form")), NODE_A);
    expect((await eventsOf(store, "child")).slice(1, 4)).toMatchObject([
      { type: "interrupt-answered", interruptId: "declined", answer: YES, isDeclined: true },
      { type: "interrupt-answered", interruptId: "answered", answer: YES },
      { type: "interrupt-answered", interruptId: "form", isDeclined: true },
    ]);
    expect((await eventsOf(store, "child"))[2]).not.toHaveProperty("isDeclined");
    expect((await store.listAudit("run")).map(({ interruptId, action }) => [interruptId, action])).toEqual([
      ["declined", "declined"],
      ["answered", "approved"],
      ["form", "declined"],
    ]);
  },

  "what the last answer brings is put over the input of the run that goes on, and a repeated answer brings nothing": async ({ store, other, clock }) => {
    const input = { messages: [sampleMessage("hi")], trigger: "submit", notes: ["old"], state: { count: 1 }, holdMs: 10 } as const;
    const started = { clientRunId: "started", input };
    const brought = { clientRunId: "brought", input: { notes: ["new"], pageTools: [{ name: "pick", description: "picks" }] } };
    const late = { clientRunId: "late", input: { notes: ["late"] } };
    const over = { ...input, ...brought.input };
    await suspendedRun(store, sampleRun("run", started), ["a", "b"]);
    // No run goes on with the first of two answers, so what it brings goes nowhere.
    await store.answerInterrupts({ ...answers({ a: YES }), continuation: late });
    await other.answerInterrupts({ ...answers({ b: YES }), continuation: brought });
    expect(await store.getRun("child")).toMatchObject({ clientRunId: "brought", input: over });
    await store.answerInterrupts({ ...answers({ a: YES, b: YES }), continuation: late });
    expect(await store.getRun("child")).toMatchObject({ clientRunId: "brought", input: over });
    expect(await store.getRun("run")).toMatchObject(started);

    // A waiting run goes on itself, under the id that it has.
    await waitingRun(store, sampleRun("held", started), ["c", "d"], clock.now() + 10);
    await store.answerInterrupts({ ...answers({ c: 1 }, "of held"), continuation: late });
    expect((await store.getRun("held"))?.input).toEqual(input);
    expect(await other.answerInterrupts({ ...answers({ d: 1 }, "of held"), continuation: brought })).toMatchObject({
      resumed: { clientRunId: "started", input: over },
    });
    expect(await store.getRun("held")).toMatchObject({ clientRunId: "started", input: over });
    await store.answerInterrupts({ ...answers({ c: 1, d: 1 }), continuation: late });
    expect((await store.getRun("held"))?.input).toEqual(over);
  },
};

export const continuationCases: StoreCases = {
  "a run that goes on without anything brought has the input of its parent and not its id": async ({ store }) => {
    await suspendedRun(store, sampleRun("run", { clientRunId: "started" }), ["a"]);
    await store.answerInterrupts(answers({ a: YES }));
    expect((await store.getRun("child"))?.input).toEqual((await store.getRun("run"))?.input);
    expect(await store.getRun("child")).not.toHaveProperty("clientRunId");
  },

  "what an answer brings and changes afterwards stays as it was": async ({ store, clock }) => {
    await waitingRun(store, sampleRun("held"), ["a"], clock.now() + 10);
    const notes = ["first"];
    await store.answerInterrupts({ ...answers({ a: 1 }), continuation: { input: { notes } } });
    notes.push("second");
    expect((await store.getRun("held"))?.input.notes).toEqual(["first"]);
  },

  "a decline is listed with its question": async ({ store }) => {
    await suspendedRun(store, sampleRun("run"), ["a", "b"]);
    await store.answerInterrupts(answering({ interruptId: "b", answer: null, isDeclined: true }));
    expect((await interruptsOf(store, "run")).map(({ id, status, isDeclined }) => [id, status, isDeclined])).toEqual([
      ["a", "pending", undefined],
      ["b", "answered", true],
    ]);
  },
};
