import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CuttingProxy } from "./cutting-proxy.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { partsOf, RESEARCH_PARTS, textOf } from "./message-view.ts";
import { listRuns, loadMessages } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { askText } from "./server/script.ts";
import { requestsAfterwards, until } from "./waiting.ts";

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("two tabs show the same message of one run", async () => {
    const chatId = randomUUID();
    const first = kind.open({ baseUrl: server, chatId });
    const sent = first.send(askText({ scenario: "research", hold: chatId }));
    await until(() => textOf(first.messages[1]) === "Oslo has 4 degrees", "the first tab shows the first words");
    const second = kind.open({ baseUrl: server, chatId, messages: await loadMessages(server, chatId) });
    const resumed = second.resume();
    await until(() => textOf(second.messages[1]) === "Oslo has 4 degrees", "the second tab shows them, too");
    await openGate(server, chatId);
    await Promise.all([sent, resumed]);

    expect(partsOf(first.messages[1])).toEqual(RESEARCH_PARTS);
    expect(second.messages[1]).toEqual(first.messages[1]);
    expect([first.status, second.status]).toEqual(["ready", "ready"]);
    expect(await listRuns(server, chatId)).toHaveLength(1);
  });

  test("a second question on a busy thread is refused in words", async () => {
    const chatId = randomUUID();
    const first = kind.open({ baseUrl: server, chatId });
    const sent = first.send(askText({ scenario: "research", hold: chatId }));
    await until(() => textOf(first.messages[1]) === "Oslo has 4 degrees", "the first tab shows the first words");
    const proxy = await CuttingProxy.open(server);
    const second = kind.open({ baseUrl: proxy.url, chatId, messages: await loadMessages(server, chatId) });
    await second.send(askText({ scenario: "take" }));
    expect(second.status).toBe("error");
    expect(second.error?.message).toMatch(/THREAD_BUSY.*is active on this thread/);
    expect(proxy.exchanges.map(({ status }) => status)).toEqual([409]);
    expect(await requestsAfterwards(() => proxy.exchanges.length)).toBe(0);

    await openGate(server, chatId);
    await sent;
    expect(partsOf(first.messages[1])).toEqual(RESEARCH_PARTS);
    expect(await loadMessages(server, chatId)).toHaveLength(2);
    await proxy.close();
  });
});
