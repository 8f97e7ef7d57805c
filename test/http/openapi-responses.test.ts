import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Described } from "./described.ts";
import { chat, describedServer, type DescribedServer } from "./described-server.ts";

let server: DescribedServer;
let described: Described;
let runId = "";
let suspendedId = "";
let runningId = "";
let interruptId = "";

beforeAll(async () => {
  const prices = { version: "1", currency: "EUR", models: {} };
  server = await describedServer({ billing: { prices }, interruptTtlMs: 3_600_000 });
  described = new Described((await (await server.send("GET", "/openapi.json")).json()) as object);
  const started = await server.send("POST", "/api/chat", chat("done", "hello"));
  runId = started.headers.get("x-workflow-run-id") ?? "";
  await started.text();
  const asking = await server.send("POST", "/api/chat", chat("asking", "pay"));
  suspendedId = asking.headers.get("x-workflow-run-id") ?? "";
  await asking.text();
  await (await server.send("POST", "/api/chat", chat("broken", "break"))).text();
  const running = await server.send("POST", "/api/chat", chat("running", "hang"));
  runningId = running.headers.get("x-workflow-run-id") ?? "";
  await running.body?.cancel();
  const { interrupts } = (await (await server.send("GET", "/v1/interrupts")).json()) as { interrupts: readonly { id: string }[] };
  interruptId = interrupts[0]?.id ?? "";
});

afterAll(() => server.close());

interface Case {
  readonly method: string;
  /** As the document writes it. */
  readonly path: string;
  readonly status: number;
  readonly params?: () => Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly user?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function check({ method, path, status, params, query = "", body, user, headers }: Case): Promise<void> {
  const filled = Object.entries(params?.() ?? {}).reduce((text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value)), path);
  const response = await server.send(method, filled.replace(/\{\w+\}/g, "nothing") + query, {
    ...(body !== undefined && { body }),
    ...(user !== undefined && { user }),
    ...(headers && { headers }),
  });
  expect(response.status).toBe(status);
  expect(await described.faults(method, path, response)).toEqual([]);
}

const run = (): Record<string, string> => ({ runId });
const suspended = (): Record<string, string> => ({ runId: suspendedId });
const question = { id: "q1", role: "user", content: "hello" };

