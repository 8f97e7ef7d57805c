import { describe, expect, test } from "vitest";
import type { ChatClient } from "./chat-client.ts";
import { decide, expectSettled, openAsking, reload, requestsOf, resumeHeld, untilIdle, HELD_AT } from "./asking-chat.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { callsIn, partsOf, shownOf, textOf } from "./message-view.ts";
import { answerQuestion, executedFor, listQuestions, listRuns, loadMessages, untilRunIs } from "./server-api.ts";
import { openGate } from "./server-process.ts";

const DONE = "output-available";

function questionsIn(client: ChatClient): readonly unknown[] {
  return partsOf(client.messages[1]).flatMap((part) => (part.type === "data-suspended" ? [part["data"]] : []));
}

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("shows what a tool asked, and resumes the message once that is answered", async () => {
    const chat = await openAsking(kind, server, [["confirm"]], { heldAt: HELD_AT });
    const [question] = await listQuestions(server, chat.chatId);
    const shown = { interruptId: question?.id, toolCallId: "call-confirm", toolName: "confirm", payload: { question: "Which berth?" } };
    expect(questionsIn(chat.client)).toEqual([shown]);
    expect(callsIn(chat.client.messages[1])).toEqual({ confirm: "input-available" });
    expect((await loadMessages(server, chat.chatId)).map(shownOf)).toEqual(chat.client.messages.map(shownOf));
    const { runId } = await answerQuestion(server, chat.chatId, "confirm", 0);
    await resumeHeld(chat, chat.client);
    await expectSettled(chat, chat.client, { confirm: DONE }, ["confirm"]);
    expect(questionsIn(chat.client)).toEqual([]);
    expect(textOf(chat.client.messages[1])).toMatch(/confirm:{"told":0}$/);
    expect((await listRuns(server, chat.chatId))[0]?.id).toBe(runId);
    await chat.proxy.close();
  });

  test.each([[false], [null], [""]])("hands the tool the answer %j after a reload", async (answer) => {
    const chat = await openAsking(kind, server, [["confirm"]], { heldAt: HELD_AT });
    const page = await reload(chat);
    expect(questionsIn(page)).toEqual(questionsIn(chat.client));
    await answerQuestion(server, chat.chatId, "confirm", answer);
    await resumeHeld(chat, page);
    await expectSettled(chat, page, { confirm: DONE }, ["confirm"]);
    expect(textOf(page.messages[1])).toMatch(new RegExp(`confirm:{"told":${JSON.stringify(answer)}}$`));
    await chat.proxy.close();
  });

  test("finds nothing to resume when the run has gone on to its end, and loads it", async () => {
    const chat = await openAsking(kind, server, [["confirm"]]);
    await answerQuestion(server, chat.chatId, "confirm", { berth: 7 });
    await untilRunIs("completed", server, chat.chatId);
    await chat.client.resume();
    expect([chat.client.status, chat.client.messages.length]).toEqual(["ready", 2]);
    await expectSettled(chat, await reload(chat), { confirm: DONE }, ["confirm"]);
    await chat.proxy.close();
  });

  test("shows what a tool asks that was approved, and is quiet until that is answered", async () => {
    const chat = await openAsking(kind, server, [["pay", "moor"]], { heldAt: HELD_AT });
    await decide(chat.client, "pay", true);
    await decide(chat.client, "moor", true);
    expect(await requestsOf(chat)).toEqual(["POST 200", "POST 200"]);
    expect(callsIn(chat.client.messages[1])).toEqual({ pay: DONE, moor: "input-available" });
    expect(questionsIn(chat.client)).toMatchObject([{ toolName: "moor" }]);
    expect((await loadMessages(server, chat.chatId)).map(shownOf)).toEqual(chat.client.messages.map(shownOf));
    await answerQuestion(server, chat.chatId, "moor", 7);
    await resumeHeld(chat, chat.client);
    await expectSettled(chat, chat.client, { pay: DONE, moor: DONE }, ["pay", "moor"]);
    await chat.proxy.close();
  });

  test("goes on with an approval once what a tool asked beside it is answered", async () => {
    const chat = await openAsking(kind, server, [["pay", "confirm"]], { heldAt: HELD_AT });
    await answerQuestion(server, chat.chatId, "confirm", 7);
    const page = await reload(chat);
    expect(questionsIn(page)).toEqual([]);
    await decide(page, "pay", true);
    const sent = page.submit();
    await Promise.all([sent, openGate(server, chat.chatId)]);
    await expectSettled(chat, page, { pay: DONE, confirm: DONE }, ["pay", "confirm"]);
    await chat.proxy.close();
  });
});

describe.concurrent.each(KINDS)("$name, of an agent that leaves its tools to a sub-agent,", (kind) => {
  const server = serverFor(kind);

  test("shows the sub-agent's questions, and takes what becomes of them", async () => {
    const chat = await openAsking(kind, server, [["agent-helper"]], { body: { agentId: "delegating" }, heldAt: HELD_AT });
    const { client, chatId } = chat;
    expect(callsIn(client.messages[1])).toEqual({ "agent-helper": "input-available", pay: "approval-requested" });
    expect(questionsIn(client)).toMatchObject([{ toolName: "confirm" }]);
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
    await answerQuestion(server, chatId, "confirm", false);
    await decide(client, "pay", true);
    await Promise.all([client.submit(), openGate(server, chatId)]);
    await untilIdle(client);
    expect([client.error, client.status, client.messages.length]).toEqual([undefined, "ready", 2]);
    expect(callsIn(client.messages[1])).toEqual({ "agent-helper": DONE, pay: DONE });
    expect(textOf(client.messages[1])).toContain('told\\":false');
    expect(await executedFor(server, chatId)).toEqual(["quote", "pay", "confirm"]);
    await chat.proxy.close();
  });

  test("takes it that a call of the sub-agent is declined", async () => {
    const chat = await openAsking(kind, server, [["agent-helper"]], { body: { agentId: "delegating" }, heldAt: HELD_AT });
    const { client, chatId } = chat;
    await answerQuestion(server, chatId, "confirm", false);
    await decide(client, "pay", false);
    await Promise.all([client.submit(), openGate(server, chatId)]);
    expect([client.error, client.status]).toEqual([undefined, "ready"]);
    expect(callsIn(client.messages[1])).toEqual({ "agent-helper": DONE, pay: "output-denied" });
    expect(await executedFor(server, chatId)).toEqual(["quote", "confirm"]);
    await chat.proxy.close();
  });
});
