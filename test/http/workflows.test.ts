import { Mastra } from "@mastra/core/mastra";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createHoldfast, type Holdfast } from "../../src/index.ts";

const COUNT = z.object({ n: z.number() });

let opened: Holdfast | undefined;
afterEach(() => opened?.close());

beforeEach(async () => {
  const asks = createStep({
    id: "ask",
    inputSchema: COUNT,
    outputSchema: COUNT,
    resumeSchema: z.object({ more: z.number() }),
    execute: async ({ inputData, resumeData, suspend }) => (resumeData === undefined ? suspend({ message: "More?" }) : { n: inputData.n + resumeData.more }),
  });
  const order = createWorkflow({ id: "order", inputSchema: COUNT, outputSchema: COUNT }).then(asks).commit();
  opened = await createHoldfast({
    mastra: new Mastra({ workflows: { order }, logger: false }),
    store: "memory",
    logger: pino({ level: "silent" }),
    auth: "none",
  });
});

/** What the API answered: a run, a list of them, or what was wrong. */
interface Shown {
  readonly id: string;
  readonly status: string;
  readonly interrupts: readonly { readonly id: string }[];
  readonly runs: readonly { readonly id: string }[];
  readonly error: { readonly code: string; readonly message: string };
}

interface Answer {
  readonly status: number;
  readonly json: Shown;
  readonly headers: Headers;
}

async function send(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  if (opened === undefined) throw new Error("nothing is open");
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await opened.fetch(new Request(`http://app.test${path}`, { ...init, headers }));
  return { status: response.status, json: (await response.json()) as Shown, headers: response.headers };
}

async function eventsOf(runId: string): Promise<unknown> {
  return (await send(`/v1/runs/${runId}/events`)).json;
}

describe("POST /v1/runs", () => {
  test("starts a workflow, whose run names it, asks, and goes on once it is answered", async () => {
    const started = await send("/v1/runs", { workflowId: "order", input: { n: 1 }, threadId: "orders" });
    expect(started.status).toBe(201);
    expect(started.json).toMatchObject({ workflowId: "order", threadId: "orders", interrupts: [] });
    expect(started.json).not.toHaveProperty("agentId");
    expect(started.headers.get("location")).toBe(`/v1/runs/${started.json.id}`);
    await expect.poll(async () => (await send(`/v1/runs/${started.json.id}`)).json.status).toBe("suspended");
    const { json: run } = await send(`/v1/runs/${started.json.id}`);
    expect(run.interrupts).toMatchObject([{ kind: "workflow-suspend", toolName: "ask", stepPath: ["ask"], payload: { message: "More?" } }]);
    const id = run.interrupts[0]?.id ?? "";
    expect(await send(`/v1/interrupts/${id}/answer`, { answer: { more: "no" } })).toMatchObject({
      status: 400,
      json: { error: { code: "INPUT_INVALID", message: expect.stringContaining("more:") as string } },
    });
    const answered = await send(`/v1/interrupts/${id}/answer`, { answer: { more: 4 } });
    expect(answered.status).toBe(200);
    const { runs } = (await send("/v1/runs?threadId=orders")).json;
    expect(runs).toHaveLength(2);
    expect(runs[0]).toMatchObject({ workflowId: "order", parentRunId: started.json.id });
    await expect.poll(async () => (await send(`/v1/runs/${runs[0]?.id}`)).json.status).toBe("completed");
    expect(JSON.stringify(await eventsOf(runs[0]?.id ?? ""))).toContain('"object":{"n":5}');
  });

  test("refuses a workflow that is not there, an input that does not fit, and a body without a workflow", async () => {
    expect(await send("/v1/runs", { workflowId: "none", input: {} })).toMatchObject({ status: 404, json: { error: { code: "WORKFLOW_NOT_FOUND" } } });
    expect(await send("/v1/runs", { workflowId: "order", input: { n: "x" } })).toMatchObject({
      status: 400,
      json: { error: { code: "INPUT_INVALID", message: expect.stringContaining("n: ") as string } },
    });
    expect(await send("/v1/runs", { input: { n: 1 } })).toMatchObject({ status: 400, json: { error: { code: "INPUT_INVALID" } } });
    const deep: unknown = JSON.parse("[".repeat(300) + "]".repeat(300));
    expect((await send("/v1/runs", { workflowId: "order", input: deep })).json.error.message).toContain("nested");
    expect((await send("/v1/runs")).json.runs).toEqual([]);
  });

  test("starts once for one key", async () => {
    const ids = await Promise.all(
      [1, 2].map(async () => (await send("/v1/runs", { workflowId: "order", input: { n: 1 } }, { "idempotency-key": "k" })).json.id),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await send("/v1/runs", { workflowId: "order", input: { n: 2 } }, { "idempotency-key": "k" })).toMatchObject({ status: 422 });
    expect((await send("/v1/runs", { workflowId: "order", input: { n: 2 } }, { "idempotency-key": "ä" })).status).toBe(400);
  });
});
