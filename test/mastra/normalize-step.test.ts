import { describe, expect, test } from "vitest";
import { initialNormalizeState } from "../../src/mastra/normalize.ts";
import { chunk, fold, stepFinish, told } from "./chunk-fold.ts";

const stepStart = chunk("step-start", { messageId: "m", request: { body: "heavy" }, inputMessages: ["heavy"] });
const usage = { inputTokens: 20, outputTokens: 10, totalTokens: 30 };

describe("a step", () => {
  test("is counted from the first one that is named", () => {
    const steps = (first: number): unknown[] =>
      (told([stepStart, stepFinish("tool-calls", { isContinued: true }), stepStart], initialNormalizeState({ firstStep: first })) as { step: number }[]).map(
        (event) => event.step,
      );
    expect(steps(0)).toEqual([0, 0, 1]);
    expect(steps(4)).toEqual([4, 4, 5]);
  });

  test("ends with its reason and usage, and without the history that Mastra adds", () => {
    expect(told([stepStart, stepFinish("tool-calls", { isContinued: true })])).toEqual([
      { type: "step-started", step: 0 },
      { type: "step-finished", step: 0, finishReason: "tool-calls", usage, isContinued: true },
    ]);
  });

  test("that was cut off has neither reason nor usage", () => {
    expect(told([stepStart, stepFinish(undefined, { usage: {} })]).at(-1)).toEqual({ type: "step-finished", step: 0, isContinued: false });
  });

  test("goes on under its number when the model is asked again after it failed", () => {
    const text = (id: string): unknown[] => [chunk("text-start", { id }), chunk("text-delta", { id, text: "x" })];
    const failed = [stepStart, ...text("t"), stepStart, ...text("t"), stepFinish("stop")];
    expect(told(failed)).toEqual([
      { type: "step-started", step: 0 },
      { type: "text-start", id: "0.t" },
      { type: "text-delta", id: "0.t", text: "x" },
      { type: "text-end", id: "0.t" },
      { type: "text-start", id: "0.t#2" },
      { type: "text-delta", id: "0.t#2", text: "x" },
      { type: "text-end", id: "0.t#2" },
      { type: "step-finished", step: 0, finishReason: "stop", usage, isContinued: false },
    ]);
    const retried = [stepStart, stepFinish("retry", { isContinued: true, steps: [] }), stepStart, stepFinish("stop", { steps: [{}] })];
    expect(told(retried)).toMatchObject([
      { type: "step-started", step: 0 },
      { type: "step-finished", step: 0, finishReason: "stop" },
    ]);
  });

  test("whose answer a processor refused counts, and another follows", () => {
    const refused = [stepStart, stepFinish("retry", { isContinued: true, steps: [{}] }), stepStart];
    expect(told(refused)).toMatchObject([
      { step: 0 },
      { type: "step-finished", step: 0, finishReason: "other", isContinued: true },
      { type: "step-started", step: 1 },
    ]);
  });

  test("that a processor stopped at its end says why", () => {
    const stopped = stepFinish("tripwire", { steps: [{ tripwire: { reason: "bad words", processorId: "guard" } }] });
    expect(told([stepStart, stopped]).slice(1)).toEqual([
      { type: "tripwire", reason: "bad words", processorId: "guard" },
      { type: "step-finished", step: 0, finishReason: "other", usage, isContinued: false },
    ]);
  });
});

describe("the end of the model's answer", () => {
  test("is told where the marker stands, after what was open", () => {
    const marker = chunk("raw", {
      holdfast: "model-finished",
      finishReason: { unified: "tool-calls", raw: "tool_use" },
      usage: { inputTokens: { total: 20 }, outputTokens: { total: 10 } },
      provider: "anthropic.messages",
      modelId: "claude",
      providerMetadata: { anthropic: { container: "c" } },
    });
    expect(told([stepStart, chunk("text-start", { id: "t" }), marker]).slice(2)).toEqual([
      { type: "text-end", id: "0.t" },
      {
        type: "model-finished",
        step: 0,
        finishReason: "tool-calls",
        usage,
        provider: "anthropic.messages",
        modelId: "claude",
        providerMetadata: { anthropic: { container: "c" } },
      },
    ]);
  });

  test("is not what a provider's own raw part says", () => {
    const own = chunk("raw", { type: "message_stop" });
    expect(told([own])).toEqual([]);
    expect(told([own], initialNormalizeState({ keepRaw: true }))).toEqual([{ type: "raw", chunkType: "raw", payload: { type: "message_stop" } }]);
  });
});

describe("the driver learns", () => {
  test.each([
    [
      "that the run ended",
      chunk("finish", { stepResult: { reason: "stop" }, output: { usage, steps: ["heavy"] }, messages: { all: ["heavy"] } }),
      { signal: "finish", finishReason: "stop", usage },
    ],
    ["that it ended without a reason", chunk("finish", { stepResult: {}, output: { usage: {} } }), { signal: "finish" }],
    [
      "that it ended, from an agent that leaves out the envelope",
      { type: "finish", payload: { stepResult: { reason: "tripwire" } } },
      { signal: "finish", finishReason: "other" },
    ],
    ["that it was aborted", chunk("abort", {}), { signal: "abort" }],
    ["that it failed", chunk("error", { error: new Error("no\n at /srv/x.js") }), { signal: "error", message: "no" }],
    [
      "that it failed, from a provider's part",
      chunk("error", { type: "error", error: { type: "error", error: { message: "overloaded" } } }),
      { signal: "error", message: "overloaded" },
    ],
    ["that it failed, without being told why", chunk("error"), { signal: "error", message: "An error occurred." }],
  ])("%s", (_name, one, signal) => {
    expect(told([one])).toEqual([signal]);
  });

  test("nothing from the start of a run", () => {
    const { state, items } = fold([chunk("start", { id: "agent", messageId: "m" }), chunk("response-metadata", { id: "x" }), chunk("watch", {})]);
    expect(items).toEqual([]);
    expect(state.step).toBe(0);
  });
});
