import { describe, expect, it } from "vitest";
import type { RunEvent } from "./event.ts";
import { modelCallsOf, usageEntryOf, type UsageEntry } from "./ledger.ts";

const AT = 1_700_000_000_000;

function entryOf(event: RunEvent, attempt: number = 1, at: number = AT): UsageEntry | undefined {
  return usageEntryOf("run-1", { event, attempt, at });
}

function row(change: Partial<UsageEntry>): UsageEntry {
  return { runId: "run-1", attempt: 1, path: "", call: 0, state: "pending", at: AT, ...change };
}

describe("the row of an event", () => {
  it("a model that is about to be called is pending", () => {
    expect(entryOf({ type: "model-called", step: 0, call: 2, provider: "acme", modelId: "m-1", promptBytes: 40 }, 3)).toEqual(
      row({ attempt: 3, call: 2, provider: "acme", modelId: "m-1" }),
    );
  });

  it("a model that finished is settled with the provider's figure, untouched", () => {
    const usage = { inputTokens: 10, outputTokens: 0, raw: { cache: 1 } };
    expect(entryOf({ type: "model-finished", step: 0, call: 0, usage })).toEqual(row({ state: "settled", usage, basis: "provider" }));
  });

  it("a model that finished without a figure, or before calls were counted, adds none", () => {
    expect(entryOf({ type: "model-finished", step: 0, call: 0 })).toBeUndefined();
    expect(entryOf({ type: "model-finished", step: 0, usage: { inputTokens: 1 } })).toBeUndefined();
  });

  it("a call that was cut is booked under the attempt that made it, not under the one that says so", () => {
    const bounds = { lower: { inputTokens: 1 }, upper: { inputTokens: 9 } };
    const cut = { attempt: 1, path: "", call: 0, state: "estimated", usage: { inputTokens: 4 }, basis: "bytes", bounds, isSuperseded: true } as const;
    expect(entryOf({ type: "model-cut", ...cut }, 2)).toEqual(row(cut));
  });

  it("a call of a sub-agent is kept under the id of the innermost tool call", () => {
    const inner = { type: "model-called", step: 0, call: 0, agentId: "scout" } as const;
    const event: RunEvent = { type: "nested", toolCallId: "outer", event: { type: "nested", toolCallId: "inner", event: inner } };
    expect(entryOf(event)).toEqual(row({ path: "inner", agentId: "scout" }));
  });

  it("no other event adds one", () => {
    expect(entryOf({ type: "step-finished", step: 0, usage: { inputTokens: 5 }, isContinued: false })).toBeUndefined();
    expect(entryOf({ type: "run-completed", usage: { inputTokens: 5 } })).toBeUndefined();
  });
});

describe("the calls of a run", () => {
  it("a call shows its strongest state, with the figure of that state and the model of the first row", () => {
    const rows = [
      row({ provider: "acme", modelId: "m-1" }),
      row({ state: "estimated", at: AT + 1, usage: { inputTokens: 4 }, basis: "bytes", bounds: { lower: {}, upper: {} } }),
      row({ state: "settled", at: AT + 2, usage: { inputTokens: 5 }, basis: "provider" }),
    ];
    const expected = {
      attempt: 1,
      path: "",
      call: 0,
      state: "settled",
      agentId: "clerk",
      provider: "acme",
      modelId: "m-1",
      usage: { inputTokens: 5 },
      basis: "provider",
      startedAt: AT,
      at: AT + 2,
    };
    expect(modelCallsOf(rows, "clerk")).toEqual([expected]);
  });

  it("a call that a later attempt repeats stays superseded when its figure comes late", () => {
    const rows = [row({}), row({ state: "unknown", isSuperseded: true, at: AT + 1 }), row({ state: "settled", usage: { inputTokens: 5 }, at: AT + 2 })];
    expect(modelCallsOf(rows, "clerk")).toMatchObject([{ state: "settled", isSuperseded: true, usage: { inputTokens: 5 } }]);
  });

  it("an estimate behind a settled figure changes nothing but the mark that the call was repeated", () => {
    const rows = [
      row({}),
      row({ state: "settled", usage: { inputTokens: 5 }, basis: "provider", at: AT + 1 }),
      row({ state: "estimated", usage: { inputTokens: 4 }, basis: "bytes", isSuperseded: true, at: AT + 2 }),
    ];
    expect(modelCallsOf(rows, "clerk")).toMatchObject([{ state: "settled", usage: { inputTokens: 5 }, basis: "provider", isSuperseded: true, at: AT + 1 }]);
  });

  it("an unknown figure does not replace an estimate", () => {
    const rows = [row({ state: "estimated", usage: { inputTokens: 4 } }), row({ state: "unknown", at: AT + 1 })];
    expect(modelCallsOf(rows, "clerk")).toMatchObject([{ state: "estimated", usage: { inputTokens: 4 }, at: AT }]);
  });

  it("attempts, paths and numbers tell calls apart, and their order is kept", () => {
    const rows = [row({ call: 1 }), row({ path: "tool-1", agentId: "scout" }), row({ attempt: 2 }), row({})];
    expect(modelCallsOf(rows, "clerk").map(({ attempt, path, call, agentId }) => [attempt, path, call, agentId])).toEqual([
      [1, "", 1, "clerk"],
      [1, "tool-1", 0, "scout"],
      [2, "", 0, "clerk"],
      [1, "", 0, "clerk"],
    ]);
  });
});
