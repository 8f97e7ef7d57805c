import { expect } from "vitest";
import type { PriceTable } from "../core/bill.ts";
import type { RunEvent, StepEvent } from "../core/event.ts";
import { modelCallsOf } from "../core/ledger.ts";
import type { RunStore } from "../core/store.ts";
import type { StoreCases } from "./store-case.ts";
import {
  ALL,
  appendOf,
  complete,
  LEASE_MS,
  modelCalled,
  modelFinished,
  NODE_B,
  sampleInterrupt,
  sampleRun,
  sampleUsage,
  startedRun,
  suspendedRun,
  textDelta,
} from "./store-samples.ts";

const PRICES: PriceTable = { version: "2025-06", currency: "EUR", models: { "acme/large": { input: 2, output: 10 } } };

function cut(attempt: number, call: number, change: Partial<Extract<RunEvent, { type: "model-cut" }>> = {}): RunEvent {
  return { type: "model-cut", attempt, path: "", call, state: "unknown", ...change };
}

function inSubAgent(toolCallId: string, event: StepEvent): RunEvent {
  return { type: "nested", toolCallId: "outer", event: { type: "nested", toolCallId, event } };
}

export const ledgerInvariants: StoreCases = {
  "usage is written in the transaction of the events that tell of it": async ({ store, other, clock }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    expect(await store.listUsage("run")).toEqual([]);
    await store.append([appendOf(lease, textDelta("a"), modelCalled(0), inSubAgent("inner", { ...modelCalled(0), agentId: "agent-2" }))]);
    const begun = clock.now();
    clock.advance(7);
    await store.append([appendOf(lease, inSubAgent("inner", modelFinished(0, 4))), appendOf(lease, { ...modelFinished(0), modelId: "large-7" })]);
    const [own, inner] = [
      { runId: "run", attempt: 1, path: "", call: 0 },
      { runId: "run", attempt: 1, path: "inner", call: 0 },
    ];
    const model = { provider: "acme", modelId: "large" };
    const rows = [
      { ...own, state: "pending", at: begun, ...model },
      { ...inner, state: "pending", at: begun, agentId: "agent-2", ...model },
      { ...inner, state: "settled", at: clock.now(), usage: sampleUsage(4), basis: "provider" },
      { ...own, state: "settled", at: clock.now(), usage: sampleUsage(10), basis: "provider", modelId: "large-7" },
    ];
    expect(await other.listUsage("run")).toEqual(rows);
    // What is refused, and what undoes its batch, adds no row.
    expect(await store.append([{ ...appendOf(lease, modelCalled(1)), epoch: 7 }])).toEqual([{ outcome: "fenced" }]);
    await suspendedRun(store, sampleRun("asking"), ["i"]);
    const next = await startedRun(store, sampleRun("next"));
    const failing = [appendOf(lease, modelCalled(1)), appendOf(next.lease, { type: "run-suspended", interrupts: [sampleInterrupt("i")] })];
    await expect(store.append(failing)).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await other.listUsage("run")).toEqual(rows);
    expect(await store.getBill("next")).toBeUndefined();
  },

  "a run has one bill, written in the transaction of its terminal event": async ({ store, other, clock }) => {
    const run = await startedRun(store, sampleRun("run", { threadId: "t" }));
    await store.append([appendOf(run.lease, modelCalled(0), modelFinished(0, 100))]);
    expect(await store.getBill("run")).toBeUndefined();
    clock.advance(9);
    // The rows of the append that ends the run are in its bill.
    const last = appendOf(run.lease, modelCalled(1), modelFinished(1, 10), { type: "run-completed" });
    await store.append([{ ...last, billing: { prices: PRICES, sinks: [] } }]);
    const calls = { pending: 0, settled: 2, estimated: 0, unknown: 0 };
    const totals = { usage: { inputTokens: 110, outputTokens: 220, totalTokens: 330 }, calls, amount: 0.00242, currency: "EUR" };
    const subject = { runId: "run", threadId: "t", resourceId: "resource-1", agentId: "agent-1", status: "completed", policy: "delivered", at: clock.now() };
    const lines = [{ agentId: "agent-1", provider: "acme", modelId: "large", ...totals }];
    const bill = { ...subject, billable: totals, cost: totals, lines, priceVersion: "2025-06" };
    expect(await other.getBill("run")).toEqual(bill);
    expect(await store.append([last])).toEqual([{ outcome: "fenced" }]);
    expect(await store.getBill("run")).toEqual(bill);
    const none = { usage: {}, calls: { ...calls, settled: 0 } };
    for (const [end, status] of [
      [{ type: "run-failed", error: { code: "AGENT_FAILED", message: "no" } }, "failed"],
      [{ type: "run-canceled" }, "canceled"],
      [{ type: "run-suspended", interrupts: [] }, "suspended"],
    ] as const) {
      const { lease } = await startedRun(store, sampleRun(status));
      await store.append([appendOf(lease, end)]);
      expect(await other.getBill(status)).toMatchObject({ status, billable: none, cost: none, lines: [] });
    }
    expect((await store.listBilledRuns({})).map(({ bill: { runId } }) => runId)).toEqual(["run", "failed", "canceled", "suspended"]);
    const raced = await startedRun(store, sampleRun("raced"));
    const ends = await Promise.all([store, other].map((handle) => handle.append([appendOf(raced.lease, { type: "run-completed" })])));
    expect(ends.filter(([result]) => result?.outcome === "appended")).toHaveLength(1);
  },

  "a figure that comes late settles its own call and leaves the bill as it is": async ({ store, other, clock }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    await store.append([appendOf(lease, modelCalled(0), modelCalled(1))]);
    clock.advance(LEASE_MS);
    const [taken] = await other.claimRuns(NODE_B, ALL);
    const again = [cut(1, 0, { state: "estimated", usage: { outputTokens: 3 }, basis: "bytes", isSuperseded: true }), modelCalled(0), modelFinished(0, 5)];
    await other.append([appendOf(taken?.lease ?? lease, ...again, { type: "run-completed" })]);
    const [bill, rows] = [await store.getBill("run"), await store.listUsage("run")];
    clock.advance(5);
    const late = { runId: "run", attempt: 1, path: "", call: 0, usage: sampleUsage(8) };
    const results = await Promise.all([store.settleUsage(late), other.settleUsage({ ...late, usage: sampleUsage(9) })]);
    expect(results.filter(Boolean)).toHaveLength(1);
    const settled = (await other.listUsage("run")).at(-1);
    expect(settled).toEqual({ ...late, state: "settled", at: clock.now(), basis: "provider", usage: sampleUsage(results[0] ? 8 : 9) });
    expect(await store.listUsage("run")).toEqual([...rows, settled]);
    expect(await store.getBill("run")).toEqual(bill);
    expect(await store.settleUsage({ ...late, call: 1 })).toBe(true);
    // Which model it was stays known, and that the customer does not pay for it.
    const [billed] = await store.listBilledRuns({});
    expect(billed?.calls).toEqual(modelCallsOf(await store.listUsage("run"), "agent-1"));
    expect(billed?.calls[0]).toMatchObject({ state: "settled", provider: "acme", modelId: "large", isSuperseded: true });
    for (const unknown of [{ call: 0, attempt: 2 }, { call: 2 }, { path: "c" }, { attempt: 3 }, { runId: "nowhere" }]) {
      expect(await store.settleUsage({ ...late, ...unknown }), JSON.stringify(unknown)).toBe(false);
    }
  },
};

