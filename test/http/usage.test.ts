import { describe, expect, test } from "vitest";
import { billOf, totalsOf } from "../../src/core/bill.ts";
import type { ModelCall } from "../../src/core/ledger.ts";
import type { RunUsage } from "../../src/core/protocol.ts";
import { aRun } from "./fake-engine.ts";
import { problemIn, testApp } from "./test-app.ts";

const STARTED = Date.UTC(2026, 0, 2);
const ENDED = Date.UTC(2026, 0, 3);
const PRICES = { version: "2026-01", currency: "EUR", models: { big: { input: 1, output: 2 } } };

const CUT: ModelCall = {
  attempt: 1,
  path: "",
  call: 0,
  state: "estimated",
  agentId: "assistant",
  provider: "acme",
  modelId: "big",
  usage: { inputTokens: 100, outputTokens: 10, totalTokens: 110 },
  basis: "bytes",
  bounds: { lower: { inputTokens: 33, outputTokens: 3 }, upper: { inputTokens: 400 } },
  isSuperseded: true,
  startedAt: STARTED,
  at: ENDED,
};
const { bounds: _bounds, isSuperseded: _mark, ...whole } = CUT;
const SETTLED: ModelCall = { ...whole, attempt: 2, state: "settled", basis: "provider", usage: { inputTokens: 90, outputTokens: 20 } };
const CALLS = [CUT, SETTLED];

const BILL = billOf(
  { runId: "run-1", threadId: "thread-1", resourceId: "ann", agentId: "assistant", status: "completed", policy: "delivered", at: ENDED },
  CALLS,
  PRICES,
);
const USAGE: RunUsage = { runId: "run-1", entries: CALLS, totals: { billable: BILL.billable, cost: BILL.cost }, bill: BILL };

describe("GET /v1/runs/:runId/usage", () => {
  test("shows the calls of a run, both totals and the bill, with times in ISO 8601", async () => {
    const { engine, send } = testApp();
    engine.runs.push(aRun({ id: "run-1", status: "completed" }));
    engine.usages.push(USAGE);
    const response = await send("/v1/runs/run-1/usage");
    expect(response.status).toBe(200);
    const billable = {
      usage: { inputTokens: 90, outputTokens: 20 },
      calls: { pending: 0, settled: 1, estimated: 0, unknown: 0 },
      amount: 0.00013,
      currency: "EUR",
    };
    const cost = {
      usage: { inputTokens: 190, outputTokens: 30, totalTokens: 110 },
      calls: { pending: 0, settled: 1, estimated: 1, unknown: 0 },
      amount: 0.00025,
      currency: "EUR",
    };
    const times = { startedAt: "2026-01-02T00:00:00.000Z", at: "2026-01-03T00:00:00.000Z" };
    expect(await response.json()).toEqual({
      runId: "run-1",
      entries: [
        { ...CUT, ...times },
        { ...SETTLED, ...times },
      ],
      totals: { billable, cost },
      bill: {
        runId: "run-1",
        threadId: "thread-1",
        resourceId: "ann",
        agentId: "assistant",
        status: "completed",
        policy: "delivered",
        at: "2026-01-03T00:00:00.000Z",
        billable,
        cost,
        lines: [{ agentId: "assistant", provider: "acme", modelId: "big", ...billable }],
        priceVersion: "2026-01",
      },
    });
  });

  test("shows what a run used so far while it has no bill", async () => {
    const { engine, send } = testApp();
    engine.runs.push(aRun({ id: "run-1" }));
    const totals = totalsOf(CALLS);
    engine.usages.push({ runId: "run-1", entries: [], totals: { billable: totals, cost: totals } });
    const body: unknown = await (await send("/v1/runs/run-1/usage")).json();
    expect(body).toMatchObject({ runId: "run-1", totals: { cost: { calls: { settled: 1, estimated: 1 } } } });
    expect(body).not.toHaveProperty("bill");
    expect(body).not.toHaveProperty("totals.cost.amount");
  });

  test("answers 404 about the run of somebody else, as about one that never was", async () => {
    const { engine, send } = testApp();
    engine.runs.push(aRun({ id: "run-1" }));
    engine.usages.push(USAGE);
    const foreign = await send("/v1/runs/run-1/usage", { user: "bob" });
    const missing = await send("/v1/runs/run-2/usage", { user: "bob" });
    expect([foreign.status, missing.status]).toEqual([404, 404]);
    expect((await problemIn(foreign)).code).toBe("RUN_NOT_FOUND");
  });

  test("asks for credentials", async () => {
    expect((await testApp().send("/v1/runs/run-1/usage", { user: "" })).status).toBe(401);
  });
});

describe("GET /v1/usage", () => {
  test("shows the sums that the engine made for the principal", async () => {
    const { engine, send } = testApp();
    engine.usageRows.push({ key: "ann", runs: 2, billable: BILL.billable, cost: totalsOf(CALLS) });
    const response = await send("/v1/usage");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      rows: [
        {
          key: "ann",
          runs: 2,
          billable: {
            usage: { inputTokens: 90, outputTokens: 20 },
            calls: { pending: 0, settled: 1, estimated: 0, unknown: 0 },
            amount: 0.00013,
            currency: "EUR",
          },
          cost: {
            usage: { inputTokens: 190, outputTokens: 30, totalTokens: 110 },
            calls: { pending: 0, settled: 1, estimated: 1, unknown: 0 },
          },
        },
      ],
    });
    expect(engine.usageQueries).toEqual([{ groupBy: "resource", resourceId: "ann" }]);
  });

  test.each([
    ["?groupBy=agent", { groupBy: "agent" }],
    ["?groupBy=model&from=2026-01-02", { groupBy: "model", from: STARTED }],
    ["?from=2026-01-02T01:00:00%2B01:00&to=2026-01-03T00:00:00Z", { groupBy: "resource", from: STARTED, to: ENDED }],
    [`?from=${STARTED}&to=${STARTED}`, { groupBy: "resource", from: STARTED, to: STARTED }],
    ["?from=0", { groupBy: "resource", from: 0 }],
  ])("understands the query %s", async (query, expected) => {
    const { engine, send } = testApp();
    expect((await send(`/v1/usage${query}`)).status).toBe(200);
    expect(engine.usageQueries).toEqual([{ ...expected, resourceId: "ann" }]);
  });

  test.each([
    "?groupBy=day",
    "?groupBy=",
    "?from=",
    "?from=yesterday",
    "?from=-1",
    "?from=1.5",
    "?from=2026-01-02T01:00:00",
    "?to=2026-02-30",
    "?to=9999999999999999",
    "?from=2026-01-03&to=2026-01-02",
  ])("refuses the query %s", async (query) => {
    const { engine, send } = testApp();
    const response = await send(`/v1/usage${query}`);
    expect(response.status).toBe(400);
    expect((await problemIn(response)).code).toBe("INPUT_INVALID");
    expect(engine.usageQueries).toEqual([]);
  });

  test("asks for credentials", async () => {
    expect((await testApp().send("/v1/usage", { user: "" })).status).toBe(401);
  });
});
