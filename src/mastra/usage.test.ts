import { describe, expect, test } from "vitest";
import { usageOf } from "./usage.ts";

describe("usage", () => {
  const nested = { inputTokens: { total: 100, noCache: 30, cacheRead: 60, cacheWrite: 10 }, outputTokens: { total: 20, text: 15, reasoning: 5 } };
  const counted = { inputTokens: 100, outputTokens: 20, totalTokens: 120, reasoningTokens: 5, cachedInputTokens: 60, cacheCreationInputTokens: 10 };

  test("of specification v2 is taken as it is", () => {
    const usage = { inputTokens: 100, outputTokens: 20, totalTokens: 120, reasoningTokens: 5, cachedInputTokens: 60 };
    expect(usageOf(usage)).toEqual(usage);
  });

  test("of specification v3 and v4 is counted by kind", () => {
    expect(usageOf(nested)).toEqual(counted);
  });

  test("keeps what the provider itself sent", () => {
    expect(usageOf({ ...nested, raw: { prompt_tokens: 100, at: new Date(0) } })).toEqual({
      ...counted,
      raw: { prompt_tokens: 100, at: "1970-01-01T00:00:00.000Z" },
    });
  });

  test("is the same whether it comes from the model or from Mastra", () => {
    expect(usageOf({ ...counted, raw: nested })).toEqual(usageOf(nested));
    expect(usageOf({ ...counted, raw: { ...nested, raw: { sent: 1 } } })).toEqual(usageOf({ ...nested, raw: { sent: 1 } }));
  });

  test("is found inside the wrapping of another specification", () => {
    expect(usageOf({ inputTokens: { total: nested.inputTokens }, outputTokens: { total: nested.outputTokens } })).toEqual(counted);
  });

  test("that was not reported stays missing", () => {
    expect(usageOf({ outputTokens: 5 })).toEqual({ outputTokens: 5 });
    expect(usageOf({ inputTokens: { total: undefined }, outputTokens: { total: 7 } })).toEqual({ outputTokens: 7 });
    expect(usageOf({ inputTokens: 0, outputTokens: 0 })).toEqual({ inputTokens: 0, outputTokens: 0, totalTokens: 0 });
  });

  test.each([[{}], [undefined], [null], ["many"], [{ inputTokens: undefined, outputTokens: undefined, totalTokens: 0 }], [{ inputTokens: Number.NaN }]])(
    "is nothing for %j",
    (value) => {
      expect(usageOf(value)).toBeUndefined();
    },
  );
});