async function billedIds(store: RunStore, query: Parameters<RunStore["listBilledRuns"]>[0]): Promise<readonly string[]> {
  return (await store.listBilledRuns(query)).map(({ bill }) => bill.runId);
}

export const ledgerCases: StoreCases = {
  "a row that was written is not written again": async ({ store }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    await store.append([appendOf(lease, modelCalled(0), modelCalled(0), modelFinished(0, 1))]);
    await store.append([appendOf(lease, modelFinished(0, 2), cut(1, 0), cut(1, 0, { state: "settled", usage: sampleUsage(3), basis: "provider" }))]);
    const rows = await store.listUsage("run");
    expect(rows.map(({ state }) => state)).toEqual(["pending", "settled", "unknown"]);
    expect(rows[1]?.usage).toEqual(sampleUsage(1));
  },

  "a call that ended without a figure, or without a number, adds no row": async ({ store }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    await store.append([appendOf(lease, { type: "model-finished", step: 0, call: 0 }, { type: "model-finished", step: 0, usage: sampleUsage(1) })]);
    expect(await store.listUsage("run")).toEqual([]);
  },

  "a cut call is kept with its bounds, and paid for as the policy of its run says": async ({ store }) => {
    const bounds = { lower: { inputTokens: 1, outputTokens: 1 }, upper: { inputTokens: 90 } };
    const estimate = cut(1, 1, { state: "estimated", basis: "bytes", usage: { inputTokens: 25, outputTokens: 4 }, bounds, isSuperseded: true });
    for (const billingPolicy of ["delivered", "all-attempts"] as const) {
      const { run, lease } = await startedRun(store, sampleRun(billingPolicy, { billingPolicy }));
      expect(run.billingPolicy).toBe(billingPolicy);
      await store.append([appendOf(lease, modelCalled(0), modelFinished(0, 10), modelCalled(1), estimate, { type: "run-canceled" })]);
      expect((await store.listUsage(billingPolicy)).at(-1)).toMatchObject({ state: "estimated", basis: "bytes", bounds, isSuperseded: true });
      const bill = await store.getBill(billingPolicy);
      expect(bill?.cost.usage.inputTokens).toBe(35);
      expect(bill?.billable.usage.inputTokens).toBe(billingPolicy === "delivered" ? 10 : 35);
    }
  },

  "billed runs are listed oldest first, by the time of their bill and by resource": async ({ store, other, clock }) => {
    const from = clock.now();
    const ids = ["c", "b", "a"];
    for (const id of ids) await startedRun(store, sampleRun(id, { resourceId: id === "b" ? "resource-2" : "resource-1" }));
    await startedRun(store, sampleRun("running"));
    for (const runId of ["c", "a", "b"]) {
      await store.append([appendOf({ runId, epoch: 1 }, modelCalled(0), { type: "run-completed" })]);
      if (runId !== "c") clock.advance(10);
    }
    expect(await billedIds(other, {})).toEqual(["c", "a", "b"]);
    expect(await billedIds(other, { from, to: from + 10 })).toEqual(["c", "a"]);
    expect(await billedIds(other, { from: from + 1 })).toEqual(["b"]);
    expect(await billedIds(other, { from: from + 10, to: from + 10 })).toEqual([]);
    expect(await billedIds(other, { resourceId: "resource-1", to: from + 11 })).toEqual(["c", "a"]);
    expect(await billedIds(other, { resourceId: "resource-2" })).toEqual(["b"]);
    const [billed] = await other.listBilledRuns({ resourceId: "resource-2" });
    expect(billed).toEqual({ bill: await store.getBill("b"), calls: modelCallsOf(await store.listUsage("b"), "agent-1") });
  },

  "bills, usage, deliveries and audit rows outlive the thread of their run, whose id is not used again": async ({ store, other }) => {
    const { lease } = await startedRun(store, sampleRun("run", { threadId: "t" }));
    await store.requestCancel("run", "resource-1");
    await store.append([{ ...appendOf(lease, modelCalled(0), { type: "run-canceled" }), billing: { sinks: ["meter"] } }]);
    const kept = async (handle: RunStore): Promise<unknown> => [
      await handle.getBill("run"),
      await handle.listUsage("run"),
      await handle.listDeliveries({ limit: 10 }),
      await handle.listAudit("run"),
      await handle.listBilledRuns({}),
    ];
    const before = await kept(store);
    expect(await other.deleteThread("t")).toBe("deleted");
    expect(await kept(other)).toEqual(before);
    expect(await other.settleUsage({ runId: "run", attempt: 1, path: "", call: 0, usage: sampleUsage(1) })).toBe(true);
    await expect(store.createRun(sampleRun("run", { threadId: "t-2" }))).rejects.toMatchObject({ code: "INTERNAL" });
    await complete(store, (await startedRun(store, sampleRun("next", { threadId: "t" }))).lease);
  },
};
