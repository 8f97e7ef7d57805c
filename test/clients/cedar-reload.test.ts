import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { cedarFetch, cedarStorage, registerHumanInTheLoop, restoreAnswer, restoreQuestions, type CedarAnswer } from "../../src/client/cedar.ts";
import { openPage, type CedarPage } from "./cedar/page.ts";
import { untilRunIs } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { askText, longText, SETTLED_TEXT } from "./server/script.ts";
import { until } from "./waiting.ts";

const server = inject("serverV7");

let page: CedarPage;
afterEach(() => {
  page.close();
  vi.unstubAllGlobals();
});

/** A page with all of the helpers, as the documents set it up. */
async function open(threadId: string | undefined): Promise<CedarPage> {
  const restore = async (id: string, answers: readonly CedarAnswer[]): Promise<void> => {
    await restoreAnswer(page.store, { threadId: id, answers });
    await restoreQuestions(page.store, { threadId: id });
  };
  vi.stubGlobal("fetch", cedarFetch({ chatURL: `${server}/api/chat`, baseDelayMs: 1 }));
  const storage = threadId === undefined ? undefined : cedarStorage({ baseURL: server, onLoaded: restore });
  page = await openPage({ baseURL: `${server}/api`, ...(threadId !== undefined && { threadId }), ...(storage && { storage }) });
  registerHumanInTheLoop(page.store);
  return page;
}

const types = (): readonly string[] => page.store.getState().messages.map(({ type }) => type);
const said = (): string => page.texts.join("|");

/** Asks past the page, as one that is gone by now. */
async function ask(threadId: string, prompt: string): Promise<void> {
  const answer = await fetch(`${server}/api/chat/stream`, { method: "POST", body: JSON.stringify({ prompt, threadId }) });
  await answer.body?.cancel();
}

describe("a page that is loaded again", () => {
  test("while an answer is under way shows it whole, once, however often it loads", async () => {
    const chat = randomUUID();
    await ask(chat, askText({ scenario: "long", words: 20, hold: chat, at: 8 }));
    await open(chat);
    await until(() => said().includes("word7"), "the first half is shown");
    // As a page does whose storage prop is another one with each rendering.
    await page.store.getState().initializeChat({ userId: "ann", threadId: chat });
    await until(() => said().includes("word7"), "the first half is shown again");
    await openGate(server, chat);
    await until(() => said().includes("word19"), "the rest is shown");
    expect(page.texts).toEqual([longText(20)]);
    await until(() => !page.store.getState().isProcessing, "the page is idle");
  });

  test("while an answer goes on behind a question shows what was said before it", async () => {
    const chat = randomUUID();
    await open(chat);
    await page.ask(askText({ scenario: "tools", steps: [["pay"]], chat, hold: chat }));
    const card = page.store.getState().messages.at(-1) as unknown as { resumeCallback(answer: object): Promise<void> };
    void card.resumeCallback({ approved: true });
    await until(() => said().includes("All of it"), "the run goes on");
    page.close();
    await open(chat);
    await until(() => said().includes("All of it"), "the run is shown again");
    expect(page.texts[0]).toBe("Let me see.");
    expect(types()).not.toContain("humanInTheLoop");
    await openGate(server, chat);
    await until(() => said().includes(SETTLED_TEXT), "the run has ended");
  });

  test("while the answer to a question of its own goes on shows it whole", async () => {
    const chat = randomUUID();
    await open(chat);
    await page.ask(askText({ scenario: "tools", steps: [["pay"]], chat, hold: chat, at: 3 }));
    const card = page.store.getState().messages.at(-1) as unknown as { resumeCallback(answer: object): Promise<void> };
    void card.resumeCallback({ approved: true });
    await until(() => said().includes("All of it"), "the run goes on");
    await page.store.getState().initializeChat({ userId: "ann", threadId: chat });
    await until(() => said().includes("All of it"), "the run is shown again");
    await openGate(server, chat);
    await until(() => said().includes(SETTLED_TEXT), "the run has ended");
    expect(page.texts.filter((text) => text.includes("Let me see."))).toHaveLength(1);
    await until(() => !page.store.getState().isProcessing, "the page is idle");
  });

  test("shows the question of a chat that has no name", async () => {
    await open(undefined);
    await page.ask(askText({ scenario: "tools", steps: [["pay"]], chat: "unnamed" }));
    page.close();
    await open(undefined);
    expect(await restoreQuestions(page.store)).toBe(1);
    const card = page.store.getState().messages.at(-1) as unknown as { cancelCallback(): Promise<void> };
    await card.cancelCallback();
    await until(async () => {
      const { questions } = (await (await fetch(`${server}/api/chat/threads/default-thread/cedar-open`)).json()) as { readonly questions: readonly unknown[] };
      return questions.length === 0;
    }, "the run is given up");
  });

  test("shows an answer that ends while its messages are loaded", async () => {
    const chat = randomUUID();
    await ask(chat, askText({ scenario: "long", words: 20, hold: chat, at: 8 }));
    const plain = globalThis.fetch;
    vi.stubGlobal("fetch", async (...call: Parameters<typeof fetch>) => {
      const answer = await plain(...call);
      if (!String(call[0]).endsWith("/messages")) return answer;
      const messages = await answer.text();
      await openGate(server, chat);
      await untilRunIs("completed", server, chat);
      return new Response(messages);
    });
    await open(chat);
    await until(() => said().includes("word19"), "the answer is shown");
    expect(page.texts).toEqual([longText(20)]);
  });
});