/** In this order: the later ones change what the earlier ones show. */
const CASES: readonly Case[] = [
  { method: "GET", path: "/healthz", status: 200, user: "" },
  { method: "GET", path: "/readyz", status: 200, user: "" },
  { method: "GET", path: "/metrics", status: 200, user: "" },
  { method: "GET", path: "/openapi.json", status: 200, user: "" },
  { method: "GET", path: "/v1/runs", status: 200 },
  { method: "GET", path: "/v1/runs", status: 200, query: "?limit=1" },
  { method: "GET", path: "/v1/runs", status: 200, query: "?status=failed" },
  { method: "GET", path: "/v1/runs", status: 400, query: "?status=lost" },
  { method: "GET", path: "/v1/runs", status: 401, user: "" },
  { method: "GET", path: "/v1/runs/{runId}", status: 200, params: suspended },
  { method: "GET", path: "/v1/runs/{runId}", status: 404 },
  { method: "GET", path: "/v1/runs/{runId}/usage", status: 200, params: run },
  { method: "GET", path: "/v1/runs/{runId}/events", status: 200, params: run },
  { method: "GET", path: "/v1/runs/{runId}/events", status: 200, params: run, query: "?offset=-1&live=sse" },
  { method: "GET", path: "/v1/runs/{runId}/events", status: 204, params: run, query: "?offset=now&live=long-poll" },
  { method: "GET", path: "/v1/runs/{runId}/events", status: 400, params: run, query: "?live=sse" },
  { method: "HEAD", path: "/v1/runs/{runId}/events", status: 200, params: run },
  { method: "GET", path: "/v1/usage", status: 200 },
  { method: "GET", path: "/v1/usage", status: 400, query: "?groupBy=moon" },
  { method: "GET", path: "/v1/threads", status: 200, query: "?limit=1" },
  { method: "GET", path: "/v1/threads/{threadId}", status: 200, params: () => ({ threadId: "running" }) },
  { method: "PATCH", path: "/v1/threads/{threadId}", status: 200, params: () => ({ threadId: "done" }), body: { title: "Hi", metadata: { a: [1] } } },
  { method: "DELETE", path: "/v1/threads/{threadId}", status: 409, params: () => ({ threadId: "running" }) },
  { method: "GET", path: "/v1/interrupts", status: 200, query: "?status=pending" },
  { method: "GET", path: "/v1/interrupts/{interruptId}", status: 200, params: () => ({ interruptId }) },
  { method: "POST", path: "/v1/interrupts/{interruptId}/answer", status: 400, params: () => ({ interruptId }), body: { answer: 5 } },
  { method: "POST", path: "/v1/interrupts/{interruptId}/answer", status: 200, params: () => ({ interruptId }), body: { answer: { approved: true } } },
  { method: "POST", path: "/v1/interrupts/{interruptId}/answer", status: 409, params: () => ({ interruptId }), body: { answer: { approved: false } } },
  { method: "GET", path: "/v1/runs/{runId}/audit", status: 200, params: suspended },
  { method: "GET", path: "/v1/runs/{runId}/usage", status: 200, params: suspended },
  { method: "POST", path: "/api/chat", status: 400, body: {} },
  { method: "POST", path: "/api/chat", status: 409, body: chat("running", "again").body },
  { method: "GET", path: "/api/chat/{id}/stream", status: 204, params: () => ({ id: "done" }) },
  { method: "GET", path: "/api/chat/{id}/stream", status: 200, params: () => ({ id: "running" }) },
  { method: "GET", path: "/api/chat/{id}/messages", status: 200, params: () => ({ id: "done" }) },
  { method: "POST", path: "/api/chat/{id}/stop", status: 200, params: () => ({ id: "done" }) },
  { method: "GET", path: "/api/chat/threads/{threadId}/cedar-open", status: 200, params: () => ({ threadId: "running" }) },
  { method: "GET", path: "/ag-ui/agents", status: 200 },
  { method: "POST", path: "/ag-ui/agents/{agentId}/run", status: 400, body: {} },
  { method: "POST", path: "/ag-ui/agents/{agentId}/run", status: 404, body: { threadId: "t", runId: "r", messages: [question] } },
  {
    method: "POST",
    path: "/ag-ui/agents/{agentId}/run",
    status: 200,
    params: () => ({ agentId: "io-agent" }),
    body: { threadId: "agui", runId: "r", messages: [question], protocolVersion: "1.0" },
    headers: { accept: "application/vnd.ag-ui.event+proto" },
  },
  { method: "GET", path: "/copilotkit/info", status: 200 },
  { method: "POST", path: "/copilotkit/agent/{agentId}/run", status: 400, body: {} },
  { method: "POST", path: "/copilotkit/agent/{agentId}/run", status: 404, body: { threadId: "t", runId: "r", messages: [question] } },
  { method: "POST", path: "/copilotkit/agent/{agentId}/stop/{threadId}", status: 200, params: () => ({ agentId: "io-agent", threadId: "nothing" }) },
  { method: "GET", path: "/copilotkit/threads", status: 200 },
  { method: "GET", path: "/copilotkit/threads/{id}/messages", status: 200, params: () => ({ id: "asking" }) },
  { method: "GET", path: "/copilotkit/threads/{id}/events", status: 200, params: () => ({ id: "asking" }) },
  { method: "GET", path: "/copilotkit/threads/{id}/state", status: 200, params: () => ({ id: "done" }) },
  { method: "PATCH", path: "/copilotkit/threads/{id}", status: 422 },
  { method: "GET", path: "/io-bridge/agents", status: 200 },
  { method: "GET", path: "/io-bridge/agents/{agentId}", status: 200, params: () => ({ agentId: "main" }) },
  { method: "GET", path: "/io-bridge/agents/{agentId}", status: 404 },
  { method: "POST", path: "/io-bridge/threads", status: 201, body: { resourceId: "ann", title: "Fruit", metadata: { colour: "red" } } },
  { method: "POST", path: "/io-bridge/threads", status: 400, body: {} },
  { method: "POST", path: "/io-bridge/threads", status: 403, body: { resourceId: "bob" } },
  { method: "GET", path: "/io-bridge/threads", status: 200, query: "?resourceId=ann" },
  { method: "GET", path: "/io-bridge/threads/{threadId}", status: 200, params: () => ({ threadId: "done" }) },
  { method: "GET", path: "/io-bridge/threads/{threadId}", status: 404 },
  {
    method: "PATCH",
    path: "/io-bridge/threads/{threadId}",
    status: 412,
    params: () => ({ threadId: "done" }),
    body: { title: "x" },
    headers: { "if-match": '"no"' },
  },
  { method: "GET", path: "/io-bridge/threads/{threadId}/messages", status: 200, params: () => ({ threadId: "done" }) },
  { method: "POST", path: "/io-bridge/run", status: 400, body: {} },
  { method: "POST", path: "/io-bridge/run", status: 200, body: { runId: "bridge", threadId: "bridge", messages: [question] } },
  { method: "POST", path: "/io-bridge/runs/{runId}/tool-calls/{toolCallId}/result", status: 404, body: { result: 1 } },
  {
    method: "POST",
    path: "/io-bridge/runs/{runId}/tool-calls/{toolCallId}/result",
    status: 404,
    params: () => ({ runId: "bridge" }),
    body: { result: 1 },
  },
  { method: "GET", path: "/io-bridge/agents", status: 401, user: "" },
];

