import { describe, expect, test } from "vitest";
import type { Entry } from "./entry.ts";
import type { RunEvent } from "./event.ts";
import { offsetOf } from "./offset.ts";
import { resetPoint, textOf } from "./transcript.ts";
import { transcriptOf } from "./transcript-fold.ts";
import { answerMessage } from "./ui-message.ts";

const log = (...events: RunEvent[]): Entry[] => events.map((event, index) => ({ offset: offsetOf(index + 1), event, attempt: 1, at: 0 }));

const begin: RunEvent[] = [
  { type: "run-started", messageId: "m", threadId: "t", agentId: "a" },
  { type: "attempt-started", attempt: 1 },
];
const step = (n: number, text: string): RunEvent[] => [
  { type: "step-started", step: n },
  { type: "text-start", id: `${n}.t` },
  { type: "text-delta", id: `${n}.t`, text },
];
const answered = (n: number): RunEvent => ({ type: "model-finished", step: n, finishReason: "tool-calls", usage: { outputTokens: 5 } });
const call: RunEvent = { type: "tool-call", toolCallId: "c1", toolName: "add", input: { a: 1 } };
const started: RunEvent = { type: "tool-started", toolCallId: "c1", toolName: "add", attempt: 1, idempotencyKey: "k" };

describe("the transcript", () => {
  test("has what the working memory held, without what is superseded", () => {
    const state = (value: string): RunEvent => ({ type: "state", value });
    const first = log(...begin, state("a"), ...step(0, "x"), answered(0), state("b"), ...step(1, "cut"), state("c"));
    expect(transcriptOf(first).states).toEqual(["a", "b", "c"]);
    const resetTo = resetPoint(transcriptOf(first));
    const again = log(...first.map(({ event }) => event), { type: "attempt-started", attempt: 2, ...(resetTo !== undefined && { resetTo }) }, state("d"));
    expect(transcriptOf(again).states).toEqual(["a", "b", "d"]);
    expect(transcriptOf(log(...begin, state("e")), again).states).toEqual(["a", "b", "d", "e"]);
  });

  test("a model call that was cut is reset to where its step began, and its output is left out", () => {
    const before = log(...begin, ...step(0, "first"), answered(0), ...step(1, "cut"));
    const resetTo = resetPoint(transcriptOf(before));
    expect(resetTo).toBe(6);
    const after = [...before, ...log({ type: "attempt-started", attempt: 2, resetTo: offsetOf(6) })];
    const transcript = transcriptOf(after);
    expect(textOf(transcript)).toBe("first");
    expect(transcript.steps).toHaveLength(1);
    expect(transcript.usage).toEqual({ outputTokens: 5 });
  });

  test("a model answer that is complete stands, although its tools have not ended", () => {
    const transcript = transcriptOf(log(...begin, ...step(0, "x"), call, answered(0), started));
    expect(resetPoint(transcript)).toBeUndefined();
    expect(transcript.steps[0]?.parts.at(-1)).toMatchObject({ type: "tool", state: "started", input: { a: 1 } });
  });

  test("a step that was superseded twice stands once", () => {
    const first = [...begin, ...step(0, "one")];
    const second: RunEvent[] = [{ type: "attempt-started", attempt: 2, resetTo: offsetOf(2) }, ...step(0, "two")];
    const third: RunEvent[] = [{ type: "attempt-started", attempt: 3, resetTo: offsetOf(6) }, ...step(0, "three"), answered(0)];
    const upToSecond = transcriptOf(log(...first, ...second));
    expect(textOf(upToSecond)).toBe("two");
    expect(resetPoint(upToSecond)).toBe(6);
    expect(textOf(transcriptOf(log(...first, ...second, ...third)))).toBe("three");
  });

  test("what an attempt of a run before this one left behind is no part of it, and a reset of its own reaches nothing older", () => {
    const asking = log(
      ...begin,
      ...step(0, "kept "),
      answered(0),
      ...step(1, "cut"),
      { type: "attempt-started", attempt: 2, resetTo: offsetOf(6) },
      ...step(1, "asked "),
      call,
      answered(1),
    );
    const goingOn = log(...begin, ...step(2, "cut, too"), { type: "attempt-started", attempt: 2, resetTo: offsetOf(2) }, ...step(2, "done "), answered(2));
    expect(textOf(transcriptOf(goingOn, asking))).toBe("kept asked done ");
    expect(transcriptOf(goingOn, asking).usage).toEqual({ outputTokens: 5 });
    const last = log(...begin, ...step(3, "gone"), { type: "attempt-started", attempt: 2, resetTo: offsetOf(2) });
    expect(textOf(transcriptOf(last, [...asking, ...goingOn]))).toBe("kept asked done ");
    expect(transcriptOf(last, [...asking, ...goingOn]).steps.map(({ step: number }) => number)).toEqual([0, 1, 2]);
  });

  test("a data part with a known name and id replaces the one before, wherever it stands", () => {
    const part = (data: number): RunEvent => ({ type: "data", name: "progress", id: "p", data });
    const transcript = transcriptOf(log(...begin, part(1), ...step(0, "x"), answered(0), part(2), { type: "data", name: "note", data: 3, transient: true }));
    expect(transcript.steps).toHaveLength(1);
    expect(transcript.steps[0]?.parts.filter((candidate) => candidate.type === "data")).toEqual([part(2)]);
  });

  test("what a step put in the place of an earlier part is put back when the step is superseded", () => {
    const part = (data: number): RunEvent => ({ type: "data", name: "progress", id: "p", data });
    const object = (n: number): RunEvent => ({ type: "object", object: { n }, isFinal: n > 2 });
    const first = [...begin, ...step(0, "x"), part(1), object(1), answered(0)];
    const partsOf = (events: readonly RunEvent[]): readonly unknown[] => transcriptOf(log(...events)).steps.flatMap(({ parts }) => parts.slice(1));
    const cut = [...first, ...step(1, "y"), part(2), object(2), part(3), object(3)];
    expect(partsOf(cut)).toEqual([part(3), object(3)]);
    const resetTo = resetPoint(transcriptOf(log(...cut)));
    const again: RunEvent[] = [...cut, { type: "attempt-started", attempt: 2, ...(resetTo !== undefined && { resetTo }) }];
    expect(partsOf(again)).toEqual([part(1), object(1)]);
    const cutAgain = [...again, ...step(1, "z"), object(4)];
    expect(partsOf(cutAgain)).toEqual([part(1), object(4)]);
    const secondReset = resetPoint(transcriptOf(log(...cutAgain)));
    expect(partsOf([...cutAgain, { type: "attempt-started", attempt: 3, ...(secondReset !== undefined && { resetTo: secondReset }) }])).toEqual([
      part(1),
      object(1),
    ]);
    expect(partsOf([...again, ...step(1, "z"), object(5), answered(1)])).toEqual([part(1), object(5)]);
  });

  test("what a sub-agent's step put in the place of an earlier part is put back when the step is superseded", () => {
    const nested = (event: Extract<RunEvent, { type: "nested" }>["event"]): RunEvent => ({ type: "nested", toolCallId: "c1", event });
    const part = (data: number): RunEvent => nested({ type: "data", name: "progress", id: "p", data });
    const inner = (number: number): RunEvent => nested({ type: "step-started", step: number });
    const answeredInside = nested({ type: "model-finished", step: 0, finishReason: "tool-calls" });
    const cut: RunEvent[] = [...begin, ...step(0, "x"), call, answered(0), started, inner(0), part(1), answeredInside, inner(1), part(2)];
    const partsOf = (events: readonly RunEvent[]): readonly unknown[] =>
      transcriptOf(log(...events))
        .nested.get("c1")
        ?.steps.flatMap(({ parts }) => parts) ?? [];
    expect(partsOf(cut)).toMatchObject([{ data: 2 }]);
    expect(partsOf([...cut, { type: "attempt-started", attempt: 2 }])).toMatchObject([{ data: 1 }]);
  });

  test("tells whether an attempt got past its beginning since the newest request", () => {
    const isTakenUp = (events: readonly RunEvent[], ancestry: readonly RunEvent[] = []): boolean | undefined =>
      transcriptOf(log(...events), log(...ancestry)).isTakenUp;
    const reply: RunEvent = { type: "interrupt-answered", interruptId: "i", kind: "frontend-tool", toolCallId: "c1", toolName: "add", answer: {} };
    const asked = [...begin, ...step(0, "x"), call, answered(0)];
    expect(isTakenUp(begin)).toBe(false);
    expect(isTakenUp([...begin, { type: "state", value: 1 }])).toBe(true);
    expect(isTakenUp(asked)).toBe(true);
    const goneOn: RunEvent[] = [...asked, reply, { type: "attempt-started", attempt: 2 }];
    expect(isTakenUp(goneOn)).toBe(false);
    expect(isTakenUp([...goneOn, { type: "state", value: 1 }])).toBe(true);
    expect(isTakenUp([...goneOn, ...step(1, "y")])).toBe(true);
    expect(isTakenUp([...begin, reply], asked)).toBe(false);
    expect(isTakenUp([...begin, reply, ...step(1, "y")], asked)).toBe(true);
  });

  test("the answer as a UI message has a step-start before each step and each tool with its outcome", () => {
    const result: RunEvent = { type: "tool-result", toolCallId: "c1", toolName: "add", output: 3 };
    const message = answerMessage("m", transcriptOf(log(...begin, ...step(0, "x"), call, answered(0), started, result, ...step(1, "y"), answered(1))));
    expect(JSON.parse(JSON.stringify(message))).toEqual({
      id: "m",
      role: "assistant",
      parts: [
        { type: "step-start" },
        { type: "text", text: "x", state: "done" },
        { type: "tool-add", toolCallId: "c1", state: "output-available", input: { a: 1 }, output: 3 },
        { type: "step-start" },
        { type: "text", text: "y", state: "done" },
      ],
    });
  });
});
