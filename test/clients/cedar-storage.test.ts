import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { cedarStorage, providerToken } from "../../src/client/cedar.ts";
import { openPage, type CedarPage } from "./cedar/page.ts";
import { askText } from "./server/script.ts";
import { until } from "./waiting.ts";

const server = inject("serverV7");

let page: CedarPage;
afterEach(() => {
  page.close();
  vi.unstubAllGlobals();
});

async function titleOf(threadId: string): Promise<unknown> {
  const answer = await fetch(`${server}/v1/threads/${encodeURIComponent(threadId)}`);
  return ((await answer.json()) as { readonly title?: unknown }).title;
}

async function open(threadId: string): Promise<CedarPage> {
  const loaded = Promise.withResolvers<void>();
  page = await openPage({ baseURL: `${server}/api`, threadId, storage: cedarStorage({ baseURL: server, onLoaded: () => loaded.resolve() }) });
  await loaded.promise;
  return page;
}

describe("the threads of a page", () => {
  test("keep the titles that the server has, whatever is said in them", async () => {
    const threadId = randomUUID();
    await open(threadId);
    const sent: string[] = [];
    const listed = Promise.withResolvers<void>();
    const plain = globalThis.fetch;
    vi.stubGlobal("fetch", async (...call: Parameters<typeof fetch>) => {
      const method = call[1]?.method ?? "GET";
      sent.push(method);
      // The page asks for its threads when the message is shown, and may be answered before the server has heard of this one.
      if (method === "POST") await listed.promise;
      const answer = await plain(...call);
      if (method === "GET") listed.resolve();
      return answer;
    });
    await page.ask(askText({ scenario: "research" }));
    expect(sent).not.toContain("PATCH");
    expect(await titleOf(threadId)).toBeUndefined();
  });

  test("show after a reload what they showed before", async () => {
    const threadId = randomUUID();
    await open(threadId);
    await page.ask(askText({ scenario: "broken-tool" }));
    await page.ask(askText({ scenario: "say", text: JSON.stringify({ text: "Red.", actions: [] }) }));
    await page.ask(askText({ scenario: "say", text: JSON.stringify({ type: "x", content: "odd" }) }));
    const before = page.texts;
    page.close();
    await open(threadId);
    await until(() => page.texts.length > 0, "the page shows the conversation");
    expect(page.texts).toEqual(before);
  });

  test("are asked for with the token that the page has by then", async () => {
    await open(randomUUID());
    const storage = cedarStorage({ baseURL: server, token: providerToken(page.store) });
    const sent: (string | null)[] = [];
    const plain = globalThis.fetch;
    vi.stubGlobal("fetch", (...call: Parameters<typeof fetch>) => {
      sent.push(new Headers(call[1]?.headers).get("authorization"));
      return plain(...call);
    });
    for (const apiKey of ["first", "second"]) {
      page.store.getState().setProviderConfig({ provider: "mastra", baseURL: `${server}/api`, apiKey });
      await storage.listThreads("ann");
    }
    expect(new Set(sent)).toEqual(new Set(["Bearer first", "Bearer second"]));
  });
});