describe("a page that shows another thread by then", () => {
  test("shows what is under way there, though the first answer is silent", async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    for (const chat of [first, second]) await ask(chat, askText({ scenario: "long", words: 20, hold: chat, at: 8 }));
    await open(first);
    await until(() => said().includes("word7"), "the first answer is shown");
    page.store.getState().switchThread(second);
    await until(() => said().includes("word7"), "the second answer is shown");
    await openGate(server, first);
    await openGate(server, second);
    await until(() => said().includes("word19"), "the second answer has ended");
    expect(page.texts).toEqual([longText(20)]);
    await until(() => !page.store.getState().isProcessing, "the page is idle");
  });

  test("shows what is under way there, though the first one answers a question", async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    await ask(second, askText({ scenario: "long", words: 20, hold: second, at: 8 }));
    await open(first);
    await page.ask(askText({ scenario: "tools", steps: [["pay"]], chat: first, hold: first, at: 3 }));
    const card = page.store.getState().messages.at(-1) as unknown as { resumeCallback(answer: object): Promise<void> };
    const resumed = card.resumeCallback({ approved: true });
    await until(() => said().includes("All of it"), "the run goes on");
    page.store.getState().switchThread(second);
    await until(() => said().includes("word7"), "the second answer is shown");
    await openGate(server, first);
    await resumed;
    expect(page.store.getState().isProcessing).toBe(true);
    await openGate(server, second);
    await until(() => !page.store.getState().isProcessing, "the page is idle");
    expect(page.texts).toEqual([longText(20)]);
  });

  test("shows no question of the first one", async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    await ask(first, askText({ scenario: "tools", steps: [["pay"]], chat: first }));
    await untilRunIs("suspended", server, first);
    await open(second);
    expect(await restoreQuestions(page.store, { threadId: first })).toBe(0);
    expect(types()).toEqual([]);
  });

  test("shows nothing of an answer that goes on in the first one", async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    await open(first);
    await page.ask(askText({ scenario: "tools", steps: [["pay"]], chat: first, hold: first, at: 3 }));
    const card = page.store.getState().messages.at(-1) as unknown as { resumeCallback(answer: object): Promise<void> };
    void card.resumeCallback({ approved: true });
    await until(() => said().includes("All of it"), "the run goes on");
    page.store.getState().switchThread(second);
    await openGate(server, first);
    await until(() => !page.store.getState().isProcessing, "the page is idle");
    expect(page.texts).toEqual([]);
  });
});
