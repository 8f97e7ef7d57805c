import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ChatMessage } from "./chat-client.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { answersIn, partsOf, RESEARCH_PARTS, shownOf } from "./message-view.ts";
import { loadMessages, untilRunIs } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { askText } from "./server/script.ts";
import { requestsAfterwards, until } from "./waiting.ts";

describe.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("a page that is reloaded in the middle of an answer shows the same message in the end", async () => {
    const chatId = randomUUID();
    const left = await CuttingProxy.open(server);
    const before = kind.open({ baseUrl: left.url, chatId });
    const abandoned = before.send(askText({ scenario: "research", hold: chatId, at: 6 }));
    await until(() => left.events.some((data) => data.includes(" rain.")), "the page has half of the answer");
    await before.stop();
    await abandoned;

    const messages = await loadMessages(server, chatId);
    expect(messages.map(({ role }) => role)).toEqual(["user"]);
    const proxy = await CuttingProxy.open(server, { onEvent: (data) => data.includes(" rain.") && void openGate(server, chatId) });
    const after = kind.open({ baseUrl: proxy.url, chatId, messages });
    await after.resume();
    expect(after.status).toBe("ready");
    expect(after.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(partsOf(after.messages[1])).toEqual(RESEARCH_PARTS);
    expect(proxy.exchanges.length + (await requestsAfterwards(() => proxy.exchanges.length))).toBe(1);
    await Promise.all([left.close(), proxy.close()]);
  });

  test("a page that is reloaded after the end loads what the stream showed, and has nothing to resume", async () => {
    const chatId = randomUUID();
    const streamed = kind.open({ baseUrl: server, chatId });
    await streamed.send(askText({ scenario: "research" }));

    const messages = await loadMessages(server, chatId);
    expect(messages.map(({ id }) => id)).toEqual(streamed.messages.map(({ id }) => id));
    expect(messages.map(shownOf)).toEqual(streamed.messages.map(shownOf));
    const proxy = await CuttingProxy.open(server);
    const client = kind.open({ baseUrl: proxy.url, chatId, messages });
    await client.resume();
    expect(client.status).toBe("ready");
    expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(client.messages.map(shownOf)).toEqual(streamed.messages.map(shownOf));
    expect(proxy.exchanges.length + (await requestsAfterwards(() => proxy.exchanges.length))).toBe(1);
    await proxy.close();
  });

  test("a reloaded page goes on with the conversation", async () => {
    const chatId = randomUUID();
    await kind.open({ baseUrl: server, chatId }).send(askText({ scenario: "take" }));
    const client = kind.open({ baseUrl: server, chatId, messages: await loadMessages(server, chatId) });
    await client.send(askText({ scenario: "recall" }));
    expect(shownOf(answersIn(client.messages)[1])).toEqual([{ type: "text", text: "Before: 1 questions, 1 answers." }]);
    expect(await loadMessages(server, chatId)).toHaveLength(4);
  });

  test("an answer of an agent without memory is there after a reload", async () => {
    const chatId = randomUUID();
    const streamed = kind.open({ baseUrl: server, chatId });
    const body = { agentId: "forgetful" };
    await streamed.send(askText({ scenario: "take" }), { body });
    await streamed.send(askText({ scenario: "recall" }), { body });
    expect(shownOf(streamed.messages[3])).toEqual([{ type: "text", text: "Before: 1 questions, 1 answers." }]);

    await streamed.send(askText({ scenario: "research" }), { body });
    const messages = await loadMessages(server, chatId);
    expect(messages.map(({ id }) => id)).toEqual(streamed.messages.map(({ id }) => id));
    expect(messages.map(shownOf)).toEqual(streamed.messages.map(shownOf));
  });

  test("a page that is reloaded while an agent without memory answers shows the same message in the end", async () => {
    const chatId = randomUUID();
    const left = await CuttingProxy.open(server);
    const before = kind.open({ baseUrl: left.url, chatId });
    const abandoned = before.send(askText({ scenario: "research", hold: chatId, at: 6 }), { body: { agentId: "forgetful" } });
    await until(() => left.events.some((data) => data.includes(" rain.")), "the page has half of the answer");
    await before.stop();
    await abandoned;

    const messages = await loadMessages(server, chatId);
    expect(messages.map(({ role }) => role)).toEqual(["user"]);
    const after = kind.open({ baseUrl: server, chatId, messages });
    const resumed = after.resume();
    await until(() => answersIn(after.messages).length === 1, "the page shows an answer");
    await openGate(server, chatId);
    await resumed;
    await untilRunIs("completed", server, chatId);
    expect(after.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(partsOf(after.messages[1])).toEqual(RESEARCH_PARTS);
    await left.close();
  });
});

describe.each(KINDS.filter((kind) => kind.reconnects))("$name", (kind) => {
  const server = serverFor(kind);

  /** Leaves a chat whose answer waits behind its fourth word. */
  async function leave(chatId: string): Promise<{ readonly events: readonly string[]; readonly messages: readonly ChatMessage[] }> {
    const proxy = await CuttingProxy.open(server);
    const client = kind.open({ baseUrl: proxy.url, chatId });
    const abandoned = client.send(askText({ scenario: "research", hold: chatId }));
    await until(() => proxy.events.some((data) => data.includes(" degrees")), "the page has the first words");
    await client.stop();
    await abandoned;
    await proxy.close();
    return { events: proxy.events, messages: await loadMessages(server, chatId) };
  }

  test.each(["end", "reset"] as const)("a reloaded page that is cut every three events by a %s asks on by its chat until it has the message", async (by) => {
    const chatId = randomUUID();
    const { messages } = await leave(chatId);
    const proxy = await CuttingProxy.open(server, {
      cut: () => ({ after: 3, by }),
      onEvent: (data) => data.includes(" degrees") && void openGate(server, chatId),
    });
    const client = kind.open({ baseUrl: proxy.url, chatId, messages, maxConsecutiveErrors: 1_000 });
    await client.resume();
    expect(client.status).toBe("ready");
    expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(partsOf(client.messages[1])).toEqual(RESEARCH_PARTS);
    expect(proxy.exchanges.every(({ path }) => path.startsWith(`/api/chat/${chatId}/stream?`))).toBe(true);
    await proxy.close();
  });

  test("a reloaded page that starts at the last step shows that step, also when it is cut", async () => {
    const chatId = randomUUID();
    const { events, messages } = await leave(chatId);
    const initialStartIndex = events.lastIndexOf('{"type":"start-step"}') - events.length;
    const proxy = await CuttingProxy.open(server, {
      cut: (_, index) => (index === 0 ? { after: 3, by: "end" } : undefined),
      onAnswer: (_, index) => index === 1 && void openGate(server, chatId),
    });
    const client = kind.open({ baseUrl: proxy.url, chatId, messages, initialStartIndex });
    await client.resume();
    expect(client.status).toBe("ready");
    expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(partsOf(client.messages[1])).toEqual(RESEARCH_PARTS.slice(-2));
    expect(proxy.exchanges).toHaveLength(2);
    await proxy.close();
  });
});
