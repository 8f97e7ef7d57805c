import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { cedarFetch, registerHumanInTheLoop } from "../../src/client/cedar.ts";
import { openPage, type CedarPage } from "./cedar/page.ts";
import { CuttingProxy, type Cut } from "./cutting-proxy.ts";
import { executedFor, listRuns } from "./server-api.ts";
import { askText, SETTLED_TEXT } from "./server/script.ts";
import { until } from "./waiting.ts";

const server = inject("serverV7");

let page: CedarPage;
let proxy: CuttingProxy;
afterEach(async () => {
  page.close();
  await proxy.close();
  vi.unstubAllGlobals();
});

/** A page whose requests to this path are cut, the first time that they come. */
async function open(path: string, cut: Cut): Promise<string> {
  let isCut = false;
  proxy = await CuttingProxy.open(server, {
    cut: (exchange) => {
      if (isCut || exchange.path !== path) return undefined;
      isCut = true;
      return cut;
    },
  });
  vi.stubGlobal("fetch", cedarFetch({ chatURL: `${proxy.url}/api/chat`, baseDelayMs: 1 }));
  const threadId = randomUUID();
  page = await openPage({ baseURL: `${proxy.url}/api`, threadId });
  registerHumanInTheLoop(page.store);
  return threadId;
}

const LOST: readonly (readonly [string, Cut])[] = [
  ["before its head", { after: "nothing", by: "reset" }],
  ["behind its head", { after: 0, by: "end" }],
  ["in the middle", { after: 1, by: "reset" }],
];

describe.each(LOST)("an answer of the server that is lost %s", (_, cut) => {
  test("is had by asking again, and the message starts one run", async () => {
    const chat = await open("/api/chat/stream", cut);
    await page.ask(askText({ scenario: "say", text: "Once." }));
    expect(page.texts).toEqual(["Once."]);
    expect(await listRuns(server, chat)).toHaveLength(1);
  });

  test("to the answer of a question is had by asking again, and the run goes on once", async () => {
    const chat = await open("/api/chat/resume/stream", cut);
    await page.ask(askText({ scenario: "tools", steps: [["pay"]], chat }));
    const card = page.store.getState().messages.at(-1) as unknown as { resumeCallback(answer: object): Promise<void> };
    await card.resumeCallback({ approved: true });
    await until(() => !page.store.getState().isProcessing, "the page is idle");
    expect(page.texts.filter((text) => text.startsWith(SETTLED_TEXT))).toHaveLength(1);
    expect(await executedFor(server, chat)).toEqual(["pay"]);
    expect(await listRuns(server, chat)).toHaveLength(2);
  });
});

test.each<Cut>([
  { after: "nothing", by: "reset" },
  { after: 0, by: "reset" },
])("a message that waits for its whole answer is one run, and is answered, though that is lost after $after", async (cut) => {
  const chat = await open("/api/chat", cut);
  await page.ask(askText({ scenario: "say", text: "Once." }), { isStream: false });
  expect(page.texts).toEqual(["Once."]);
  expect(await listRuns(server, chat)).toHaveLength(1);
});
