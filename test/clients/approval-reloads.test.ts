import { describe, expect, test } from "vitest";
import { resilientFetch } from "../../src/client/index.ts";
import { approvalIdOf, decide, expectSettled, openAsking, reload, requestsOf, resumeHeld, untilHeld, untilIdle, HELD_AT } from "./asking-chat.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { answersIn, callsIn, partsOf, shownOf } from "./message-view.ts";
import { answerQuestion, executedFor, listQuestions, listRuns, loadMessages } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { until } from "./waiting.ts";

const DONE = "output-available";

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("a page that is loaded while a question is open shows it, has nothing to resume, and answers it", async () => {
    const chat = await openAsking(kind, server, [["quote", "pay"]]);
    const page = await reload(chat);
    expect(page.messages.map(shownOf)).toEqual(chat.client.messages.map(shownOf));
    const [question] = await listQuestions(server, chat.chatId);
    expect(approvalIdOf(page, "pay")).toBe(question?.id);
    await page.resume();
    expect([page.status, page.messages.length]).toEqual(["ready", 2]);
    await decide(page, "pay", true);
    await expectSettled(chat, page, { quote: DONE, pay: DONE }, ["quote", "pay"]);
    expect(await requestsOf(chat)).toEqual(["POST 200", kind.reconnects ? "GET 200" : "GET 204", "POST 200"]);
    await chat.proxy.close();
  });

  test("a page that is loaded while the run goes on shows the whole message once", async () => {
    const chat = await openAsking(kind, server, [["pay", "book"]], { heldAt: HELD_AT });
    await chat.client.decide(approvalIdOf(chat.client, "pay"), true);
    await chat.client.decide(approvalIdOf(chat.client, "book"), false);
    await untilHeld(chat.client);
    const page = await reload(chat);
    expect(page.messages.map(({ role }) => role)).toEqual(["user"]);
    const resumed = page.resume();
    await untilHeld(page);
    expect(callsIn(page.messages[1])).toEqual({ pay: DONE, book: "output-denied" });
    await openGate(server, chat.chatId);
    await Promise.all([resumed, untilIdle(chat.client)]);
    for (const client of [page, chat.client]) await expectSettled(chat, client, { pay: DONE, book: "output-denied" }, ["pay"]);
    expect(page.messages[1]?.id).toBe(chat.client.messages[1]?.id);
    expect(partsOf(page.messages[1]).map(({ type }) => type)).toEqual(partsOf(chat.client.messages[1]).map(({ type }) => type));
    await chat.proxy.close();
  });

  test("a page whose question somebody else answered resumes into the message that it shows", async () => {
    const chat = await openAsking(kind, server, [["pay"], ["book"]], { heldAt: HELD_AT });
    await decide(chat.client, "pay", true);
    await answerQuestion(server, chat.chatId, "book", { approved: true });
    await resumeHeld(chat, chat.client);
    await expectSettled(chat, chat.client, { pay: DONE, book: DONE }, ["pay", "book"]);
    await chat.proxy.close();
  });

  test("the same answer sent twice executes the tool once, one after the other and at once", async () => {
    const chat = await openAsking(kind, server, [["pay"]]);
    const [question, answer] = chat.client.messages;
    const decided = partsOf(answer).map((part) =>
      part.type === "tool-pay" ? { ...part, state: "approval-responded", approval: { ...(part["approval"] as object), approved: true } } : part,
    );
    const body = JSON.stringify({ id: chat.chatId, messages: [question, { ...answer, parts: decided }], trigger: "submit-message", messageId: answer?.id });
    const post = async (): Promise<readonly [number, string | null, string]> => {
      const response = await fetch(`${server}/api/chat`, { method: "POST", body });
      return [response.status, response.headers.get("x-workflow-run-id"), (await response.text()).replaceAll(": ping\n\n", "")];
    };
    const [first, ...others] = [...(await Promise.all([post(), post(), post()])), await post()];
    expect(first?.[0]).toBe(200);
    expect(first?.[2]).toContain('"finishReason":"stop"');
    for (const other of others) expect(other).toEqual(first);
    expect(await executedFor(server, chat.chatId)).toEqual(["pay"]);
    expect((await listRuns(server, chat.chatId)).map(({ status }) => status)).toEqual(["completed", "suspended"]);
    await expectSettled(chat, await reload(chat), { pay: DONE }, ["pay"]);
    await chat.proxy.close();
  });

  test("with resilientFetch, an answer whose reply was lost before its head is sent again and takes effect once", async () => {
    const chat = await openAsking(kind, server, [["pay"]], {
      fetch: resilientFetch({ baseDelayMs: 10 }),
      proxy: { cut: (_, index) => (index === 1 || index === 2 ? { after: "nothing", by: "reset" } : undefined) },
    });
    await decide(chat.client, "pay", true);
    await expectSettled(chat, chat.client, { pay: DONE }, ["pay"]);
    expect(chat.proxy.exchanges.map(({ method, isCut }) => [method, isCut])).toEqual([
      ["POST", false],
      ["POST", true],
      ["POST", true],
      ["POST", false],
    ]);
    await chat.proxy.close();
  });

  test("an agent without memory asks and goes on like one with memory", async () => {
    const chat = await openAsking(kind, server, [["pay"]], { body: { agentId: "forgetful" } });
    const page = await reload(chat);
    expect(page.messages.map(shownOf)).toEqual(chat.client.messages.map(shownOf));
    await decide(page, "pay", true);
    await expectSettled(chat, page, { pay: DONE }, ["pay"]);
    expect(answersIn(await loadMessages(server, chat.chatId))).toHaveLength(1);
    await chat.proxy.close();
  });

  test("a page that lost its connection to the run that goes on resumes the whole message", async () => {
    const chat = await openAsking(kind, server, [["pay"]], { heldAt: HELD_AT });
    const proxy = await CuttingProxy.open(server, { cut: (_, index) => (index === 0 ? { after: 4, by: "reset" } : undefined) });
    const page = kind.open({ baseUrl: proxy.url, chatId: chat.chatId, messages: chat.client.messages, sendsWhenComplete: "approvals" });
    await page.decide(approvalIdOf(page, "pay"), true);
    await until(() => proxy.exchanges[0]?.isCut === true && (kind.reconnects || page.status === "error"), "the page is cut off");
    const resumed = kind.reconnects ? untilIdle(page) : page.resume();
    await until(() => proxy.exchanges.length > 1, "the page has come back");
    await openGate(server, chat.chatId);
    await resumed;
    await expectSettled(chat, page, { pay: DONE }, ["pay"]);
    await Promise.all([proxy.close(), chat.proxy.close()]);
  });
});
