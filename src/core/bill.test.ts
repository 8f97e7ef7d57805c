import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addTotals, billOf, linesOf, modelName, totalsOf, type BillSubject, type PriceTable } from "./bill.ts";
import type { ModelCall } from "./ledger.ts";
import type { Usage } from "./usage.ts";

const PRICES: PriceTable = {
  version: "2026-01",
  currency: "EUR",
  models: {
    "acme/big": { input: 3, output: 15, cachedInput: 0.3, cacheCreationInput: 3.75, reasoning: 20 },
    small: { input: 0.1, output: 0.4 },
  },
};

const SUBJECT: BillSubject = {
  runId: "run-1",
  threadId: "thread-1",
  resourceId: "ann",
  agentId: "clerk",
  status: "completed",
  policy: "delivered",
  at: 1_700_000_000_000,
};

function call(change: Partial<ModelCall> & { readonly usage?: Usage }): ModelCall {
  return { attempt: 1, path: "", call: 0, state: "settled", agentId: "clerk", provider: "acme", modelId: "big", startedAt: 0, at: 0, ...change };
}

describe("an amount", () => {
  it("is made of tokens and the price of a million", () => {
    expect(totalsOf([call({ usage: { inputTokens: 1_000_000, outputTokens: 200_000 } })], PRICES)).toMatchObject({ amount: 6, currency: "EUR" });
  });

  it("prices cached tokens as a part of the input and tokens of reasoning as a part of the output", () => {
    const usage = { inputTokens: 1_000, cachedInputTokens: 600, cacheCreationInputTokens: 100, outputTokens: 500, reasoningTokens: 200 };
    const millionths = 300 * 3 + 600 * 0.3 + 100 * 3.75 + 300 * 15 + 200 * 20;
    expect(totalsOf([call({ usage })], PRICES).amount).toBe(millionths / 1_000_000);
  });

  it("prices cached tokens and tokens of reasoning like others where the table names no price for them", () => {
    const usage = { inputTokens: 1_000, cachedInputTokens: 400, cacheCreationInputTokens: 100, outputTokens: 500, reasoningTokens: 200 };
    expect(totalsOf([call({ modelId: "small", usage })], PRICES).amount).toBe((1_000 * 0.1 + 500 * 0.4) / 1_000_000);
  });

  it("never falls below zero where a provider counts cached tokens beside the input", () => {
    const usage = { inputTokens: 10, cachedInputTokens: 100 };
    expect(totalsOf([call({ usage })], PRICES).amount).toBe((100 * 0.3) / 1_000_000);
  });

  it("of many small calls has no error of rounding", () => {
    const calls = Array.from({ length: 1_000 }, (_, number) => call({ call: number, modelId: "small", usage: { inputTokens: 1 } }));
    expect(totalsOf(calls, PRICES).amount).toBe(0.0001);
  });

  it("is zero for no calls, and left out without a price table", () => {
    expect(totalsOf([], PRICES)).toEqual({ usage: {}, calls: { pending: 0, settled: 0, estimated: 0, unknown: 0 }, amount: 0, currency: "EUR" });
    expect(totalsOf([call({ usage: { inputTokens: 1 } })])).not.toHaveProperty("amount");
  });

  it("is left out where a model has no price, which is named", () => {
    const calls = [call({ usage: { inputTokens: 1 } }), call({ call: 1, modelId: "odd", usage: { inputTokens: 1 } })];
    expect(totalsOf(calls, PRICES)).toMatchObject({ unpricedModels: ["acme/odd"] });
    expect(totalsOf(calls, PRICES)).not.toHaveProperty("amount");
  });

  it("needs no price of a model whose usage is unknown", () => {
    expect(totalsOf([call({ modelId: "odd", state: "unknown" })], PRICES)).toMatchObject({ amount: 0, calls: { unknown: 1 } });
  });

  it("finds no price in what every object has", () => {
    const calls = [call({ provider: "toString", usage: { inputTokens: 1 } }), call({ modelId: "constructor", usage: { inputTokens: 1 } })];
    expect(totalsOf(calls, PRICES)).toMatchObject({ unpricedModels: ["acme/constructor", "toString/big"] });
  });
});

