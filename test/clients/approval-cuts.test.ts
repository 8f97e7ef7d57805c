import { describe, expect, test } from "vitest";
import { approvalIdOf, decide, expectSettled, HELD_AT, openAsking, untilHeld, untilIdle } from "./asking-chat.ts";
import type { ClientKind } from "./chat-client.ts";
import { CuttingProxy, type Cut } from "./cutting-proxy.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { callsIn } from "./message-view.ts";
import { loadMessages, newestRun, replay } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { inParallel } from "./waiting.ts";

const DONE = "output-available";
const CALLS = { pay: DONE, book: DONE };

/** How many events the run that goes on is when no two of them are committed as one. */
const MOST_EVENTS = 19;
const LAST_WORD = " said:";
const LAST_HELD_WORD = " is";
const AT_ONCE = 6;

const everyIndex = Array.from({ length: MOST_EVENTS + 1 }, (_, index) => index);

describe.each(KINDS.filter((kind) => kind.reconnects))("$name", (kind) => {
  test.each(["end", "reset"] as const)("shows the same message when the run that goes on is cut at any event by a %s", async (by) => {
    let cuts = 0;
    await inParallel(AT_ONCE, everyIndex, async (after) => {
      if (await cutOnce(kind, { after, by })) cuts += 1;
    });
    // Events that a busy machine commits as one leave fewer places to cut.
    expect(cuts).toBeGreaterThan(MOST_EVENTS / 2);
  });

  test.each(["end", "reset"] as const)("shows the same message when every answer is cut after three events by a %s", async (by) => {
    const chat = await openAsking(kind, serverFor(kind), [["pay", "book"]], { proxy: { cut: () => ({ after: 3, by }) }, maxConsecutiveErrors: 1_000 });
    await decide(chat.client, "pay", true);
    await decide(chat.client, "book", true);
    await chat.proxy.close();
    await expectSettled(chat, chat.client, CALLS, ["pay", "book"]);
  });
});

describe.each(KINDS.filter((kind) => kind.reconnects))("$name, loaded while the run goes on,", (kind) => {
  test.each(["end", "reset"] as const)("asks on by its chat until it has the whole message when it is cut every three events by a %s", async (by) => {
    const chat = await openAsking(kind, serverFor(kind), [["pay", "book"]], { heldAt: HELD_AT });
    await chat.client.decide(approvalIdOf(chat.client, "pay"), true);
    await chat.client.decide(approvalIdOf(chat.client, "book"), true);
    await untilHeld(chat.client);
    await chat.client.stop();
    const [question, ...hidden] = await loadMessages(chat.server, chat.chatId);
    expect(hidden).toEqual([]);
    const proxy = await CuttingProxy.open(chat.server, {
      cut: () => ({ after: 3, by }),
      onEvent: (data) => data.includes(LAST_HELD_WORD) && void openGate(chat.server, chat.chatId),
    });
    const page = kind.open({ baseUrl: proxy.url, chatId: chat.chatId, messages: question && [question], maxConsecutiveErrors: 1_000 });
    await page.resume();
    await expectSettled(chat, page, CALLS, ["pay", "book"]);
    expect(proxy.exchanges.every(({ path }) => path.startsWith(`/api/chat/${chat.chatId}/stream?`))).toBe(true);
    expect(proxy.exchanges.length).toBeGreaterThan(5);
    await Promise.all([proxy.close(), chat.proxy.close()]);
  });
});

/** Cuts the answer to the decision of a client that comes back by itself. Tells whether there were so many events. */
async function cutOnce(kind: ClientKind, cut: Cut & { readonly after: number }): Promise<boolean> {
  const server = serverFor(kind);
  const chat = await openAsking(kind, server, [["pay", "book"]], { proxy: { cut: (_, index) => (index === 1 ? cut : undefined) } });
  await decide(chat.client, "pay", true);
  await decide(chat.client, "book", true);
  await chat.proxy.close();

  await expectSettled(chat, chat.client, CALLS, ["pay", "book"]);
  const where = `cut by ${cut.by} after ${cut.after} events`;
  const whole = await replay(server, (await newestRun(server, chat.chatId)).id);
  const isCut = cut.after <= whole.length;
  const [, answered, resumed] = chat.proxy.exchanges;
  expect(answered?.isCut, where).toBe(isCut);
  expect(resumed !== undefined, where).toBe(cut.after < whole.length);
  if (cut.by === "end") expect([...(answered?.events ?? []), ...(resumed?.events ?? [])], where).toEqual(whole);
  return isCut;
}

describe.each(KINDS.filter((kind) => !kind.reconnects))("$name", (kind) => {
  test.each(["end", "reset"] as const)("shows the same message when the run that goes on is cut at any event by a %s and the page resumes", async (by) => {
    let resumed = 0;
    await inParallel(AT_ONCE, everyIndex, async (after) => {
      if (await cutAndResume(kind, { after, by })) resumed += 1;
    });
    expect(resumed).toBeGreaterThan(MOST_EVENTS / 2);
  });
});

/** The run waits behind its words until the page has resumed. Tells whether it was cut and resumed. */
async function cutAndResume(kind: ClientKind, cut: Cut): Promise<boolean> {
  const server = serverFor(kind);
  let chatId = "";
  const goOn = (): void => void openGate(server, chatId);
  const chat = await openAsking(kind, server, [["pay", "book"]], {
    heldAt: 10,
    proxy: {
      cut: (_, index) => (index === 1 ? cut : undefined),
      onAnswer: (_, index) => index === 2 && goOn(),
      onEvent: (data, { events }, index) => index === 1 && data.includes(LAST_WORD) && events.length !== cut.after && goOn(),
    },
  });
  ({ chatId } = chat);
  await chat.client.decide(approvalIdOf(chat.client, "pay"), true);
  await decide(chat.client, "book", true);

  const where = `cut by ${cut.by} after ${String(cut.after)} events`;
  const isCut = chat.proxy.exchanges[1]?.isCut === true;
  // A clean end is the end of the answer to this client: where outcomes are missing then, it sends its decisions once more.
  expect(chat.client.status, where).toBe(isCut && cut.by === "reset" ? "error" : "ready");
  if (isCut) await chat.client.resume();
  await untilIdle(chat.client);
  await chat.proxy.close();
  expect(chat.client.messages, where).toHaveLength(2);
  if (isCut && !chat.proxy.exchanges.slice(2).some(({ status }) => status === 200)) {
    // The run ended between the cut and the resume: there is nothing to resume, and the page loads what was said.
    const [, answer] = await loadMessages(server, chatId);
    expect(callsIn(answer), where).toEqual(CALLS);
    return false;
  }
  await expectSettled(chat, chat.client, CALLS, ["pay", "book"]);
  return isCut;
}
