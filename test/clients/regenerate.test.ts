import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { KINDS, serverFor } from "./kinds.ts";
import { answersIn, shownOf, textOf } from "./message-view.ts";
import { listRuns, loadMessages } from "./server-api.ts";
import { askText } from "./server/script.ts";

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("regenerate replaces the old answer", async () => {
    const chatId = randomUUID();
    const client = kind.open({ baseUrl: server, chatId });
    await client.send(askText({ scenario: "take" }));
    const [first] = answersIn(client.messages);
    await client.regenerate();
    expect(client.status).toBe("ready");
    expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(textOf(client.messages[1])).toMatch(/^This is take \d+\.$/);
    expect(textOf(client.messages[1])).not.toBe(textOf(first));

    const messages = await loadMessages(server, chatId);
    expect(messages.map(({ id }) => id)).toEqual(client.messages.map(({ id }) => id));
    expect(messages.map(shownOf)).toEqual(client.messages.map(shownOf));
    expect(await listRuns(server, chatId)).toHaveLength(2);
  });

  test("a regenerated answer does not know the one that it replaces", async () => {
    const chatId = randomUUID();
    const client = kind.open({ baseUrl: server, chatId });
    await client.send(askText({ scenario: "take" }));
    await client.send(askText({ scenario: "recall" }));
    await client.regenerate();
    expect(textOf(client.messages[3])).toBe("Before: 1 questions, 1 answers.");
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
  });

  test("an earlier answer that is regenerated takes what came after it along", async () => {
    const chatId = randomUUID();
    const client = kind.open({ baseUrl: server, chatId });
    await client.send(askText({ scenario: "recall" }));
    await client.send(askText({ scenario: "take" }));
    const [first] = answersIn(client.messages);
    await client.regenerate({ messageId: first?.id });
    expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(textOf(client.messages[1])).toBe("Before: 0 questions, 0 answers.");
    expect((await loadMessages(server, chatId)).map(({ id }) => id)).toEqual(client.messages.map(({ id }) => id));
  });

  test("an answer of an agent without memory is regenerated", async () => {
    const chatId = randomUUID();
    const client = kind.open({ baseUrl: server, chatId });
    const body = { agentId: "forgetful" };
    await client.send(askText({ scenario: "take" }), { body });
    await client.send(askText({ scenario: "recall" }), { body });
    await client.regenerate({ body });
    expect(textOf(client.messages[3])).toBe("Before: 1 questions, 1 answers.");
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
  });
});
