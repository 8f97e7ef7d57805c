import { describe, expect, it } from "vitest";
import { billOf, type BillSubject, type PriceTable } from "./bill.ts";
import type { ModelCall } from "./ledger.ts";
import { usageReport, type BilledRun } from "./usage-report.ts";

const PRICES: PriceTable = { version: "1", currency: "EUR", models: { big: { input: 1, output: 1 } } };

function call(change: Partial<ModelCall>): ModelCall {
  return { attempt: 1, path: "", call: 0, state: "settled", agentId: "clerk", provider: "acme", modelId: "big", startedAt: 0, at: 0, ...change };
}

function billedRun(runId: string, calls: readonly ModelCall[], change: Partial<BillSubject> = {}): BilledRun {
  const subject: BillSubject = { runId, threadId: "t", resourceId: "ann", agentId: "clerk", status: "completed", policy: "delivered", at: 0, ...change };
  return { bill: billOf(subject, calls, PRICES), calls };
}

const RUNS: readonly BilledRun[] = [
  billedRun("run-1", [
    call({ usage: { inputTokens: 10 } }),
    call({ path: "tool-1", agentId: "scout", modelId: "small", usage: { inputTokens: 4 } }),
    call({ call: 1, isSuperseded: true, usage: { inputTokens: 100 } }),
  ]),
  billedRun("run-2", [call({ usage: { inputTokens: 1 } })], { resourceId: "bob" }),
  billedRun("run-3", [], { status: "canceled" }),
];

describe("a report", () => {
  it("by resource counts each run once, and tells what is charged from what it cost", () => {
    expect(usageReport(RUNS, "resource").map(({ key, runs, billable, cost }) => [key, runs, billable.usage, cost.usage])).toEqual([
      ["ann", 2, { inputTokens: 14 }, { inputTokens: 114 }],
      ["bob", 1, { inputTokens: 1 }, { inputTokens: 1 }],
    ]);
  });

  it("by agent gives sub-agents rows of their own", () => {
    expect(usageReport(RUNS, "agent").map(({ key, runs, billable }) => [key, runs, billable.usage])).toEqual([
      ["clerk", 3, { inputTokens: 11 }],
      ["scout", 1, { inputTokens: 4 }],
    ]);
  });

  it("by model leaves out a run that called none", () => {
    expect(usageReport(RUNS, "model").map(({ key, runs, billable }) => [key, runs, billable.usage])).toEqual([
      ["acme/big", 2, { inputTokens: 11 }],
      ["acme/small", 1, { inputTokens: 4 }],
    ]);
  });

  it("says zero for a run without a call", () => {
    expect(usageReport([billedRun("run-3", [])], "resource")).toEqual([
      {
        key: "ann",
        runs: 1,
        billable: { usage: {}, calls: { pending: 0, settled: 0, estimated: 0, unknown: 0 } },
        cost: { usage: {}, calls: { pending: 0, settled: 0, estimated: 0, unknown: 0 } },
      },
    ]);
  });

  it("shows a figure that came late as cost, and what is charged as the bill says", () => {
    const { bill } = billedRun("run-1", [call({ state: "unknown" })]);
    const [row] = usageReport([{ bill, calls: [call({ usage: { inputTokens: 9 } })] }], "resource", PRICES);
    expect(row?.billable).toMatchObject({ usage: {}, calls: { unknown: 1, settled: 0 } });
    expect(row?.cost).toMatchObject({ usage: { inputTokens: 9 }, calls: { unknown: 0, settled: 1 }, amount: 0.000009, currency: "EUR" });
  });

  it("leaves an amount out as soon as one model has no price, and names the model", () => {
    const [ann, bob] = usageReport(RUNS, "resource", PRICES);
    expect(ann?.billable).toMatchObject({ unpricedModels: ["acme/small"] });
    expect(ann?.billable).not.toHaveProperty("amount");
    expect(bob?.billable).toMatchObject({ amount: 0.000001, currency: "EUR" });
  });

  it("of nothing has no rows", () => {
    expect(usageReport([], "resource")).toEqual([]);
  });
});
