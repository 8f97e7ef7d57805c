import { expect, test } from "vitest";
import { billOf } from "../../src/core/bill.ts";
import type { Interrupt } from "../../src/core/interrupt.ts";
import type { ModelCall } from "../../src/core/ledger.ts";
import { Described } from "./described.ts";
import { aRun } from "./fake-engine.ts";
import { testApp } from "./test-app.ts";

const AT = Date.UTC(2026, 0, 2);

const ASKED: Interrupt = {
  id: "int-1",
  runId: "run-1",
  threadId: "thread-1",
  agentId: "assistant",
  resourceId: "ann",
  kind: "tool-suspend",
  status: "answered",
  toolCallId: "call-1",
  toolName: "book",
  input: { day: 1 },
  resumeSchema: { type: "object" },
  payload: { asked: true },
  createdAt: AT,
  expiresAt: AT,
  answer: null,
  answeredAt: AT,
  answeredBy: "ann",
};

const CALL: ModelCall = {
  attempt: 1,
  path: "call-1",
  call: 0,
  state: "estimated",
  agentId: "assistant",
  provider: "acme",
  modelId: "big",
  usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3, reasoningTokens: 1, cachedInputTokens: 1, cacheCreationInputTokens: 1, raw: { x: [1] } },
  basis: "bytes",
  bounds: { lower: { inputTokens: 1 }, upper: { inputTokens: 2 } },
  isSuperseded: true,
  startedAt: AT,
  at: AT,
};

const SUBJECT = { runId: "run-1", threadId: "thread-1", resourceId: "ann", agentId: "assistant", status: "failed", policy: "all-attempts", at: AT } as const;

test("every field that an answer may have is in the document, and in no other form", async () => {
  const { engine, send } = testApp();
  const described = new Described((await (await send("/openapi.json")).json()) as object);
  const other = { ...CALL, modelId: "free", isSuperseded: false };
  const prices = { version: "1", currency: "EUR", models: { big: { input: 1, output: 1 } } };
  const [priced, unpriced] = [billOf(SUBJECT, [CALL], prices), billOf(SUBJECT, [CALL, other], prices)];
  engine.runs.push(aRun({ id: "run-1", status: "suspended", parentRunId: "run-0", endedAt: AT, error: { code: "AGENT_FAILED", message: "no" } }));
  engine.interrupts.push(ASKED);
  engine.threads.push({
    id: "thread-1",
    agentId: "assistant",
    resourceId: "ann",
    title: "t",
    metadata: { a: 1 },
    createdAt: AT,
    updatedAt: AT,
    activeRunId: "run-1",
  });
  engine.usages.push({ runId: "run-1", entries: [CALL, other], totals: { billable: priced.billable, cost: unpriced.cost }, bill: unpriced });
  engine.usageRows.push({ key: "ann", runs: 1, billable: priced.billable, cost: unpriced.cost });
  expect([priced.billable.amount, unpriced.cost.unpricedModels]).toEqual([expect.any(Number), ["acme/free"]]);
  const routes = ["/v1/runs/{runId}", "/v1/runs", "/v1/interrupts/{interruptId}", "/v1/threads/{threadId}", "/v1/runs/{runId}/usage", "/v1/usage"];
  for (const path of routes) {
    const response = await send(path.replace("{runId}", "run-1").replace("{interruptId}", "int-1").replace("{threadId}", "thread-1"));
    expect([path, response.status, await described.faults("GET", path, response)]).toEqual([path, 200, []]);
  }
});
