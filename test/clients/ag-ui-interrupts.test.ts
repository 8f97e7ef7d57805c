import { randomUUID } from "node:crypto";
import { describe, expect, inject, test } from "vitest";
import { AG_UI_KINDS, failOnComplaints, type AgUiClient, type AgUiKind, type ResumeEntry } from "./ag-ui-client.ts";
import { answerOf, callsOf, shownBy, typesOf } from "./ag-ui-view.ts";
import { executedFor, listRuns, newestRun } from "./server-api.ts";
import { askText, SETTLED_TEXT } from "./server/script.ts";

const server = inject("serverV7");

failOnComplaints();

/** Asks for tools that ask back. */
async function askFor(kind: AgUiKind, ...steps: readonly (readonly string[])[]): Promise<AgUiClient> {
  const threadId = randomUUID();
  const client = kind.open({ baseUrl: server, threadId });
  await client.ask(askText({ scenario: "tools", steps, chat: threadId }));
  return client;
}

/** The same answer to every open question, or one for each tool. */
function answers(client: AgUiClient, answer: Omit<ResumeEntry, "interruptId">, ...others: readonly Omit<ResumeEntry, "interruptId">[]): readonly ResumeEntry[] {
  const all = [answer, ...others];
  return client.pendingInterrupts.map(({ id }, index) => ({ interruptId: id, ...(all[index] ?? answer) }));
}

const APPROVED = { status: "resolved", payload: { approved: true } } as const;
const REFUSED = { status: "resolved", payload: { approved: false, reason: "too-dear" } } as const;

/** Sends a request past every client, which would not, with one more message of the user where there is a text. */
async function post(kind: AgUiKind, { threadId, messages: known }: AgUiClient, resume: readonly ResumeEntry[], text?: string): Promise<number> {
  const messages = text === undefined ? known : [...known, { id: randomUUID(), role: "user", content: text }];
  const version = kind.generation === "1.0" ? { protocolVersion: "1.0" } : {};
  const answer = await fetch(`${server}/ag-ui/agents/sailing/run`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ threadId, runId: randomUUID(), messages, tools: [], context: [], state: {}, forwardedProps: {}, resume, ...version }),
  });
  await answer.body?.cancel();
  return answer.status;
}

