import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { createTool } from "@mastra/core/tools";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createHoldfast, jwtAuth, type Holdfast } from "../../src/index.ts";
import { call, hang, lastUserText, say, scriptedModel } from "../../src/testkit/scripted-model.ts";
import { question } from "./shop.ts";

const SECRET = "a secret that is long enough for HS256";
const SAID = "only Ann may read this";

let holdfast: Holdfast;
let memory: Memory;
let runId = "";
let interruptId = "";
const directory = mkdtempSync(join(tmpdir(), "holdfast-owner-"));

async function tokenOf(sub: string, secret: string = SECRET): Promise<string> {
  return new SignJWT({ sub }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("5m").sign(new TextEncoder().encode(secret));
}

async function send(sub: string | undefined, method: string, path: string, body?: unknown): Promise<Response> {
  const headers = new Headers({ "content-type": "application/json" });
  if (sub !== undefined) headers.set("authorization", `Bearer ${await tokenOf(sub)}`);
  return holdfast.fetch(new Request(`http://localhost${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }));
}

beforeAll(async () => {
  const storage = new LibSQLStore({ id: "memory", url: `file:${join(directory, "memory.db")}` });
  memory = new Memory({ storage });
  const model = scriptedModel({ calls: (prompt) => (lastUserText(prompt) === "pay" ? [call("pay", {})] : [say(SAID, { isCut: true }), hang()]) });
  const pay = createTool({ id: "pay", description: "pays", inputSchema: z.object({}), requireApproval: true, execute: () => Promise.resolve({}) });
  const agent = new Agent({ id: "clerk", name: "clerk", instructions: "x", model, memory, tools: { pay } });
  const mastra = new Mastra({ agents: { clerk: agent }, logger: false, storage });
  holdfast = await createHoldfast({ mastra, store: `sqlite:${join(directory, "runs.db")}`, auth: jwtAuth({ secret: SECRET }) });
  const started = await send("ann", "POST", "/api/chat", { id: "thread-of-ann", messages: [question(SAID)], trigger: "submit-message" });
  runId = started.headers.get("x-workflow-run-id") ?? "";
  await started.body?.cancel();
  // A stream that ends is a run that has ended: it asks.
  await (await send("ann", "POST", "/api/chat", { id: "asking-of-ann", messages: [question("pay")], trigger: "submit-message" })).text();
  const { interrupts } = (await (await send("ann", "GET", "/v1/interrupts")).json()) as { interrupts: readonly { id: string }[] };
  interruptId = interrupts[0]?.id ?? "";
});

afterAll(async () => {
  await holdfast.close();
  // The aborted agent still tidies its storage for a moment.
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
});

/** Every route that names something, and what it names. */
const ROUTES: readonly { readonly method: string; readonly path: string; readonly body?: unknown }[] = (
  [
    ["GET", "/v1/runs/:run"],
    ["POST", "/v1/runs/:run/cancel"],
    ["GET", "/v1/runs/:run/usage"],
    ["GET", "/v1/runs/:run/audit"],
    ["GET", "/v1/interrupts/:interrupt"],
    ["POST", "/v1/interrupts/:interrupt/answer", { answer: { approved: true } }],
    ["GET", "/v1/runs/:run/events"],
    ["GET", "/v1/runs/:run/events?offset=-1&live=sse"],
    ["GET", "/v1/runs/:run/events?offset=-1&live=long-poll"],
    ["HEAD", "/v1/runs/:run/events"],
    ["GET", "/v1/threads/:thread"],
    ["PATCH", "/v1/threads/:thread", { title: "mine" }],
    ["DELETE", "/v1/threads/:thread"],
    ["GET", "/api/chat/:thread/stream"],
    ["GET", "/api/chat/:thread/stream?startIndex=0"],
    ["GET", "/api/chat/:run/stream"],
    ["GET", "/api/chat/:run/stream?startIndex=-2"],
    ["POST", "/api/chat/:thread/stop"],
    ["POST", "/api/chat/:run/stop"],
    ["GET", "/api/chat/:thread/messages"],
    ["POST", "/api/chat", { id: ":thread", messages: [question("let me in")], trigger: "submit-message" }],
    ["POST", "/api/chat", { id: ":thread", messages: [question("let me in")], trigger: "regenerate-message" }],
  ] as readonly (readonly [string, string, unknown?])[]
).map(([method, path, body]) => ({ method, path, body }));

describe("no route answers about what the principal does not own", () => {
  test.each(ROUTES)("$method $path: somebody else's is not found, as if it were not there", async ({ method, path, body }) => {
    const filled = JSON.stringify(body);
    const ask = (run: string, thread: string, interrupt: string): Promise<Response> => {
      const fill = (text: string): string => text.replaceAll(":run", run).replaceAll(":thread", thread).replaceAll(":interrupt", interrupt);
      return send("bob", method, fill(path), filled === undefined ? undefined : JSON.parse(fill(filled)));
    };
    const foreign = await ask(runId, "thread-of-ann", interruptId);
    const text = await foreign.text();
    expect(foreign.status).toBe(404);
    expect(text).not.toContain(SAID);
    expect(text).not.toContain("ann");
    // A start on a thread that nobody owns is no question about it: it makes the thread.
    if (path === "/api/chat") return;
    const unknown = await ask("run_00000000000000000000000000000000", "thread-of-nobody", "int_of_nobody");
    expect([unknown.status, await unknown.text()]).toEqual([foreign.status, text]);
  });

  test.each(ROUTES)("$method $path: without a valid token nothing is answered", async ({ method, path, body }) => {
    const url = path.replace(":run", runId).replace(":thread", "thread-of-ann").replace(":interrupt", interruptId);
    expect((await send(undefined, method, url, body)).status).toBe(401);
    const forged = await tokenOf("ann", "another secret, long enough for HS256");
    const request = new Request(`http://localhost${url}`, {
      method,
      headers: { authorization: `Bearer ${forged}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect((await holdfast.fetch(request)).status).toBe(401);
  });

  test("lists hold only what the principal owns", async () => {
    expect(await (await send("bob", "GET", "/v1/runs")).json()).toEqual({ runs: [] });
    expect(await (await send("bob", "GET", "/v1/runs?threadId=thread-of-ann")).json()).toEqual({ runs: [] });
    expect(await (await send("bob", "GET", "/v1/threads")).json()).toEqual({ threads: [] });
    expect(await (await send("bob", "GET", "/v1/interrupts")).json()).toEqual({ interrupts: [] });
    expect(await (await send("bob", "GET", "/v1/interrupts?threadId=asking-of-ann")).json()).toEqual({ interrupts: [] });
    expect(await (await send("bob", "GET", "/v1/usage")).json()).toEqual({ rows: [] });
    expect(((await (await send("ann", "GET", "/v1/runs")).json()) as { runs: unknown[] }).runs).toHaveLength(2);
    expect(((await (await send("ann", "GET", "/v1/usage")).json()) as { rows: unknown[] }).rows).toHaveLength(1);
  });

  test("somebody else's question is not answered by naming it in a chat of one's own", async () => {
    const part = { type: "tool-pay", toolCallId: "call_1", state: "approval-responded", input: {}, approval: { id: interruptId, approved: true } };
    for (const id of ["asking-of-ann", "chat-of-bob", undefined]) {
      const answer = await send("bob", "POST", "/api/chat", { id, messages: [question("pay"), { id: "m", role: "assistant", parts: [part] }] });
      expect(answer.status).toBe(404);
    }
    const shown = (await (await send("ann", "GET", `/v1/interrupts/${interruptId}`)).json()) as { status: string };
    expect(shown.status).toBe("pending");
  });

  test("an owner in the body is not believed", async () => {
    const body = { id: "thread-of-bob", resourceId: "ann", resource: "ann", messages: [question("hi")], trigger: "submit-message" };
    const started = await send("bob", "POST", "/api/chat", body);
    await started.body?.cancel();
    expect((await send("ann", "GET", "/v1/threads/thread-of-bob")).status).toBe(404);
    expect((await send("bob", "GET", "/v1/threads/thread-of-bob")).status).toBe(200);
  });

  test("a thread that the agent's memory keeps for somebody else cannot be run on, read or deleted", async () => {
    await memory.createThread({ threadId: "older-thread", resourceId: "ann", title: "before Holdfast" });
    const start = { id: "older-thread", messages: [question("hi")], trigger: "submit-message" };
    expect((await send("bob", "POST", "/api/chat", start)).status).toBe(404);
    expect((await send("bob", "GET", "/v1/threads/older-thread")).status).toBe(404);
    expect((await send("bob", "DELETE", "/v1/threads/older-thread")).status).toBe(404);
    expect(await (await send("ann", "GET", "/v1/threads/older-thread")).json()).toMatchObject({ title: "before Holdfast" });
  });

  test("the owner's run is untouched by all of this", async () => {
    const run = (await (await send("ann", "GET", `/v1/runs/${runId}`)).json()) as { status: string };
    expect(run.status).toBe("running");
  });
});
