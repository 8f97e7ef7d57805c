import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CuttingProxy } from "./cutting-proxy.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { partsOf, RESEARCH_STEP, textOf } from "./message-view.ts";
import { loadMessages, newestRun, stopChat, untilRunIs } from "./server-api.ts";
import { askText } from "./server/script.ts";
import { requestsAfterwards, until } from "./waiting.ts";

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("stop() leaves the run running; the server's stop ends it and keeps what was said", async () => {
    const chatId = randomUUID();
    const proxy = await CuttingProxy.open(server);
    const client = kind.open({ baseUrl: proxy.url, chatId });
    const sent = client.send(askText({ scenario: "research", hold: chatId }));
    await until(() => textOf(client.messages[1]) === "Oslo has 4 degrees", "the page shows the first words");
    await client.stop();
    await sent;
    expect(client.status).toBe("ready");
    expect(textOf(client.messages[1])).toBe("Oslo has 4 degrees");
    expect(proxy.exchanges.length + (await requestsAfterwards(() => proxy.exchanges.length))).toBe(1);
    expect((await newestRun(server, chatId)).status).toBe("running");

    expect(await stopChat(server, chatId)).toMatchObject({ stopped: true });
    await untilRunIs("canceled", server, chatId);
    expect(await stopChat(server, chatId)).toMatchObject({ stopped: false });
    const [, answer] = await loadMessages(server, chatId);
    expect(textOf(answer)).toBe("Oslo has 4 degrees");
    expect(partsOf(answer).filter((part) => part.type.startsWith("tool-"))).toEqual(RESEARCH_STEP.filter((part) => part.type.startsWith("tool-")));
    await proxy.close();
  });

  test("the next message goes on after an answer that was stopped", async () => {
    const chatId = randomUUID();
    const client = kind.open({ baseUrl: server, chatId });
    const sent = client.send(askText({ scenario: "take", hold: chatId, at: 2 }));
    await until(() => textOf(client.messages[1]) === "This is", "the page shows the first words");
    await stopChat(server, chatId);
    await sent;
    expect(client.status).toBe("ready");
    await client.send(askText({ scenario: "recall" }));
    expect(textOf(client.messages[3])).toBe("Before: 1 questions, 1 answers.");
    expect(await loadMessages(server, chatId)).toHaveLength(4);
  });
});
