import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import pino from "pino";
import { SignJWT } from "jose";
import { afterEach, expect, test } from "vitest";
import { scriptedModel } from "../../src/cli/demo-model.ts";
import { createHoldfast, jwtAuth, type Holdfast, type HoldfastOptions } from "../../src/index.ts";
import { problemIn } from "./test-app.ts";

const SECRET = "a secret of at least thirty-two bytes";

let opened: Holdfast | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function mounted(options: Pick<HoldfastOptions, "auth" | "cors">): Promise<Holdfast> {
  const echo = new Agent({ id: "echo", name: "Echo", instructions: "Answer.", model: scriptedModel(0) });
  const mastra = new Mastra({ agents: { echo }, logger: false });
  opened = await createHoldfast({ mastra, store: "memory", logger: pino({ level: "silent" }), ...options });
  return opened;
}

function get(path: string, headers: Record<string, string> = {}): Request {
  return new Request(`http://app.test${path}`, { headers });
}

async function bearer(sub: string): Promise<Record<string, string>> {
  const token = await new SignJWT({ sub }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(SECRET));
  return { authorization: `Bearer ${token}` };
}

test("its fetch stands alone, so that a framework can take it as a handler", async () => {
  const { fetch } = await mounted({ auth: "none" });
  const started = await fetch(
    new Request("http://app.test/api/chat", {
      method: "POST",
      body: JSON.stringify({ id: "chat-1", messages: [{ id: "m-1", role: "user", parts: [{ type: "text", text: "hello" }] }] }),
    }),
  );
  expect(started.status).toBe(200);
  expect(await started.text()).toContain('"type":"finish"');
  const runId = started.headers.get("x-workflow-run-id");
  expect(await (await fetch(get(`/v1/runs/${runId}`))).json()).toMatchObject({ id: runId, threadId: "chat-1", agentId: "echo", status: "completed" });
  const events = (await (await fetch(get(`/v1/runs/${runId}/events`))).json()) as { type: string }[];
  expect(JSON.stringify(events)).toContain("run-completed");
});

test("with tokens, each resource sees its own runs", async () => {
  const { fetch, engine } = await mounted({ auth: jwtAuth({ secret: SECRET }) });
  const run = await engine.start({ resourceId: "ann" }, { agentId: "echo", input: { messages: [], trigger: "submit" } });
  expect((await fetch(get(`/v1/runs/${run.id}`, await bearer("ann")))).status).toBe(200);
  expect((await fetch(get(`/v1/runs/${run.id}`, await bearer("bob")))).status).toBe(404);
  expect((await fetch(get(`/v1/runs/${run.id}`))).status).toBe(401);
});

test("with tokens every page may call, without them those of this machine, unless told otherwise", async () => {
  const page = { origin: "https://pages.example.com" };
  const statusFrom = async (options: Pick<HoldfastOptions, "auth" | "cors">): Promise<number> => {
    const { fetch, close } = await mounted(options);
    const { status } = await fetch(get("/v1/runs", { ...page, ...(await bearer("ann")) }));
    await close();
    return status;
  };
  expect(await statusFrom({ auth: jwtAuth({ secret: SECRET }) })).toBe(200);
  expect(await statusFrom({ auth: "none" })).toBe(403);
  expect(await statusFrom({ auth: "none", cors: { origins: [page.origin] } })).toBe(200);
});

test("a drained Holdfast is not ready and starts no runs", async () => {
  const { fetch, drain } = await mounted({ auth: "none" });
  expect((await fetch(get("/readyz"))).status).toBe(200);
  await drain(0);
  expect((await fetch(get("/readyz"))).status).toBe(503);
  expect((await fetch(get("/healthz"))).status).toBe(200);
  const refused = await fetch(
    new Request("http://app.test/api/chat", {
      method: "POST",
      body: JSON.stringify({ messages: [{ id: "m-1", role: "user", parts: [{ type: "text", text: "hello" }] }] }),
    }),
  );
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect((await problemIn(refused)).code).toBe("SHUTTING_DOWN");
});
