import { describe, expect, test } from "vitest";
import type { Entry } from "../core/entry.ts";
import type { RunEvent } from "../core/event.ts";
import type { InterruptKind, InterruptRequest } from "../core/interrupt.ts";
import { offsetOf } from "../core/offset.ts";
import { heldQuestions, holdUntil, isHeldOpen, type HoldCase } from "./hold.ts";

function question(id: string, kind: InterruptKind = "frontend-tool"): InterruptRequest {
  return { id, kind, toolCallId: `call-${id}`, toolName: "pick", input: {} };
}

function entriesOf(...events: readonly RunEvent[]): readonly Entry[] {
  return events.map((event, index) => ({ offset: offsetOf(index + 1), event, attempt: 1, at: 0 }));
}

const heldWithA = heldQuestions(entriesOf({ type: "run-waiting", interrupts: [question("a")], until: 5 }));

describe("a run that asks", () => {
  const asking: HoldCase = { asked: [question("a"), question("b")], held: new Map(), holdMs: 1_000 };

  test.each<[string, boolean, Partial<HoldCase>]>([
    ["is held open for what pages give", true, {}],
    ["is not held open unless it was started so", false, { holdMs: undefined }],
    ["is not held open for no time", false, { holdMs: 0 }],
    ["is not held open where a person has to approve", false, { asked: [question("a"), question("b", "tool-approval")] }],
    ["is not held open where a tool suspended", false, { asked: [question("a", "tool-suspend")] }],
    ["is not held open without a question", false, { asked: [] }],
    ["is held open for a question behind those that it was held open with", true, { held: heldWithA }],
    ["is not held open again with the same questions", false, { asked: [question("a")], held: heldWithA }],
  ])("%s", (_title, expected, change) => {
    expect(isHeldOpen({ ...asking, ...change })).toBe(expected);
  });

  test("was held open with the questions of every wait in its log", () => {
    const log = entriesOf(
      { type: "run-waiting", interrupts: [question("a"), question("b")], until: 5 },
      { type: "attempt-started", attempt: 2 },
      { type: "run-waiting", interrupts: [question("c")], until: 9 },
    );
    expect([...heldQuestions(log)]).toEqual(["a", "b", "c"].map((id) => [id, question(id)]));
  });

  test.each<[string, number, readonly (number | undefined)[]]>([
    ["for its time where its questions can be answered for ever", 1_100, [undefined, undefined]],
    ["for its time where one of them can", 1_100, [150, undefined]],
    ["until the last of them expires", 170, [150, 170]],
    ["for its time where they expire later", 1_100, [2_000]],
  ])("is held open %s", (_title, until, expiries) => {
    const questions = expiries.map((expiresAt, index) => ({ ...question(`${index}`), ...(expiresAt !== undefined && { expiresAt }) }));
    expect(holdUntil(questions, 1_000, 100)).toBe(until);
  });
});
