import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutEvent, openCalls } from "./cut-calls.ts";
import type { Entry } from "./entry.ts";
import type { RunEvent } from "./event.ts";
import { offsetOf } from "./offset.ts";
import type { Usage } from "./usage.ts";

function log(...events: readonly (RunEvent | readonly [attempt: number, event: RunEvent])[]): readonly Entry[] {
  return events.map((item, index) => {
    const [attempt, event] = "type" in item ? [1, item] : item;
    return { offset: offsetOf(index + 1), event, attempt, at: 0 };
  });
}

function called(call: number, promptBytes: number = 100): RunEvent {
  return { type: "model-called", step: call, call, promptBytes };
}

function text(said: string): RunEvent {
  return { type: "text-delta", id: "text-1", text: said };
}

describe("the open calls of a log", () => {
  it("are those without an end", () => {
    const entries = log(called(0), text("one"), { type: "model-finished", step: 0, call: 0, usage: { inputTokens: 1 } }, called(1, 60), text("two"));
    expect(openCalls(entries)).toEqual([{ attempt: 1, path: "", call: 1, step: 1, promptBytes: 60, outputBytes: 3, isAnswered: false }]);
  });

  it("count text, reasoning and the input of tools, in bytes", () => {
    const entries = log(called(0), text("é"), { type: "reasoning-delta", id: "r", text: "ab" }, { type: "tool-input-delta", toolCallId: "t", text: "{}" });
    expect(openCalls(entries)).toMatchObject([{ outputBytes: 6 }]);
  });

  it("have one that ended without a figure among them", () => {
    expect(openCalls(log(called(0), text("one"), { type: "model-finished", step: 0, call: 0 }))).toMatchObject([{ call: 0, outputBytes: 3, isAnswered: true }]);
  });

  it("have those that were tried in vain before the answer of their step among them, as answered", () => {
    const failedOver = { type: "model-called", step: 0, call: 1, promptBytes: 100 } as const;
    const next = { type: "model-called", step: 1, call: 2, promptBytes: 100 } as const;
    const entries = log(called(0), failedOver, { type: "model-finished", step: 0, call: 1, usage: {} }, next);
    expect(openCalls(entries).map(({ call, isAnswered }) => [call, isAnswered])).toEqual([
      [0, true],
      [2, false],
    ]);
  });

  it("have none among them that was accounted for", () => {
    expect(openCalls(log(called(0), [2, { type: "model-cut", attempt: 1, path: "", call: 0, state: "unknown" }]))).toEqual([]);
  });

  it("keep sub-agents and attempts apart", () => {
    const nested = (event: RunEvent & { readonly type: "model-called" | "text-delta" }): RunEvent => ({ type: "nested", toolCallId: "tool-1", event });
    const entries = log(
      called(0),
      nested({ type: "model-called", step: 0, call: 0, promptBytes: 8 }),
      text("own"),
      nested({ type: "text-delta", id: "x", text: "inner" }),
      [2, called(0, 100)],
      [2, text("again")],
    );
    expect(openCalls(entries)).toEqual([
      { attempt: 1, path: "", call: 0, step: 0, promptBytes: 100, outputBytes: 3, isAnswered: false },
      { attempt: 1, path: "tool-1", call: 0, step: 0, promptBytes: 8, outputBytes: 5, isAnswered: false },
      { attempt: 2, path: "", call: 0, step: 0, promptBytes: 100, outputBytes: 5, isAnswered: false },
    ]);
  });
});

describe("a cut call", () => {
  const open = { attempt: 1, path: "", call: 0, step: 0, promptBytes: 400, outputBytes: 40, isAnswered: false };

  it("is estimated from its bytes, marked as such, with bounds", () => {
    expect(cutEvent(open, { isSuperseded: true })).toEqual({
      type: "model-cut",
      attempt: 1,
      path: "",
      call: 0,
      isSuperseded: true,
      state: "estimated",
      basis: "bytes",
      usage: { inputTokens: 100, outputTokens: 10, totalTokens: 110 },
      bounds: { lower: { inputTokens: 33, outputTokens: 3 }, upper: { inputTokens: 400 } },
    });
  });

  it("is not superseded where the step has its answer", () => {
    expect(cutEvent({ ...open, isAnswered: true }, { isSuperseded: true })).not.toHaveProperty("isSuperseded");
  });

  it("is settled where the provider's figure is known after all", () => {
    expect(cutEvent(open, { isSuperseded: false, known: { inputTokens: 7 } })).toEqual({
      type: "model-cut",
      attempt: 1,
      path: "",
      call: 0,
      state: "settled",
      basis: "provider",
      usage: { inputTokens: 7 },
    });
  });

  it("is unknown where there is nothing to estimate it from", () => {
    expect(cutEvent({ ...open, promptBytes: undefined }, { isSuperseded: false })).toMatchObject({ state: "unknown" });
    expect(cutEvent({ ...open, outputBytes: 0 }, { isSuperseded: false })).toMatchObject({ state: "unknown" });
    expect(cutEvent({ ...open, outputBytes: 0 }, { isSuperseded: false })).not.toHaveProperty("usage");
  });

  it("has an estimate that lies within its bounds", () => {
    const bytes = fc.integer({ min: 0, max: 10_000_000 });
    fc.assert(
      fc.property(bytes, bytes, (promptBytes, outputBytes) => {
        const cut = cutEvent({ ...open, promptBytes, outputBytes }, { isSuperseded: false });
        if (cut.state !== "estimated") return;
        for (const field of ["inputTokens", "outputTokens", "totalTokens"] as const satisfies readonly (keyof Usage)[]) {
          const estimate = cut.usage?.[field] ?? Number.NaN;
          expect(estimate).toBeGreaterThanOrEqual(cut.bounds?.lower[field] ?? 0);
          expect(estimate).toBeLessThanOrEqual(cut.bounds?.upper[field] ?? Number.POSITIVE_INFINITY);
        }
      }),
    );
  });
});
