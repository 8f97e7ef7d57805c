import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ChatClient, ClientKind } from "./chat-client.ts";
import { CuttingProxy, type Cut } from "./cutting-proxy.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { answersIn, partsOf, shownOf, textOf } from "./message-view.ts";
import { listRuns, loadMessages, newestRun, stopChat } from "./server-api.ts";
import { askText, longText, PROVIDER_ERROR, type Ask } from "./server/script.ts";
import { inParallel, requestsAfterwards, until } from "./waiting.ts";

interface Ended {
  readonly client: ChatClient;
  readonly chatId: string;
  /** Until the answer had ended, and a while after it. */
  readonly requests: number;
}

interface Circumstances {
  readonly agentId?: string;
  /** Cuts the first answer. */
  readonly cut?: Cut;
}

/** Asks, and lets the answer end. */
async function ask(kind: ClientKind, scenario: Ask["scenario"] | "cancel", { agentId = "assistant", cut }: Circumstances = {}): Promise<Ended> {
  const server = serverFor(kind);
  const chatId = randomUUID();
  // Stopped from another tab, so that a cut of this one changes nothing.
  const stop = async (): Promise<void> => {
    await until(async () => (await listRuns(server, chatId)).length > 0, "the run has started");
    const events = await fetch(`${server}/api/chat/${chatId}/stream?startIndex=0`);
    for await (const text of events.body?.pipeThrough(new TextDecoderStream()) ?? []) if (text.includes(" degrees")) void stopChat(server, chatId);
  };
  const proxy = await CuttingProxy.open(server, { cut: (_, index) => (index === 0 ? cut : undefined) });
  const client = kind.open({ baseUrl: proxy.url, chatId });
  const stopped = scenario === "cancel" ? stop() : undefined;
  await client.send(askText(scenario === "cancel" ? { scenario: "research", hold: chatId } : { scenario, words: LONG }), { body: { agentId } });
  await stopped;
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

const LONG = 400;
/** Start, step, text, its words, and what ends them all. */
const SHORT_EVENTS = 10;
const EVERY_CUT = Array.from({ length: SHORT_EVENTS + 1 }, (_, after) => after).flatMap((after) => [{ after, by: "end" } as const, { after, by: "reset" } as const]);

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test("sends one request for an answer that completes", async () => {
    const { client, requests } = await ask(kind, "research");
    expect([client.status, requests]).toEqual(["ready", 1]);
  });

  test("sends one request for a long answer", async () => {
    const { client, requests } = await ask(kind, "long");
    expect([client.status, requests]).toEqual(["ready", 1]);
    expect(textOf(client.messages[1])).toBe(longText(LONG));
  });

  test("shows a failed run as an error, keeps what was said and does not come back", async () => {
    const { client, chatId, requests } = await ask(kind, "fail");
    expect([client.status, requests]).toEqual(["error", 1]);
    expect(client.error?.message).toContain(PROVIDER_ERROR);
    expect(shownOf(client.messages[1])).toEqual([{ type: "text", text: "This answer breaks" }]);
    expect((await newestRun(server, chatId)).status).toBe("failed");
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
  });

  test("shows a truncated answer as an error, keeps what was said and does not come back", async () => {
    const { client, chatId, requests } = await ask(kind, "truncate");
    expect([client.status, requests]).toEqual(["error", 1]);
    expect(client.error?.message).toContain("ended before it was complete");
    expect(shownOf(client.messages[1])).toEqual([{ type: "text", text: "This answer just stops" }]);
    expect((await newestRun(server, chatId)).status).toBe("failed");
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
  });

  test("shows the error of a tool that throws, and the answer that follows", async () => {
    const { client, chatId, requests } = await ask(kind, "broken-tool");
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
    const { client, chatId, requests } = await ask(kind, "cancel");
    expect([client.status, requests]).toEqual(["ready", 1]);
    expect(client.messages).toHaveLength(2);
    expect(textOf(client.messages[1])).toBe("Oslo has 4 degrees");
    expect((await newestRun(server, chatId)).status).toBe("canceled");
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
  });

  test.each(["research", "fail", "truncate"] as const)("finds nothing to resume after a run that was asked to %s", async (scenario) => {
    const { chatId } = await ask(kind, scenario);
    const messages = await loadMessages(server, chatId);
    const { client, requests } = await resume(kind, chatId, messages);
    expect([client.status, requests]).toEqual(["ready", 1]);
    expect(client.messages).toEqual(messages);
  });

  test.each(["research", "fail", "truncate", "cancel"] as const)("loads what it was shown by an agent without memory that was asked to %s", async (scenario) => {
    const { client, chatId } = await ask(kind, scenario, { agentId: "forgetful" });
    expect((await loadMessages(server, chatId)).map(shownOf)).toEqual(client.messages.map(shownOf));
  });

  test("is told once that a chat does not exist", async () => {
    const { client, requests } = await resume(kind, `unknown-${randomUUID()}`, []);
    expect([client.status, requests]).toEqual(["error", 1]);
    expect(client.error?.message).toContain("no thread with this id");
    expect(answersIn(client.messages)).toEqual([]);
  });
});

describe.concurrent.each(KINDS.filter((kind) => kind.reconnects))("$name, cut", (kind) => {
  test.each([
    ["fail", "This answer breaks"],
    ["truncate", "This answer just stops"],
  ] as const)("ends the same, in two requests, when an answer that was asked to %s is cut at any event", async (scenario, text) => {
    await inParallel(4, EVERY_CUT, async (cut) => {
      const { client, requests } = await ask(kind, scenario, { cut });
      const where = `cut by ${cut.by} after ${cut.after} events`;
      expect([client.status, textOf(client.messages[1])], where).toEqual(["error", text]);
      expect(requests, where).toBeLessThanOrEqual(2);
    });
  });

  test.each(["end", "reset"] as const)("ends the same, in two requests, when a canceled answer is cut by a %s before its finish", async (by) => {
    const { client, requests } = await ask(kind, "cancel", { cut: { after: "abort", by } });
    expect([client.status, textOf(client.messages[1])]).toEqual(["ready", "Oslo has 4 degrees"]);
    expect(requests).toBe(2);
  });
});
