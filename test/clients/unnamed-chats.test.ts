import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CuttingProxy } from "./cutting-proxy.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { partsOf, RESEARCH_PARTS, textOf } from "./message-view.ts";
import { loadMessages } from "./server-api.ts";
import { askText } from "./server/script.ts";

describe.concurrent.each(KINDS.filter((kind) => kind.reconnects))("$name", (kind) => {
  const server = serverFor(kind);

  test("a question without a chat id makes a thread, whose id leads to a conversation", async () => {
    let threadId: string | null = null;
    const fetchAndLook: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      threadId = response.headers.get("x-holdfast-thread-id");
      return response;
    };
    const proxy = await CuttingProxy.open(server);
    const client = kind.open({ baseUrl: proxy.url, chatId: randomUUID(), isUnnamed: true, fetch: fetchAndLook });
    await client.send(askText({ scenario: "take" }));

    const [posted] = proxy.exchanges;
    expect(posted?.contentType).toMatch(/^text\/plain/);
    expect(Object.keys(JSON.parse(posted?.body ?? "") as object)).toEqual(["messages"]);
    expect(threadId).toMatch(/^thr_/);
    expect(client.status).toBe("ready");
    expect(client.messages[1]?.metadata).toMatchObject({ threadId });

    const messages = await loadMessages(server, String(threadId));
    expect(messages.map(({ id }) => id)).toEqual(client.messages.map(({ id }) => id));
    const named = kind.open({ baseUrl: proxy.url, chatId: String(threadId), messages });
    await named.send(askText({ scenario: "recall" }));
    expect(textOf(named.messages[3])).toBe("Before: 1 questions, 1 answers.");
    await proxy.close();
  });

  test("an answer to a question without a chat id survives cuts", async () => {
    const proxy = await CuttingProxy.open(server, { cut: () => ({ after: 10, by: "end" }) });
    const client = kind.open({ baseUrl: proxy.url, chatId: randomUUID(), isUnnamed: true });
    await client.send(askText({ scenario: "research" }));
    expect(client.messages).toHaveLength(2);
    expect(partsOf(client.messages[1])).toEqual(RESEARCH_PARTS);
    expect(proxy.exchanges.length).toBeLessThanOrEqual(5);
    await proxy.close();
  });
});
