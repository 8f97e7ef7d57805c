import { describe, expect, it } from "vitest";
import { addTokens } from "./usage.ts";

describe("tokens", () => {
  it("are added by provider and model, and what was not reported stays out", () => {
    const calls = [
      { provider: "p", modelId: "m", usage: { inputTokens: 3, cachedInputTokens: 1 } },
      { provider: "p", modelId: "m", usage: { inputTokens: 2, outputTokens: 0 } },
      { modelId: "m", usage: { totalTokens: 9, raw: { total: 9 } } },
      { provider: "q", modelId: "m", usage: {} },
      { provider: "q", modelId: "m" },
    ];
    expect(calls.reduce(addTokens, [])).toStrictEqual([
      { provider: "p", model: "m", inputTokens: 5, cachedInputTokens: 1, outputTokens: 0 },
      { model: "m", totalTokens: 9 },
    ]);
  });

  it("that are no counts are left out, since clients refuse them", () => {
    expect(addTokens([], { modelId: "m", usage: { inputTokens: 1.5, outputTokens: -1, totalTokens: 2 } })).toStrictEqual([{ model: "m", totalTokens: 2 }]);
  });
});
