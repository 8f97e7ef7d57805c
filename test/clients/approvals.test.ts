import { describe, expect, test } from "vitest";
import { approvalIdOf, decide, expectSettled, openAsking, reload, requestsOf, untilIdle } from "./asking-chat.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { callsIn, partsOf, shownOf, textOf } from "./message-view.ts";
import { answerQuestion, executedFor, listRuns, loadMessages } from "./server-api.ts";
import { askText } from "./server/script.ts";
import { until } from "./waiting.ts";

const DONE = "output-available";

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("goes on in the same message when the user approves", async () => {
    const chat = await openAsking(kind, server, [["pay"]]);
    expect(callsIn(chat.client.messages[1])).toEqual({ pay: "approval-requested" });
    expect(await executedFor(server, chat.chatId)).toEqual([]);
    await decide(chat.client, "pay", true);
    await expectSettled(chat, chat.client, { pay: DONE }, ["pay"]);
    expect(textOf(chat.client.messages[1])).toContain('pay:{"did":"pay"}');
    expect(await requestsOf(chat)).toEqual(["POST 200", "POST 200"]);
    expect((await listRuns(server, chat.chatId)).map(({ status }) => status)).toEqual(["completed", "suspended"]);
    await chat.proxy.close();
  });

  test("tells the model why the user declines, and shows it", async () => {
    const chat = await openAsking(kind, server, [["pay"]]);
    const id = approvalIdOf(chat.client, "pay");
    await decide(chat.client, "pay", false, "too-dear");
    await expectSettled(chat, chat.client, { pay: "output-denied" }, []);
    expect(textOf(chat.client.messages[1])).toContain("too-dear");
    const declined = { type: "tool-pay", state: "output-denied", approval: { id, approved: false, reason: "too-dear" } };
    expect(partsOf(chat.client.messages[1])).toContainEqual(expect.objectContaining(declined));
    expect(partsOf((await loadMessages(server, chat.chatId))[1])).toContainEqual(expect.objectContaining(declined));
    await chat.proxy.close();
  });

  test("sends two approvals at once, beside a tool that needs none and has run", async () => {
    const chat = await openAsking(kind, server, [["pay", "quote", "book"]]);
    expect(callsIn(chat.client.messages[1])).toEqual({ pay: "approval-requested", quote: DONE, book: "approval-requested" });
    expect(await executedFor(server, chat.chatId)).toEqual(["quote"]);
    await decide(chat.client, "book", true);
    expect(await requestsOf(chat)).toEqual(["POST 200"]);
    await decide(chat.client, "pay", true);
    await expectSettled(chat, chat.client, { pay: DONE, quote: DONE, book: DONE }, ["quote", "pay", "book"]);
    expect(await requestsOf(chat)).toEqual(["POST 200", "POST 200"]);
    await chat.proxy.close();
  });

  test("executes what was approved and not what was declined of one step", async () => {
    const chat = await openAsking(kind, server, [["pay", "book"]]);
    await decide(chat.client, "pay", false);
    await decide(chat.client, "book", true);
    await expectSettled(chat, chat.client, { pay: "output-denied", book: DONE }, ["book"]);
    await chat.proxy.close();
  });

  test("asks again in the next step of the same message", async () => {
    const chat = await openAsking(kind, server, [["pay"], ["book"]]);
    await decide(chat.client, "pay", true);
    expect(callsIn(chat.client.messages[1])).toEqual({ pay: DONE, book: "approval-requested" });
    expect((await loadMessages(server, chat.chatId)).map(shownOf)).toEqual(chat.client.messages.map(shownOf));
    await decide(chat.client, "book", true);
    await expectSettled(chat, chat.client, { pay: DONE, book: DONE }, ["pay", "book"]);
    expect(await requestsOf(chat)).toEqual(["POST 200", "POST 200", "POST 200"]);
    await chat.proxy.close();
  });

  test("that sends one of two decisions stays with the other one open", async () => {
    const chat = await openAsking(kind, server, [["pay", "book"]]);
    await decide(chat.client, "pay", true);
    await chat.client.submit();
    expect(chat.client.status).toBe("ready");
    expect(callsIn(chat.client.messages[1])).toEqual({ pay: "approval-responded", book: "approval-requested" });
    expect(await listRuns(server, chat.chatId)).toHaveLength(1);
    await decide(chat.client, "book", true);
    await expectSettled(chat, chat.client, { pay: DONE, book: DONE }, ["pay", "book"]);
    expect(await requestsOf(chat)).toEqual(["POST 200", "POST 200", "POST 200"]);
    await chat.proxy.close();
  });

  test("goes on with what somebody else approved, once its own user has decided", async () => {
    const chat = await openAsking(kind, server, [["pay", "book"]]);
    await answerQuestion(server, chat.chatId, "pay", { approved: true, reason: "as agreed" });
    await decide(chat.client, "book", true);
    expect(await requestsOf(chat)).toEqual(["POST 200"]);
    await chat.client.submit();
    await expectSettled(chat, chat.client, { pay: DONE, book: DONE }, ["pay", "book"]);
    await chat.proxy.close();
  });

  test("is told when somebody else decided otherwise before, and shows that after a reload", async () => {
    const chat = await openAsking(kind, server, [["pay"]]);
    await answerQuestion(server, chat.chatId, "pay", { approved: false, reason: "closed" });
    await decide(chat.client, "pay", true);
    expect(chat.client.status).toBe("error");
    expect(chat.client.error?.message).toMatch(/ALREADY_ANSWERED/);
    await until(async () => (await listRuns(server, chat.chatId))[0]?.status === "completed", "the run that goes on has ended");
    await expectSettled(chat, await reload(chat), { pay: "output-denied" }, []);
    await chat.proxy.close();
  });

  test("answers an earlier message while the conversation has gone on", async () => {
    const chat = await openAsking(kind, server, [["pay"]]);
    const { client, chatId } = chat;
    const id = approvalIdOf(client, "pay");
    await client.send(askText({ scenario: "take" }));
    expect(client.messages).toHaveLength(4);
    await client.decide(id, true);
    await client.submit();
    expect([client.error, client.status]).toEqual([undefined, "ready"]);
    expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(callsIn(client.messages[1])).toEqual({ pay: DONE });
    expect(textOf(client.messages[3])).toMatch(/^This is take \d+\.$/);
    expect(await executedFor(server, chatId)).toEqual(["pay"]);
    await chat.proxy.close();
  });
});

describe.concurrent.each(KINDS.filter((kind) => kind.reconnects))("$name that does not name its chat", (kind) => {
  test("finds its questions by themselves", async () => {
    const chat = await openAsking(kind, serverFor(kind), [["pay"]], { isUnnamed: true });
    const { threadId } = chat.client.messages[1]?.metadata as { readonly threadId: string };
    await decide(chat.client, "pay", true);
    await untilIdle(chat.client);
    expect(callsIn(chat.client.messages[1])).toEqual({ pay: DONE });
    expect((await loadMessages(chat.server, threadId)).map(shownOf)).toEqual(chat.client.messages.map(shownOf));
    expect(await executedFor(chat.server, chat.chatId)).toEqual(["pay"]);
    await chat.proxy.close();
  });
});
