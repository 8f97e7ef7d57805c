import { describe, expect, test } from "vitest";
import { aRun } from "./fake-engine.ts";
import { problemIn, testApp } from "./test-app.ts";

interface RunList {
  readonly runs: readonly { readonly id: string }[];
  readonly nextCursor?: string;
}

describe("GET /v1/runs/:runId", () => {
  test("shows a run with the fields of the API and no others", async () => {
    const { engine, send } = testApp();
    engine.runs.push(
      aRun({ id: "run-1", status: "failed", attempt: 2, parentRunId: "run-0", endedAt: Date.UTC(2026, 0, 3), error: { code: "AGENT_FAILED", message: "no" } }),
    );
    const response = await send("/v1/runs/run-1");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      id: "run-1",
      threadId: "thread-1",
      agentId: "assistant",
      status: "failed",
      attempt: 2,
      parentRunId: "run-0",
      interrupts: [],
      createdAt: "2026-01-02T00:00:00.000Z",
      endedAt: "2026-01-03T00:00:00.000Z",
      error: { code: "AGENT_FAILED", message: "no" },
    });
  });

  test("shows what a suspended run asks", async () => {
    const { engine, send } = testApp();
    engine.runs.push(aRun({ id: "run-1", status: "suspended" }));
    engine.interrupts.push({
      id: "int-1",
      runId: "run-1",
      threadId: "thread-1",
      agentId: "assistant",
      resourceId: "ann",
      kind: "tool-approval",
      status: "pending",
      toolCallId: "call-1",
      toolName: "pay",
      input: { amount: 5 },
      createdAt: Date.UTC(2026, 0, 2),
    });
    expect(await (await send("/v1/runs/run-1")).json()).toMatchObject({
      interrupts: [
        {
          id: "int-1",
          kind: "tool-approval",
          status: "pending",
          toolCallId: "call-1",
          toolName: "pay",
          input: { amount: 5 },
          createdAt: "2026-01-02T00:00:00.000Z",
        },
      ],
    });
  });

  test("answers 404 about the run of somebody else", async () => {
    const { engine, send } = testApp();
    engine.runs.push(aRun({ id: "run-1" }));
    const response = await send("/v1/runs/run-1", { user: "bob" });
    expect(response.status).toBe(404);
    expect((await problemIn(response)).code).toBe("RUN_NOT_FOUND");
  });
});

describe("GET /v1/runs", () => {
  test("lists the caller's runs in pages", async () => {
    const { engine, send } = testApp();
    engine.runs.push(aRun({ id: "run-1" }), aRun({ id: "run-2" }), aRun({ id: "run-3", resourceId: "bob" }), aRun({ id: "run-4" }));
    const first = (await (await send("/v1/runs?limit=2")).json()) as RunList;
    expect(first.runs.map((run) => run.id)).toEqual(["run-1", "run-2"]);
    const second = (await (await send(`/v1/runs?limit=2&cursor=${first.nextCursor}`)).json()) as RunList;
    expect(second).toEqual({ runs: [expect.objectContaining({ id: "run-4" })] });
  });

  test.each([
    ["", {}],
    ["?status=running&status=failed", { statuses: ["running", "failed"] }],
    ["?status=running,failed", { statuses: ["running", "failed"] }],
    ["?threadId=t-9", { threadId: "t-9" }],
  ])("understands the query %s", async (query, expected) => {
    const { engine, send } = testApp();
    expect((await send(`/v1/runs${query}`)).status).toBe(200);
    expect(engine.runQueries).toEqual([{ limit: 20, ...expected }]);
  });

  test.each(["?status=sleeping", "?status=", "?limit=0", "?limit=101", "?limit=two", "?limit=1.5", "?threadId=", "?cursor="])(
    "refuses the query %s",
    async (query) => {
      const { engine, send } = testApp();
      const response = await send(`/v1/runs${query}`);
      expect(response.status).toBe(400);
      expect((await problemIn(response)).code).toBe("INPUT_INVALID");
      expect(engine.runQueries).toEqual([]);
    },
  );
});

describe("POST /v1/runs/:runId/cancel", () => {
  test("asks the run to stop and shows it", async () => {
    const { engine, send } = testApp();
    engine.runs.push(aRun({ id: "run-1" }));
    const response = await send("/v1/runs/run-1/cancel", { method: "POST" });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id: "run-1", status: "running" });
    expect(engine.runs[0]?.cancelRequested).toBe(true);
  });

  test("answers 409 once the run has ended", async () => {
    const { engine, send } = testApp();
    engine.runs.push(aRun({ id: "run-1", status: "completed" }));
    const response = await send("/v1/runs/run-1/cancel", { method: "POST" });
    expect(response.status).toBe(409);
    expect((await problemIn(response)).code).toBe("RUN_ENDED");
  });

  test("does not cancel the run of somebody else", async () => {
    const { engine, send } = testApp();
    engine.runs.push(aRun({ id: "run-1" }));
    expect((await send("/v1/runs/run-1/cancel", { method: "POST", user: "bob" })).status).toBe(404);
    expect(engine.runs[0]?.cancelRequested).toBe(false);
  });
});
