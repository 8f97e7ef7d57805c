import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, type TestContext } from "vitest";
import { AG_UI_KINDS, failOnComplaints, type AgUiClient, type AgUiKind } from "./ag-ui-client.ts";
import { answerOf } from "./ag-ui-view.ts";
import { executedFor, listRuns } from "./server-api.ts";
import { freePort, ServerProcess } from "./server-process.ts";
import { SAILING_AGENT } from "./server/mastra.ts";
import { askText, SETTLED_TEXT } from "./server/script.ts";
import { until } from "./waiting.ts";

const TOOLS = ["locate", "colour"].map((name) => ({ name, description: `To ${name}.`, parameters: { type: "object", properties: {} } }));

let scratch: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "holdfast-ag-ui-killed-"));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

failOnComplaints();

/** A server that can be killed; the next one takes its port and its files. */
async function mortalServer({ onTestFinished }: TestContext): Promise<{ readonly url: string; killAndReplace(): Promise<void> }> {
  const settings = { folder: mkdtempSync(join(scratch, "server-")), port: await freePort(), aiSdkVersion: 7 } as const;
  let server = await ServerProcess.start(settings);
  onTestFinished(() => server.end("SIGKILL"));
  return {
    url: server.url,
    async killAndReplace() {
      await server.end("SIGKILL");
      server = await ServerProcess.start(settings);
    },
  };
}

async function ask(kind: AgUiKind, baseUrl: string, names: readonly string[]): Promise<AgUiClient> {
  const client = kind.open({ baseUrl });
  await client.ask(askText({ scenario: "tools", steps: [names], chat: client.threadId }), { tools: TOOLS });
  return client;
}

test.concurrent.for(AG_UI_KINDS)("a tool of the page of $name is answered after the server was killed", { timeout: 180_000 }, async (kind, context) => {
  const server = await mortalServer(context);
  const client = await ask(kind, server.url, ["locate", "colour"]);
  await server.killAndReplace();
  client.give("call-locate", { content: "Oslo" });
  client.give("call-colour", { content: "red" });
  await client.run({ tools: TOOLS });
  expect(client.failures).toEqual([]);
  expect(answerOf(client)).toBe(`${SETTLED_TEXT} locate:"Oslo" colour:"red"`);
  expect((await listRuns(server.url, client.threadId)).map(({ status }) => status)).toEqual(["completed", "suspended"]);
});

test.concurrent.for(AG_UI_KINDS)("two interrupts of $name that were open when the server was killed are answered", { timeout: 180_000 }, async (kind, context) => {
  const server = await mortalServer(context);
  const client = await ask(kind, server.url, ["pay", "confirm"]);
  expect(client.pendingInterrupts).toHaveLength(2);
  await server.killAndReplace();
  await client.run({ resume: client.pendingInterrupts.map(({ id }) => ({ interruptId: id, status: "resolved", payload: { approved: true } })) });
  expect(client.failures).toEqual([]);
  expect(answerOf(client)).toContain(SETTLED_TEXT);
  expect((await executedFor(server.url, client.threadId)).toSorted()).toEqual(["confirm", "pay"]);
});

test.concurrent("a run that io-bridge holds open goes on in the same run after the server was killed", { timeout: 180_000 }, async (context) => {
  const server = await mortalServer(context);
  const [threadId, runId] = ["held-thread", "held-run"];
  const messages = [{ id: "m-1", role: "user", content: askText({ scenario: "tools", steps: [["locate"]], chat: threadId }) }];
  const body = { threadId, runId, messages, tools: TOOLS, context: [], state: {}, forwardedProps: { agentId: SAILING_AGENT, resourceId: "local" } };
  const post = (path: string, json: object, headers = {}): Promise<Response> =>
    fetch(`${server.url}/io-bridge${path}`, { method: "POST", body: JSON.stringify(json), headers: { "content-type": "application/json", ...headers } });

  const first = await post("/run", body);
  const reader = (first.body as ReadableStream<Uint8Array>).getReader();
  let seen = "";
  while (!seen.includes("TOOL_CALL_END")) seen += new TextDecoder().decode((await reader.read()).value);
  await until(async () => (await listRuns(server.url, threadId))[0]?.status === "waiting", "the run waits");
  await server.killAndReplace();
  await reader.cancel().catch(() => undefined);

  const answered = await post(`/runs/${runId}/tool-calls/call-locate/result`, { result: { berth: 7 } });
  expect([answered.status, await answered.json()]).toEqual([200, { ok: true }]);
  const lastEventId = [...seen.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? "";
  const rest = await (await post("/run", body, { "last-event-id": lastEventId })).text();
  expect(rest.match(/"type":"(TOOL_CALL_RESULT|RUN_FINISHED|RUN_ERROR)"/g)).toEqual(['"type":"TOOL_CALL_RESULT"', '"type":"RUN_FINISHED"']);
  expect(rest).not.toContain("RUN_STARTED");
  expect(await listRuns(server.url, threadId)).toMatchObject([{ status: "completed", attempt: 2 }]);
});
