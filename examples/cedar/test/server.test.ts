import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { tokenOf } from "../src/demo-users.ts";
import { environmentOf } from "../src/environment.ts";
import { openHarbour, type Harbour } from "../src/harbour.ts";
import { scriptedModel, type Call } from "../src/model.ts";
import { changePage, type PageAction } from "../src/page-actions.ts";
import { SECRET } from "./server-process.ts";

const SETTERS = {
  assign: { name: "assign", stateKey: "berths", description: "Puts a ship at a berth" },
  free: { name: "free", stateKey: "berths", description: "Takes the ship off a berth" },
};
const additionalContext = { berths: [{ data: { berth: 1, ship: "Borealis" }, source: "subscription" }], stateSetters: SETTERS };

interface Reply {
  readonly content: string;
  readonly object?: readonly { readonly type: string; readonly runId: string; readonly stepPath: unknown; readonly [field: string]: unknown }[];
  readonly id: string;
}

let folder: string;
let harbour: Harbour;
const calls: Call[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-example-cedar-"));
  calls.length = 0;
  await open();
});
afterEach(async () => {
  await harbour.holdfast.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(env: NodeJS.ProcessEnv = {}): Promise<void> {
  const files = { HARBOUR_PAGE: folder, HOLDFAST_STORE: `sqlite:${join(folder, "holdfast.db")}`, MASTRA_STORE: `file:${join(folder, "memory.db")}` };
  harbour = await openHarbour(environmentOf({ HOLDFAST_JWT_SECRET: SECRET, ...files, ...env }), scriptedModel({ paceMs: 0, onCall: (call) => calls.push(call) }));
}

async function send(path: string, body?: object, user = "ann"): Promise<Response> {
  const token = user === "nobody" ? undefined : user === "forged" ? await tokenOf("ann", `another ${SECRET}`) : await tokenOf(user, SECRET);
  return harbour.fetch(
    new Request(`http://harbour.test${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }),
  );
}

async function ask(prompt: string, fields: object = {}): Promise<Reply> {
  const response = await send("/api/chat", { prompt, threadId: "plan", additionalContext, ...fields });
  assert.equal(response.status, 200);
  return (await response.json()) as Reply;
}

const typed = ({ object = [] }: Reply, type: string) => object.filter((one) => one.type === type);

test("the claims of the token reach the tool, by the workflow and by the agent alone, and never the page's word", async () => {
  assert.equal((await ask("Who am I?", { resourceId: "eve" })).content, "Your token says that you are ann.");
  assert.equal((await ask("Who am I?", { agentId: "assistant", resourceId: "eve" })).content, "Your token says that you are ann.");
});

test("nobody without a valid token is answered, streamed to, resumed or shown anything", async () => {
  for (const user of ["nobody", "forged"]) {
    const body = { prompt: "Who am I?", runId: "run_1", stepPath: "approve", resumeData: {} };
    for (const path of ["/api/chat", "/api/chat/stream", "/api/chat/resume", "/api/chat/resume/stream"]) assert.equal((await send(path, body, user)).status, 401);
    for (const path of ["/api/chat/plan/messages", "/v1/threads", "/v1/interrupts"]) assert.equal((await send(path, undefined, user)).status, 401);
  }
});

test("prompt, context, temperature and the limit of tokens reach the model", async () => {
  for (const fields of [{}, { agentId: "assistant" }]) {
    calls.length = 0;
    await ask("Hello", { temperature: 0.3, maxTokens: 200, ...fields });
    assert.deepEqual([calls[0]?.temperature, calls[0]?.maxOutputTokens], [0.3, 200]);
    assert.match(JSON.stringify(calls[0]?.prompt), /Borealis.*Hello/s);
  }
});

test("what the agent does to the page is a setState in the answer, and what needs a person waits for one", async () => {
  const assigned = await ask("Put the Aurora at berth 2");
  assert.deepEqual(typed(assigned, "setState"), [{ type: "setState", stateKey: "berths", setterKey: "assign", args: { berth: 2, ship: "Aurora" } }]);
  const asked = await ask("Free berth 1");
  const [question] = typed(asked, "humanInTheLoop");
  assert.equal(question?.["message"], "May berth 1 be freed?");
  assert.deepEqual(typed(asked, "setState"), []);
  const answer = { runId: question?.runId, stepPath: question?.stepPath, resumeData: { approved: true } };
  assert.equal((await send("/api/chat/resume", answer, "ben")).status, 404);
  assert.equal((await send("/api/chat/resume", { ...answer, resumeData: { approved: "yes" } })).status, 400);
  await harbour.holdfast.close();
  await open();
  const done = (await (await send("/api/chat/resume", answer)).json()) as Reply;
  assert.equal(done.content, "Done.");
  assert.deepEqual(typed(done, "setState"), [{ type: "setState", stateKey: "berths", setterKey: "free", args: { berth: 1 } }]);
});

test("the conversation of workflow and agent is one, is the user's own, and holds each message once", async () => {
  await ask("Hello");
  await ask("Free berth 1");
  await ask("Hello again", { agentId: "assistant" });
  const { messages } = (await (await send("/api/chat/plan/messages")).json()) as { readonly messages: readonly { readonly role: string }[] };
  assert.deepEqual(messages.map(({ role }) => role), ["user", "assistant", "user", "assistant", "user", "assistant"]);
  await ask("And again");
  assert.match(JSON.stringify(calls.at(-1)?.prompt), /Hello.*somebody has to agree.*Hello again.*And again/s);
  assert.equal((await send("/api/chat/plan/messages", undefined, "ben")).status, 404);
});

test("an agent can do to the page what the page has a setter for, and nothing else", async () => {
  const done: PageAction[] = [];
  const { page } = changePage(additionalContext, (action) => done.push(action));
  const execute = page?.["change-page"]?.execute as unknown as (input: PageAction, context: object) => Promise<{ readonly isAccepted: boolean }>;
  assert.equal((await execute({ stateKey: "humanInTheLoop", setterKey: "resume", args: ["run_1", { approved: true }] }, {})).isAccepted, false);
  assert.equal((await execute({ stateKey: "berths", setterKey: "free", args: { berth: 1 } }, {})).isAccepted, true);
  assert.deepEqual(done, [{ stateKey: "berths", setterKey: "free", args: { berth: 1 } }]);
  assert.deepEqual(changePage({}, () => undefined), {});
});

test("tokens of demo users are given where that is switched on, and there is no secret to fall back to", async () => {
  assert.equal((await send("/demo/token/ann", {}, "nobody")).status, 401);
  await harbour.holdfast.close();
  await open({ HOLDFAST_DEMO_SIGN_IN: "true" });
  const { token } = (await (await send("/demo/token/ben", {}, "nobody")).json()) as { readonly token: string };
  assert.equal(token.split(".").length, 3);
  assert.equal((await send("/demo/token/eve", {}, "nobody")).status, 404);
  assert.throws(() => environmentOf({}), /HOLDFAST_JWT_SECRET/);
  assert.throws(() => environmentOf({ HOLDFAST_JWT_SECRET: "short" }), /32 bytes/);
});
