import assert from "node:assert/strict";
import { test } from "node:test";
import type { Requester } from "../src/access.ts";
import { DEMO_USERS } from "../src/demo-users.ts";
import { ownerOf } from "../src/owner.ts";
import { openExample, type Example } from "./open-example.ts";

/** Signed in with everything; the others are later tokens of the same user. */
const STRONG: Requester = { ...DEMO_USERS.executive, stepUp: true };
const WEAKER: Readonly<Record<string, Requester>> = {
  "without the step-up": { ...STRONG, stepUp: false },
  "with a lower role": { ...STRONG, roles: ["employee"] },
  "with a role of another name": { ...STRONG, roles: ["__proto__", "constructor", "*"] },
  "of another tenant": { ...STRONG, tenant: "globex" },
};
const QUESTION = "What are the salary bands of engineers?";
const SECRET_LINE = "58,000 to 83,000 euros";

/** Every route that reads something by its id, and those that list. */
function readers(runId: string, threadId: string): readonly (readonly [path: string, body?: object])[] {
  const connect = { threadId, runId: crypto.randomUUID(), state: {}, messages: [], tools: [], context: [], forwardedProps: {} };
  return [
    [`/audit/${runId}`],
    ["/v1/runs"],
    [`/v1/runs?threadId=${threadId}`],
    [`/v1/runs/${runId}`],
    [`/v1/runs/${runId}/events?offset=-1`],
    [`/v1/runs/${runId}/audit`],
    [`/v1/runs/${runId}/usage`],
    ["/v1/threads"],
    [`/v1/threads/${threadId}`],
    ["/v1/interrupts"],
    [`/api/chat/${threadId}/messages`],
    [`/api/chat/${runId}/stream?startIndex=0`],
    [`/api/chat/${threadId}/stream?startIndex=0`],
    [`/api/chat/runs/${runId}/cedar-stream`],
    ["/ag-ui/agents/governed-rag/connect", connect],
    ["/copilotkit/agent/governed-rag/connect", connect],
    ["/copilotkit/threads"],
    [`/copilotkit/threads/${threadId}/messages`],
    [`/copilotkit/threads/${threadId}/events`],
    [`/copilotkit/threads/${threadId}/state`],
    [`/io-bridge/threads/${threadId}`],
    [`/io-bridge/threads/${threadId}/messages`],
    [`/io-bridge/threads?resourceId=${encodeURIComponent(ownerOf(STRONG))}`],
    [`/io-bridge/threads?resourceId=${encodeURIComponent(STRONG.sub)}`],
  ];
}

async function chat(example: Example, user: Requester, threadId: string, text: string): Promise<Response> {
  const message = { id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text }] };
  return example.send(user, "/api/chat", { id: threadId, messages: [message], agentId: "governed-rag" });
}

for (const [name, weaker] of Object.entries(WEAKER)) {
  test(`a later token of the same user, ${name}, reads nothing of what was written before`, async (context) => {
    const example = await openExample(context);
    const threadId = crypto.randomUUID();
    const response = await chat(example, STRONG, threadId, QUESTION);
    const runId = response.headers.get("x-workflow-run-id") ?? "";
    assert.ok((await response.text()).includes(SECRET_LINE));
    for (const [path, body] of readers(runId, threadId)) {
      const seen = await (await example.send(weaker, path, body)).text();
      for (const trace of [SECRET_LINE, "acme-hr-confidential-salaries", QUESTION, `"${runId}"`]) {
        assert.ok(!seen.includes(trace), `${path} shows ${trace}: ${seen}`);
      }
    }
    for (const path of [`/v1/runs/${runId}/cancel`, `/api/chat/${threadId}/stop`]) assert.equal((await example.send(weaker, path, {})).status, 404, path);
    assert.equal((await chat(example, weaker, threadId, "What did I ask?")).status, 404, "the thread is not theirs to go on with");
  });
}

test("who wrote it reads it all again", async (context) => {
  const example = await openExample(context);
  const threadId = crypto.randomUUID();
  const response = await chat(example, STRONG, threadId, QUESTION);
  const runId = response.headers.get("x-workflow-run-id") ?? "";
  await response.text();
  // The same user signs in anew, with the roles in another order and one that is a part of another.
  const again: Requester = { ...STRONG, roles: ["hr.viewer", "admin", "admin"] };
  for (const path of [`/v1/runs/${runId}/events?offset=-1`, `/api/chat/${threadId}/messages`]) {
    assert.ok((await (await example.send(again, path)).text()).includes(SECRET_LINE), path);
  }
  assert.equal((await example.send(again, `/audit/${runId}`)).status, 200);
});

test("no two users are the same owner, however they are called", () => {
  const somebody: Requester = { sub: "a", roles: ["reader"], tenant: "acme", stepUp: false };
  const others: readonly Requester[] = [
    { ...somebody, sub: "A" },
    { ...somebody, sub: 'a","tenant:acme' },
    { ...somebody, sub: `a${"a".repeat(300)}` },
    { ...somebody, tenant: "acme-a" },
    { ...somebody, roles: ["employee"] },
    { ...somebody, stepUp: true },
  ];
  assert.equal(new Set([somebody, ...others].map(ownerOf)).size, others.length + 1);
});
