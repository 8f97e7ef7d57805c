import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { resilientFetch } from "../../src/client/index.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { partsOf, RESEARCH_PARTS, textOf } from "./message-view.ts";
import { listRuns, loadMessages } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { askText, longText } from "./server/script.ts";

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("with resilientFetch, a question whose answer was lost before its head is asked again and takes effect once", async () => {
    const chatId = randomUUID();
    const proxy = await CuttingProxy.open(server, { cut: (_, index) => (index < 2 ? { after: "nothing", by: "reset" } : undefined) });
    const client = kind.open({ baseUrl: proxy.url, chatId, fetch: resilientFetch({ baseDelayMs: 10 }) });
    await client.send(askText({ scenario: "research" }));
    expect(client.status).toBe("ready");
    expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(partsOf(client.messages[1])).toEqual(RESEARCH_PARTS);
    expect(proxy.exchanges.map(({ method, isCut }) => [method, isCut])).toEqual([
      ["POST", true],
      ["POST", true],
      ["POST", false],
    ]);
    expect(await listRuns(server, chatId)).toHaveLength(1);
    expect(await loadMessages(server, chatId)).toHaveLength(2);
    await proxy.close();
  });

  test("with resilientFetch, an answer survives an outage between two connections", async () => {
    const chatId = randomUUID();
    const proxy = await CuttingProxy.open(server, {
      cut: (_, index) => (index === 0 ? { after: 12, by: "reset" } : index < 4 ? { after: "nothing", by: "reset" } : undefined),
      onAnswer: (_, index) => index === 4 && void openGate(server, chatId),
    });
    const client = kind.open({ baseUrl: proxy.url, chatId, fetch: resilientFetch({ baseDelayMs: 10 }) });
    await client.send(askText({ scenario: "long", words: 60, hold: chatId, at: 40 }));
    if (!kind.reconnects) await client.resume();
    expect(client.status).toBe("ready");
    expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(textOf(client.messages[1])).toBe(longText(60));
    expect(proxy.exchanges).toHaveLength(5);
    expect(await listRuns(server, chatId)).toHaveLength(1);
    await proxy.close();
  });
});
