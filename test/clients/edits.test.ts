import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { KINDS, serverFor } from "./kinds.ts";
import { shownOf, textOf } from "./message-view.ts";
import { loadMessages } from "./server-api.ts";
import { askText } from "./server/script.ts";

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("an edited question is answered anew, and what stood behind it is gone", async () => {
    const chatId = randomUUID();
    const client = kind.open({ baseUrl: server, chatId });
    for (let count = 0; count < 3; count += 1) await client.send(askText({ scenario: "take" }));
    const second = client.messages[2];
    await client.send(askText({ scenario: "recall" }), { messageId: second?.id });
    expect(client.status).toBe("ready");
    expect(client.messages).toHaveLength(4);
    expect(textOf(client.messages[3])).toBe("Before: 1 questions, 1 answers.");

    const messages = await loadMessages(server, chatId);
    expect(messages.map(({ id }) => id)).toEqual(client.messages.map(({ id }) => id));
    expect(messages.map(shownOf)).toEqual(client.messages.map(shownOf));
  });

  test("the same message id in two chats leaves both chats whole", async () => {
    const messageId = `m-${randomUUID()}`;
    const ask = async (text: string): Promise<string> => {
      const id = randomUUID();
      const body = JSON.stringify({ id, messages: [{ id: messageId, role: "user", parts: [{ type: "text", text }] }] });
      await (await fetch(`${server}/api/chat`, { method: "POST", body })).text();
      return id;
    };
    const question = askText({ scenario: "recall" });
    for (const chatId of [await ask(question), await ask(question)]) {
      expect((await loadMessages(server, chatId)).map(textOf)).toEqual([question, "Before: 0 questions, 0 answers."]);
    }
  });

  test("a question whose message id another chat has is answered anew, once", async () => {
    const question = { id: `m-${randomUUID()}`, role: "user" as const, parts: [{ type: "text", text: askText({ scenario: "recall" }) }] };
    const chats = [randomUUID(), randomUUID()];
    for (const id of chats) await (await fetch(`${server}/api/chat`, { method: "POST", body: JSON.stringify({ id, messages: [question] }) })).text();
    for (const chatId of chats) {
      const [, answer] = await loadMessages(server, chatId);
      const client = kind.open({ baseUrl: server, chatId, messages: answer === undefined ? [] : [question, answer] });
      await client.regenerate();
      expect(textOf(client.messages[1])).toBe("Before: 0 questions, 0 answers.");
      expect((await loadMessages(server, chatId)).map(textOf)).toEqual(client.messages.map(textOf));
    }
  });
});
