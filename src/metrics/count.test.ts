import { describe, expect, test } from "vitest";
import type { Entry } from "../core/entry.ts";
import type { NestedEvent, RunEvent } from "../core/event.ts";
import { offsetOf } from "../core/offset.ts";
import { countsOf, type Count, type CountedRun } from "./count.ts";

const RUN: CountedRun = { runId: "run_1", agentId: "clerk", createdAt: 1_000, openCalls: new Map() };
const CALLED: RunEvent = { type: "model-called", step: 0, call: 0, provider: "acme", modelId: "big" };
const FINISHED: RunEvent = { type: "model-finished", step: 0, call: 0, usage: { inputTokens: 10, outputTokens: 3, totalTokens: 13 } };
const MODEL = { agent: "clerk", provider: "acme", model: "big" };

function entries(events: readonly RunEvent[], attempt = 1): readonly Entry[] {
  return events.map((event, index) => ({ offset: offsetOf(index + 1), event, attempt, at: 3_500 }));
}

function counted(...batches: readonly (readonly RunEvent[])[]): readonly Count[] {
  let run = RUN;
  return batches.flatMap((events) => {
    const result = countsOf(run, entries(events));
    run = result.run;
    return result.counts;
  });
}

function nested(event: NestedEvent["event"]): RunEvent {
  return { type: "nested", toolCallId: "call_1", event };
}

describe("model calls", () => {
  test("a call that ends counts once, with its tokens, under the model that it began with", () => {
    expect(counted([CALLED], [FINISHED])).toEqual([
      { of: "model-call", labels: { ...MODEL, state: "settled" } },
      { of: "tokens", labels: { ...MODEL, direction: "input" }, amount: 10 },
      { of: "tokens", labels: { ...MODEL, direction: "output" }, amount: 3 },
    ]);
  });

  test("a call that has only begun counts nothing, and one that ends is no longer remembered", () => {
    const begun = countsOf(RUN, entries([CALLED]));
    expect([begun.counts, begun.run.openCalls.size, RUN.openCalls.size]).toEqual([[], 1, 0]);
    expect(countsOf(begun.run, entries([FINISHED])).run.openCalls.size).toBe(0);
  });

  test("a call that another process began has a model that is not known", () => {
    const cut: RunEvent = { type: "model-cut", attempt: 1, path: "", call: 0, state: "estimated", basis: "bytes", usage: { inputTokens: 8, outputTokens: 2 } };
    expect(countsOf(RUN, entries([cut], 2)).counts).toEqual([
      { of: "model-call", labels: { agent: "clerk", provider: "unknown", model: "unknown", state: "estimated" } },
      { of: "tokens", labels: { agent: "clerk", provider: "unknown", model: "unknown", direction: "input" }, amount: 8 },
      { of: "tokens", labels: { agent: "clerk", provider: "unknown", model: "unknown", direction: "output" }, amount: 2 },
    ]);
  });

  test("a sub-agent's call counts as its own, beside one of the same number of the run's agent", () => {
    const called = { type: "model-called", step: 0, call: 0, agentId: "packer", provider: "acme", modelId: "small" } as const;
    const counts = counted([CALLED, nested(called), nested({ type: "model-finished", step: 0, call: 0, usage: {} }), FINISHED]);
    expect(counts.filter(({ of }) => of === "model-call").map(({ labels }) => labels)).toEqual([
      { agent: "packer", provider: "acme", model: "small", state: "settled" },
      { ...MODEL, state: "settled" },
    ]);
  });

  test("a figure that is none is left out", () => {
    const odd: RunEvent = { ...FINISHED, usage: { inputTokens: Number.NaN, outputTokens: -4 } };
    expect(counted([CALLED, odd])).toEqual([{ of: "model-call", labels: { ...MODEL, state: "settled" } }]);
  });
});

describe("tool calls", () => {
  const tool = { toolCallId: "call_1", toolName: "pay" } as const;
  const request = { id: "i", kind: "tool-approval", input: {}, ...tool } as const;

  test.each([
    ["result", { type: "tool-result", output: 1, ...tool }],
    ["error", { type: "tool-error", message: "no", ...tool }],
    ["unknown", { type: "tool-error", message: "no", outcomeUnknown: true, ...tool }],
    ["denied", { type: "tool-denied", ...tool }],
    ["interrupted", { type: "tool-interrupted", request, ...tool }],
  ] as const)("%s counts once, also inside a sub-agent", (outcome, event) => {
    const expected = { of: "tool-call", labels: { agent: "clerk", outcome } };
    expect(counted([event], [nested(event)])).toEqual([expected, expected]);
  });
});

describe("the end of a run", () => {
  test("counts by its status, with the time since the run was created", () => {
    expect(counted([{ type: "run-completed" }])).toEqual([{ of: "run-ended", labels: { agent: "clerk", status: "completed" }, seconds: 2.5 }]);
    expect(counted([{ type: "run-suspended", interrupts: [] }])[0]).toMatchObject({ labels: { status: "suspended" } });
  });
});

test("text counts nothing, and changes nothing", () => {
  const text: readonly RunEvent[] = [{ type: "text-delta", id: "t", text: "a" }, nested({ type: "text-delta", id: "t", text: "b" })];
  const result = countsOf(RUN, entries(text));
  expect(result.counts).toEqual([]);
  expect(result.run).toBe(RUN);
});
