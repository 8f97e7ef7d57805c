import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { cedarFetch, registerHumanInTheLoop, restoreQuestions } from "../../src/client/cedar.ts";
import { openPage, type CedarPage } from "./cedar/page.ts";
import { executedFor } from "./server-api.ts";
import { freePort, openGate, ServerProcess } from "./server-process.ts";
import { askText, SETTLED_TEXT, VOYAGE_TEXT } from "./server/script.ts";
import { until } from "./waiting.ts";

// Two servers start one after the other, on a machine that others use too.
const BOUND_MS = 180_000;

let folder: string;
let port: number;
let server: ServerProcess;
let page: CedarPage;

async function start(): Promise<void> {
  server = await ServerProcess.start({ folder, port, aiSdkVersion: 7 });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-cedar-"));
  port = await freePort();
  await start();
}, BOUND_MS);

afterEach(() => {
  page.close();
  vi.unstubAllGlobals();
});

afterAll(async () => {
  await server.end("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

describe("a server that is killed", () => {
  async function asked(chat: string): Promise<Record<string, unknown>> {
    page = await openPage({ baseURL: `${server.url}/api`, threadId: chat });
    registerHumanInTheLoop(page.store);
    await page.ask(askText({ scenario: "tools", steps: [["pay"]], chat }));
    return page.store.getState().messages.at(-1) ?? {};
  }

  async function restart(): Promise<void> {
    await server.end("SIGKILL");
    await start();
  }

  const isSettled = (): boolean => page.texts.some((text) => text.includes(SETTLED_TEXT));

  test(
    "between a question and its answer is not noticed, in a stream",
    async () => {
      const chat = randomUUID();
      const card = (await asked(chat)) as unknown as { resumeCallback(answer: object): Promise<void> };
      await restart();
      await card.resumeCallback({ approved: true });
      await until(isSettled, "the run has gone on");
      expect(await executedFor(server.url, chat)).toEqual(["pay"]);
    },
    BOUND_MS,
  );

  test(
    "between a question and its answer is not noticed, as JSON",
    async () => {
      const chat = randomUUID();
      const { runId, stepPath } = await asked(chat);
      await restart();
      await page.ask("", { isStream: false, fields: { route: "/chat/resume", runId, stepPath, resumeData: { approved: true } } });
      expect(isSettled()).toBe(true);
      expect(await executedFor(server.url, chat)).toEqual(["pay"]);
    },
    BOUND_MS,
  );

  test(
    "is not noticed by a page that was loaded again meanwhile, and shows the question anew",
    async () => {
      const chat = randomUUID();
      await asked(chat);
      page.close();
      await restart();
      page = await openPage({ baseURL: `${server.url}/api`, threadId: chat });
      registerHumanInTheLoop(page.store);
      expect(await restoreQuestions(page.store)).toBe(1);
      expect(await restoreQuestions(page.store)).toBe(0);
      const card = page.store.getState().messages.find(({ type }) => type === "humanInTheLoop") as unknown as { resumeCallback(answer: object): Promise<void> };
      await card.resumeCallback({ approved: true });
      await until(isSettled, "the run has gone on");
      expect(await executedFor(server.url, chat)).toEqual(["pay"]);
    },
    BOUND_MS,
  );

  test(
    "in the middle of an answer is waited for, and the page says that the answer is given again",
    async () => {
      const chat = randomUUID();
      page = await openPage({ baseURL: `${server.url}/api`, threadId: chat });
      vi.stubGlobal("fetch", cedarFetch({ chatURL: `${server.url}/api/chat`, baseDelayMs: 20, maxDelayMs: 200, retries: 200 }));
      const answered = page.ask(askText({ scenario: "voyage", hold: chat }));
      await until(() => page.texts.join("").includes("東京"), "the answer begins");
      await restart();
      await openGate(server.url, chat);
      await answered;
      expect(page.texts.at(-1)).toBe(VOYAGE_TEXT);
      expect(page.store.getState().messages.some(({ text }) => text === "The answer was cut off, and is given again.")).toBe(true);
    },
    BOUND_MS,
  );
});