describe.concurrent.each(AG_UI_KINDS)("$name", (kind) => {
  test("is asked before a tool runs, by a run that shows the call and has not succeeded", async () => {
    const client = await askFor(kind, ["pay"]);
    expect(client.events.at(-1)).toMatchObject({
      type: "RUN_FINISHED",
      outcome: { type: "interrupt", interrupts: [{ reason: "tool_call", toolCallId: "call-pay" }] },
    });
    expect(client.pendingInterrupts).toHaveLength(1);
    const types = typesOf(client.events);
    expect(types.indexOf("TOOL_CALL_END")).toBeGreaterThan(0);
    expect(types.lastIndexOf("MESSAGES_SNAPSHOT")).toBeGreaterThan(types.lastIndexOf("TOOL_CALL_END"));
    expect(types).not.toContain("TOOL_CALL_RESULT");
    expect(callsOf(client)).toEqual({ pay: undefined });
    expect(await executedFor(server, client.threadId)).toEqual([]);
  });

  test("approves, and the call gets its result in a run of its own", async () => {
    const client = await askFor(kind, ["pay"]);
    await client.run({ resume: answers(client, APPROVED) });
    expect(client.failures).toEqual([]);
    expect(client.pendingInterrupts).toEqual([]);
    expect(callsOf(client)).toEqual({ pay: '{"did":"pay"}' });
    expect(answerOf(client)).toBe(`${SETTLED_TEXT} pay:{"did":"pay"}`);
    expect(await executedFor(server, client.threadId)).toEqual(["pay"]);
    expect(await listRuns(server, client.threadId)).toHaveLength(2);
    const late = kind.open({ baseUrl: server, threadId: client.threadId, route: "connect" });
    await late.run();
    expect(shownBy(late).messages).toEqual(shownBy(client).messages);
  });

  test.each([REFUSED, { status: "cancelled" }, { status: "resolved", payload: false }] as const)(
    "declines with %j, and the tool does not run",
    async (answer) => {
      const client = await askFor(kind, ["pay"]);
      await client.run({ resume: answers(client, answer) });
      expect(client.failures).toEqual([]);
      expect(answerOf(client)).toContain(SETTLED_TEXT);
      if (answer === REFUSED) expect(answerOf(client)).toContain("too-dear");
      expect(await executedFor(server, client.threadId)).toEqual([]);
      expect((await newestRun(server, client.threadId)).status).toBe("completed");
    },
  );

  test.each([[false], [0], [""], [null], [[]], [{ berth: 7 }]])("answers %j, and the tool gets just that", async (payload) => {
    const client = await askFor(kind, ["confirm"]);
    await client.run({ resume: answers(client, { status: "resolved", payload }) });
    expect(client.failures).toEqual([]);
    expect(callsOf(client)).toEqual({ confirm: JSON.stringify({ told: payload }) });
    expect(await executedFor(server, client.threadId)).toEqual(["confirm"]);
  });

  test("gives up a question of a tool, and the tool is not told anything", async () => {
    const client = await askFor(kind, ["confirm"]);
    await client.run({ resume: answers(client, { status: "cancelled" }) });
    expect(client.failures).toEqual([]);
    expect(await executedFor(server, client.threadId)).toEqual([]);
    expect((await newestRun(server, client.threadId)).status).toBe("completed");
  });

  test("decides about two calls at once, each in its own way", async () => {
    const client = await askFor(kind, ["pay", "book"]);
    expect(client.pendingInterrupts.map(({ toolCallId }) => toolCallId)).toEqual(["call-pay", "call-book"]);
    await client.run({ resume: answers(client, APPROVED, REFUSED) });
    expect(await executedFor(server, client.threadId)).toEqual(["pay"]);
    expect(answerOf(client)).toContain("too-dear");
  });

  test("cannot answer only one of two questions", async () => {
    const client = await askFor(kind, ["pay", "book"]);
    const partial = answers(client, APPROVED).slice(0, 1);
    await expect(client.run({ resume: partial })).rejects.toThrow("not addressed by resume");
    expect(await post(kind, client, partial)).toBe(409);
    expect(await post(kind, client, [], askText({ scenario: "recall" }))).toBe(409);
    expect(await post(kind, client, [])).toBe(409);
    expect(await executedFor(server, client.threadId)).toEqual([]);
    expect(await listRuns(server, client.threadId)).toHaveLength(1);
    await client.run({ resume: answers(client, APPROVED) });
    expect([...(await executedFor(server, client.threadId))].toSorted()).toEqual(["book", "pay"]);
  });

  test("that gives the same answers again is shown the run that they began; other answers are refused", async () => {
    const client = await askFor(kind, ["pay"]);
    const given = answers(client, APPROVED);
    const { messages } = client;
    await client.run({ resume: given });
    const again = kind.open({ baseUrl: server, threadId: client.threadId, messages });
    await again.run({ resume: given });
    expect(again.failures).toEqual([]);
    expect(answerOf(again)).toBe(answerOf(client));
    expect(await executedFor(server, client.threadId)).toEqual(["pay"]);
    expect(await listRuns(server, client.threadId)).toHaveLength(2);
    const other = given.map(({ interruptId }) => ({ interruptId, ...REFUSED }));
    expect(await post(kind, client, other)).toBe(409);
  });

  test("is asked again in a tab that joins, and answers there", async () => {
    const client = await askFor(kind, ["pay"]);
    const late = kind.open({ baseUrl: server, threadId: client.threadId, route: "connect" });
    await late.run();
    expect(late.pendingInterrupts).toEqual(client.pendingInterrupts);
    expect(shownBy(late).messages).toEqual(shownBy(client).messages);
    const page = kind.open({ baseUrl: server, threadId: client.threadId, messages: late.messages });
    await page.run({ resume: answers(late, APPROVED) });
    expect(answerOf(page)).toBe(`${SETTLED_TEXT} pay:{"did":"pay"}`);
  });
});