describe("totals", () => {
  it("count calls of unknown usage by themselves and add nothing for them", () => {
    const calls = [call({ usage: { inputTokens: 5 } }), call({ call: 1, state: "unknown" }), call({ call: 2, state: "pending" })];
    expect(totalsOf(calls)).toEqual({ usage: { inputTokens: 5 }, calls: { pending: 1, settled: 1, estimated: 0, unknown: 1 } });
  });

  it("of two halves are those of the whole", () => {
    const calls = fc.array(
      fc.record({
        modelId: fc.constantFrom("big", "small"),
        usage: fc.record({ inputTokens: fc.nat(100_000), outputTokens: fc.nat(100_000), cachedInputTokens: fc.nat(1_000) }),
      }),
      { minLength: 2, maxLength: 20 },
    );
    fc.assert(
      fc.property(calls, fc.nat(18), (changes, cut) => {
        const all = changes.map(call);
        const at = 1 + (cut % (all.length - 1));
        expect(addTotals(totalsOf(all.slice(0, at), PRICES), totalsOf(all.slice(at), PRICES))).toEqual(totalsOf(all, PRICES));
      }),
    );
  });

  it("in two currencies, or with and without prices, have no common amount", () => {
    const priced = totalsOf([call({ usage: { inputTokens: 5 } })], PRICES);
    expect(addTotals(priced, { ...priced, currency: "USD" })).not.toHaveProperty("amount");
    expect(addTotals(priced, totalsOf([call({ usage: { inputTokens: 5 } })]))).not.toHaveProperty("amount");
  });
});

describe("a bill", () => {
  const calls = [
    call({ state: "estimated", isSuperseded: true, usage: { inputTokens: 7 } }),
    call({ attempt: 2, usage: { inputTokens: 10 } }),
    call({ attempt: 2, path: "tool-1", agentId: "scout", modelId: "small", usage: { inputTokens: 3 } }),
  ];

  it("under the policy delivered charges the work that no later attempt repeated, and shows the cost of all", () => {
    const bill = billOf(SUBJECT, calls, PRICES);
    expect(bill.billable).toMatchObject({ usage: { inputTokens: 13 }, calls: { settled: 2, estimated: 0 } });
    expect(bill.cost).toMatchObject({ usage: { inputTokens: 20 }, calls: { settled: 2, estimated: 1 } });
    expect(bill.priceVersion).toBe("2026-01");
  });

  it("under the policy all-attempts charges everything", () => {
    const bill = billOf({ ...SUBJECT, policy: "all-attempts" }, calls, PRICES);
    expect(bill.billable).toEqual(bill.cost);
    expect(bill.cost.usage).toEqual({ inputTokens: 20 });
  });

  it("has a line for each agent and model, which add up to the billable total", () => {
    const { lines, billable } = billOf(SUBJECT, calls, PRICES);
    expect(lines.map((line) => [line.agentId, modelName(line), line.usage])).toEqual([
      ["clerk", "acme/big", { inputTokens: 10 }],
      ["scout", "acme/small", { inputTokens: 3 }],
    ]);
    expect(lines.map((line) => line.amount ?? 0).reduce((sum, amount) => sum + amount)).toBeCloseTo(billable.amount ?? 0, 9);
  });

  it("of a run without a model call has no lines and says zero", () => {
    expect(billOf(SUBJECT, [], undefined)).toEqual({
      ...SUBJECT,
      billable: { usage: {}, calls: { pending: 0, settled: 0, estimated: 0, unknown: 0 } },
      cost: { usage: {}, calls: { pending: 0, settled: 0, estimated: 0, unknown: 0 } },
      lines: [],
    });
  });

  it("names a model that nobody named unknown", () => {
    const { provider: _provider, modelId: _modelId, ...nameless } = call({ usage: { inputTokens: 1 } });
    expect(linesOf([nameless]).map(modelName)).toEqual(["unknown"]);
    expect(totalsOf([nameless], PRICES)).toMatchObject({ unpricedModels: ["unknown"] });
  });
});