describe("what a server answers is what its document says", () => {
  test.each(CASES.map((one) => [`${one.method} ${one.path}${one.query ?? ""} answers ${one.status}`, one] as const))("%s", (_title, one) => check(one));

  test("a run that is canceled, and one that has ended", async () => {
    const running = (): Record<string, string> => ({ runId: runningId });
    await check({ method: "POST", path: "/v1/runs/{runId}/cancel", status: 200, params: running });
    await vi.waitFor(async () => expect(await (await server.send("GET", `/v1/runs/${runningId}`)).json()).toMatchObject({ status: "canceled" }), 10_000);
    await check({ method: "POST", path: "/v1/runs/{runId}/cancel", status: 409, params: running });
    await check({ method: "GET", path: "/v1/runs/{runId}/usage", status: 200, params: running });
    await check({ method: "DELETE", path: "/v1/threads/{threadId}", status: 204, params: () => ({ threadId: "running" }) });
  });
});

describe("a body that the document does not take is refused", () => {
  const cases: readonly (readonly [string, string, unknown, boolean])[] = [
    ["PATCH", "/v1/threads/{threadId}", {}, false],
    ["PATCH", "/v1/threads/{threadId}", { title: 5 }, false],
    ["PATCH", "/v1/threads/{threadId}", { title: "a", colour: "red" }, false],
    ["PATCH", "/v1/threads/{threadId}", { metadata: { a: { b: [null] } } }, true],
    ["POST", "/v1/interrupts/{interruptId}/answer", {}, false],
    ["POST", "/v1/interrupts/{interruptId}/answer", { answer: null }, true],
    ["POST", "/api/chat", { messages: [] }, false],
    ["POST", "/api/chat", { messages: [{ id: "m", role: "tool", parts: [] }] }, false],
    ["POST", "/ag-ui/agents/{agentId}/run", { runId: "r", messages: [question] }, false],
    ["POST", "/ag-ui/agents/{agentId}/run", { threadId: "t", runId: "r", messages: [{ id: "m", role: "wizard", content: "" }] }, false],
    ["POST", "/ag-ui/agents/{agentId}/run", { threadId: "t", runId: "r", messages: [question], tools: [{ name: "a", description: "b" }] }, true],
    ["POST", "/copilotkit/agent/{agentId}/stop/{threadId}", { runId: 5 }, false],
    ["POST", "/copilotkit/agent/{agentId}/stop/{threadId}", { runId: "r" }, true],
    ["POST", "/io-bridge/run", { messages: [question] }, false],
    ["POST", "/io-bridge/run", { runId: "r", messages: [question], forwardedProps: { toolTimeoutMs: -1 } }, false],
    ["POST", "/io-bridge/run", { runId: "r", messages: [question], forwardedProps: { agentId: "nobody", anything: [1] } }, true],
    ["POST", "/io-bridge/threads", { title: "no owner" }, false],
    ["POST", "/io-bridge/threads", { resourceId: "ann", agentId: "nobody", extra: 1 }, true],
    ["PATCH", "/io-bridge/threads/{threadId}", { title: 1 }, false],
    ["POST", "/io-bridge/runs/{runId}/tool-calls/{toolCallId}/result", {}, false],
    ["POST", "/io-bridge/runs/{runId}/tool-calls/{toolCallId}/result", { error: 5 }, false],
    ["POST", "/io-bridge/runs/{runId}/tool-calls/{toolCallId}/result", { result: null }, true],
  ];

  test.each(cases)("%s %s, %j: the document and the server take it: %s", async (method, path, body, isTaken) => {
    expect(described.takes(method, path, body)).toBe(isTaken);
    const response = await server.send(method, path.replace("{agentId}", "nobody").replace(/\{\w+\}/g, "nothing"), { body });
    await response.text();
    // What is taken is looked for, and not found.
    expect(response.status).toBe(isTaken ? 404 : 400);
  });
});
