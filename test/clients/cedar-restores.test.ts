import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { cedarFetch, cedarStorage, registerHumanInTheLoop, restoreAnswer, restoreQuestions } from "../../src/client/cedar.ts";
import { openPage, type CedarPage } from "./cedar/page.ts";
import { untilRunIs } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { askText, longText, SETTLED_TEXT } from "./server/script.ts";
import { until } from "./waiting.ts";

const server = inject("serverV7");

/** The threads whose messages the page has loaded. */
const loaded = new Set<string>();
const untilLoaded = (threadId: string): Promise<void> => until(() => loaded.has(threadId), "the messages are loaded");

let page: CedarPage;
afterEach(() => {
  page.close();
  vi.unstubAllGlobals();
});

/** A page that has loaded the messages of a thread, and calls the helpers by itself. */
async function open(threadId: string): Promise<CedarPage> {
  vi.stubGlobal("fetch", cedarFetch({ chatURL: `${server}/api/chat`, baseDelayMs: 1 }));
  loaded.clear();
  page = await openPage({ baseURL: `${server}/api`, threadId, storage: cedarStorage({ baseURL: server, onLoaded: (id) => loaded.add(id) }) });
  registerHumanInTheLoop(page.store);
  await untilLoaded(threadId);
  return page;
}

const cards = (): readonly string[] =>
  page.store
    .getState()
    .messages.filter(({ type }) => type === "humanInTheLoop")
    .map(({ stepPath }) => JSON.stringify(stepPath));
const said = (): string => page.texts.join("|");

/** Asks past the page, as one that is gone by now. */
async function ask(threadId: string, prompt: string): Promise<void> {
  const answer = await fetch(`${server}/api/chat/stream`, { method: "POST", body: JSON.stringify({ prompt, threadId }) });
  await answer.body?.cancel();
}

interface Open {
  readonly questions: readonly { readonly runId: string; readonly stepPath: unknown }[];
}

const openOn = async (threadId: string): Promise<Open> => (await (await fetch(`${server}/api/chat/threads/${threadId}/cedar-open`)).json()) as Open;

describe("an answer that is under way", () => {
  test.each([
    ["at once", ""],
    ["while half of it is shown", "word7"],
  ])("is shown once though it is restored twice, %s", async (_, shown) => {
    const chat = randomUUID();
    await ask(chat, askText({ scenario: "long", words: 20, hold: chat, at: 8 }));
    await open(chat);
    const first = restoreAnswer(page.store);
    await until(() => said().includes(shown), "the first half is shown");
    const second = restoreAnswer(page.store);
    await until(() => said().includes("word7"), "the first half is shown");
    await openGate(server, chat);
    await Promise.all([first, second]);
    expect(page.texts).toEqual([longText(20)]);
    expect(page.store.getState().isProcessing).toBe(false);
  });

  test.each([
    ["at once", ""],
    ["in the middle", "word7"],
  ])("is shown whole by another call, where the first one was told to leave %s", async (_, shown) => {
    const chat = randomUUID();
    await ask(chat, askText({ scenario: "long", words: 20, hold: chat, at: 8 }));
    await open(chat);
    const leaving = new AbortController();
    const first = restoreAnswer(page.store, { signal: leaving.signal });
    await until(() => said().includes(shown), "it is shown so far");
    leaving.abort();
    const second = restoreAnswer(page.store);
    await openGate(server, chat);
    await Promise.all([first, second]);
    expect(page.texts).toEqual([longText(20)]);
  });
});

test("an answer that was left for another thread is shown whole when it is restored again", async () => {
  const [chat, other] = [randomUUID(), randomUUID()];
  await ask(chat, askText({ scenario: "tools", steps: [["weather"]], chat, hold: chat, at: 3 }));
  await open(chat);
  const first = restoreAnswer(page.store);
  await until(() => said().includes("All of it"), "the first half is shown");
  const before = page.store.getState().messages.map(({ type, content }) => [type, content]);
  page.store.getState().switchThread(other);
  await first;
  await untilLoaded(other);
  page.store.getState().switchThread(chat);
  const second = restoreAnswer(page.store);
  await until(() => said().includes("All of it"), "the first half is shown again");
  expect(page.store.getState().messages.map(({ type, content }) => [type, content])).toEqual(before);
  await openGate(server, chat);
  await second;
  expect(said()).toContain(SETTLED_TEXT);
});

describe("questions that are open", () => {
  test("are shown once though they are restored twice at once", async () => {
    const chat = randomUUID();
    await ask(chat, askText({ scenario: "tools", steps: [["pay", "confirm"]], chat }));
    await untilRunIs("suspended", server, chat);
    await open(chat);
    await Promise.all([restoreQuestions(page.store), restoreQuestions(page.store)]);
    expect(cards()).toHaveLength(2);
    expect(new Set(cards()).size).toBe(2);
  });

  test("are shown but for those that another page has answered, and the answer to the last one makes the run go on", async () => {
    const chat = randomUUID();
    await ask(chat, askText({ scenario: "tools", steps: [["pay", "confirm"]], chat }));
    await untilRunIs("suspended", server, chat);
    const [one, other] = (await openOn(chat)).questions;
    await fetch(`${server}/api/chat/resume`, { method: "POST", body: JSON.stringify({ ...one, resumeData: { approved: true } }) });
    await open(chat);
    expect(await restoreQuestions(page.store)).toBe(1);
    expect(cards()).toEqual([JSON.stringify(other?.stepPath)]);
    const card = page.store.getState().messages.at(-1) as unknown as { resumeCallback(answer: object): Promise<void> };
    await card.resumeCallback({ approved: true });
    await until(() => said().includes("confirm:"), "the run has gone on");
    expect((await openOn(chat)).questions).toEqual([]);
  });
});
