import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
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
