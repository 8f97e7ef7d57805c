import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ChatClient, ClientKind } from "./chat-client.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { answersIn, partsOf, shownOf, textOf } from "./message-view.ts";
import { loadMessages, newestRun, stopChat } from "./server-api.ts";
import { askText, longText, PROVIDER_ERROR, type Ask } from "./server/script.ts";
import { requestsAfterwards } from "./waiting.ts";

interface Ended {
  readonly client: ChatClient;
  readonly chatId: string;
  /** Until the answer had ended, and a while after it. */
  readonly requests: number;
}

/** Asks, and lets the answer end. */
async function ask(kind: ClientKind, asked: Ask, onEvent?: (data: string, chatId: string) => void): Promise<Ended> {
  const chatId = randomUUID();
  const proxy = await CuttingProxy.open(serverFor(kind), { onEvent: (data) => onEvent?.(data, chatId) });
  const client = kind.open({ baseUrl: proxy.url, chatId });
  await client.send(askText({ ...asked, hold: asked.hold && chatId }));
  await requestsAfterwards(() => proxy.exchanges.length);
  await proxy.close();
  return { client, chatId, requests: proxy.exchanges.length };
}

/** Resumes a chat as a page does that was just loaded. */
async function resume(kind: ClientKind, chatId: string, messages: ChatClient["messages"]): Promise<Omit<Ended, "chatId">> {
  const proxy = await CuttingProxy.open(serverFor(kind));
  const client = kind.open({ baseUrl: proxy.url, chatId, messages });
  await client.resume();
  await requestsAfterwards(() => proxy.exchanges.length);
  await proxy.close();
  return { client, requests: proxy.exchanges.length };
}

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("sends one request for an answer that completes", async () => {
    const { client, requests } = await ask(kind, { scenario: "research" });
    expect([client.status, requests]).toEqual(["ready", 1]);
  });

  test("sends one request for a long answer", async () => {
    const { client, requests } = await ask(kind, { scenario: "long", words: 400 });
    expect([client.status, requests]).toEqual(["ready", 1]);
    expect(textOf(client.messages[1])).toBe(longText(400));
  });

  test("shows a failed run as an error, keeps what was said and does not come back", async () => {
    const { client, chatId, requests } = await ask(kind, { scenario: "fail" });
    expect([client.status, requests]).toEqual(["error", 1]);
    expect(client.error?.message).toContain(PROVIDER_ERROR);
    expect(shownOf(client.messages[1])).toEqual([{ type: "text", text: "This answer breaks" }]);
    expect((await newestRun(server, chatId)).status).toBe("failed");
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
  });

  test("shows a truncated answer as an error, keeps what was said and does not come back", async () => {
    const { client, chatId, requests } = await ask(kind, { scenario: "truncate" });
    expect([client.status, requests]).toEqual(["error", 1]);
    expect(client.error?.message).toContain("ended before it was complete");
    expect(shownOf(client.messages[1])).toEqual([{ type: "text", text: "This answer just stops" }]);
    expect((await newestRun(server, chatId)).status).toBe("failed");
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
  });

  test("shows the error of a tool that throws, and the answer that follows", async () => {
    const { client, chatId, requests } = await ask(kind, { scenario: "broken-tool" });
    expect([client.status, requests]).toEqual(["ready", 1]);
    expect(partsOf(client.messages[1])).toMatchObject([
      { type: "step-start" },
      { type: "text", text: "Let me try." },
      { type: "tool-broken", state: "output-error", input: { city: "Oslo" }, errorText: expect.stringContaining("The station is offline.") },
      { type: "step-start" },
      { type: "text", text: "The tool does not work." },
    ]);
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
  });

  test("shows a canceled run as ended, keeps what was said and does not come back", async () => {
    const { client, chatId, requests } = await ask(kind, { scenario: "research", hold: "chat" }, (data, id) => {
      if (data.includes(" degrees")) void stopChat(server, id);
    });
    expect([client.status, requests]).toEqual(["ready", 1]);
    expect(client.messages).toHaveLength(2);
    expect(textOf(client.messages[1])).toBe("Oslo has 4 degrees");
    expect((await newestRun(server, chatId)).status).toBe("canceled");
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
  });

  test.each(["research", "fail", "truncate"] as const)("finds nothing to resume after a run that was asked to %s", async (scenario) => {
    const { chatId } = await ask(kind, { scenario });
    const messages = await loadMessages(server, chatId);
    const { client, requests } = await resume(kind, chatId, messages);
    expect([client.status, requests]).toEqual(["ready", 1]);
    expect(client.messages).toEqual(messages);
  });

  test("is told once that a chat does not exist", async () => {
    const { client, requests } = await resume(kind, `unknown-${randomUUID()}`, []);
    expect([client.status, requests]).toEqual(["error", 1]);
    expect(client.error?.message).toContain("no thread with this id");
    expect(answersIn(client.messages)).toEqual([]);
  });
});
