import { expect, it } from "vitest";
import { billOf, type Bill } from "../../core/bill.ts";
import type { ModelCall } from "../../core/ledger.ts";
import { cloudEvents } from "./open-meter.ts";

const AT = Date.UTC(2026, 0, 2);

function bill(...calls: readonly Partial<ModelCall>[]): Bill {
  const subject = { runId: "run-1", threadId: "t-1", resourceId: "ann", agentId: "clerk", status: "completed", policy: "delivered", at: AT } as const;
  const made = calls.map((change, call): ModelCall => ({ attempt: 1, path: "", call, state: "settled", agentId: "clerk", startedAt: AT, at: AT, ...change }));
  return billOf(subject, made, { version: "1", currency: "EUR", models: { big: { input: 1, output: 2 } } });
}

const BIG = { provider: "acme", modelId: "big" };

it("a run is one event with the run's id, its resource as subject and its end as time", () => {
  const events = cloudEvents(bill({ ...BIG, usage: { inputTokens: 10, outputTokens: 5, cachedInputTokens: 2 } }, { ...BIG, state: "unknown" }), {});
  expect(events).toEqual([
    {
      specversion: "1.0",
      id: "run-1",
      source: "holdfast",
      type: "run.billed",
      subject: "ann",
      time: "2026-01-02T00:00:00.000Z",
      datacontenttype: "application/json",
      data: {
        runId: "run-1",
        threadId: "t-1",
        status: "completed",
        agentId: "clerk",
        inputTokens: 10,
        outputTokens: 5,
        totalTokens: 15,
        cachedInputTokens: 2,
        amount: 0.00002,
        currency: "EUR",
        settledCalls: 1,
        estimatedCalls: 0,
        unknownCalls: 1,
      },
    },
  ]);
});

it("what a customer does not pay for is left out", () => {
  const [event] = cloudEvents(bill({ ...BIG, isSuperseded: true, usage: { inputTokens: 99 } }, { ...BIG, usage: { inputTokens: 10 } }), {});
  expect(event).toMatchObject({ data: { inputTokens: 10, settledCalls: 1 } });
});

it("a run can be one event for each agent and model, each with an id of its own", () => {
  const calls = [
    { ...BIG, usage: { inputTokens: 10 } },
    { agentId: "scout", path: "tool-1", modelId: "small", usage: { outputTokens: 3 } },
  ];
  const events = cloudEvents(bill(...calls), { eventPer: "model", source: "shop", type: "tokens" });
  expect(events).toMatchObject([
    { id: "run-1:clerk:acme/big", source: "shop", type: "tokens", subject: "ann", data: { agentId: "clerk", model: "acme/big", inputTokens: 10 } },
    { id: "run-1:scout:small", data: { agentId: "scout", model: "small", inputTokens: 0, outputTokens: 3 } },
  ]);
});

it("a run without a model call is one event of zeros, and none for models", () => {
  expect(cloudEvents(bill(), {})).toMatchObject([{ id: "run-1", data: { inputTokens: 0, outputTokens: 0, totalTokens: 0, settledCalls: 0 } }]);
  expect(cloudEvents(bill(), { eventPer: "model" })).toEqual([]);
});
