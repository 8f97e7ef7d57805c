import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ClientKind } from "./chat-client.ts";
import { CuttingProxy, type Cut } from "./cutting-proxy.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { answersIn, partsOf, RESEARCH_PARTS, shownOf } from "./message-view.ts";
import { loadMessages, newestRun, replay } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { askText } from "./server/script.ts";
import { inParallel } from "./waiting.ts";

/** How many events the answer is when no two of them are committed as one. */
const MOST_EVENTS = 42;
const LAST_WORD = " umbrella.";
const AT_ONCE = 6;

const RECONNECTING = KINDS.filter((kind) => kind.reconnects);
const RESUMED_BY_THE_PAGE = KINDS.filter((kind) => !kind.reconnects);
const everyIndex = Array.from({ length: MOST_EVENTS + 1 }, (_, index) => index);

test.each(KINDS)("$name shows an uncut answer with reasoning, two tools and two steps", async (kind) => {
  const chatId = randomUUID();
  const client = kind.open({ baseUrl: serverFor(kind), chatId });
  await client.send(askText({ scenario: "research" }));
  expect(client.status).toBe("ready");
  expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
  expect(partsOf(client.messages[1])).toEqual(RESEARCH_PARTS);
});

describe.each(RECONNECTING)("$name", (kind) => {
  test.each(["end", "reset"] as const)("shows the same message when its answer is cut at any event by a %s", async (by) => {
    let cuts = 0;
    await inParallel(AT_ONCE, everyIndex, async (after) => {
      if (await cutOnce(kind, { after, by })) cuts += 1;
    });
    // Events that a busy machine commits as one leave fewer places to cut.
    expect(cuts).toBeGreaterThan(MOST_EVENTS / 2);
  });

  test.each(["end", "reset"] as const)("shows the same message when every answer is cut after three events by a %s", async (by) => {
    const chatId = randomUUID();
    const proxy = await CuttingProxy.open(serverFor(kind), { cut: () => ({ after: 3, by }) });
    const client = kind.open({ baseUrl: proxy.url, chatId, maxConsecutiveErrors: 1_000 });
    await client.send(askText({ scenario: "research" }));
    await proxy.close();
    expect(client.status).toBe("ready");
    expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(partsOf(client.messages[1])).toEqual(RESEARCH_PARTS);
    // Each answer moves the client on by three events, or by less where a reset took what it had not read.
    expect(proxy.exchanges.length).toBeLessThanOrEqual(MOST_EVENTS);
  });
});

/** Cuts the first answer of a client that comes back by itself. Tells whether there were so many events. */
async function cutOnce(kind: ClientKind, cut: Cut & { readonly after: number }): Promise<boolean> {
  const server = serverFor(kind);
  const chatId = randomUUID();
  const proxy = await CuttingProxy.open(server, { cut: (_, index) => (index === 0 ? cut : undefined) });
  const client = kind.open({ baseUrl: proxy.url, chatId });
  await client.send(askText({ scenario: "research" }));
  await proxy.close();

  const where = `cut by ${cut.by} after ${cut.after} events`;
  expect(client.status, where).toBe("ready");
  expect(client.messages.map(({ role }) => role), where).toEqual(["user", "assistant"]);
  expect(partsOf(client.messages[1]), where).toEqual(RESEARCH_PARTS);
  const whole = await replay(server, (await newestRun(server, chatId)).id);
  const isCut = cut.after <= whole.length;
  expect(proxy.exchanges[0]?.isCut, where).toBe(isCut);
  expect(proxy.exchanges.length, where).toBe(cut.after < whole.length ? 2 : 1);
  if (cut.by === "end") expect(proxy.events, where).toEqual(whole);
  return isCut;
}

describe.each(RESUMED_BY_THE_PAGE)("$name", (kind) => {
  test.each(["end", "reset"] as const)("shows the same message when its answer is cut at any event by a %s and the page resumes", async (by) => {
    let resumed = 0;
    await inParallel(AT_ONCE, everyIndex, async (after) => {
      if (await cutAndResume(kind, { after, by })) resumed += 1;
    });
    expect(resumed).toBeGreaterThan(MOST_EVENTS / 2);
  });
});

/** The run waits behind its last word until the page has resumed. Tells whether it was cut and resumed. */
async function cutAndResume(kind: ClientKind, cut: Cut): Promise<boolean> {
  const server = serverFor(kind);
  const chatId = randomUUID();
  const goOn = (): void => void openGate(server, chatId);
  const proxy = await CuttingProxy.open(server, {
    cut: (_, index) => (index === 0 ? cut : undefined),
    onAnswer: (_, index) => index === 1 && goOn(),
    onEvent: (data, { events }, index) => index === 0 && data.includes(LAST_WORD) && events.length !== cut.after && goOn(),
  });
  const client = kind.open({ baseUrl: proxy.url, chatId });
  await client.send(askText({ scenario: "research", hold: chatId, at: 14 }));

  const where = `cut by ${cut.by} after ${cut.after} events`;
  const [first] = proxy.exchanges;
  // A clean end is the end of the answer to this client; it does not know that something is missing.
  expect(client.status, where).toBe(first?.isCut === true && cut.by === "reset" ? "error" : "ready");
  if (first?.isCut === true) await client.resume();
  await proxy.close();
  expect(proxy.exchanges.length, where).toBeLessThanOrEqual(2);
  expect(answersIn(client.messages).length, where).toBeLessThanOrEqual(1);
  if (proxy.exchanges[1]?.status === 204) {
    // The run ended between the cut and the resume: there is nothing to resume, and the page loads what was said.
    const [, answer] = await loadMessages(server, chatId);
    expect(shownOf(answer), where).toEqual(shownOf({ id: "", role: "assistant", parts: RESEARCH_PARTS }));
    return false;
  }
  expect(client.status, where).toBe("ready");
  expect(client.messages.map(({ role }) => role), where).toEqual(["user", "assistant"]);
  expect(partsOf(client.messages[1]), where).toEqual(RESEARCH_PARTS);
  return first?.isCut === true;
}

