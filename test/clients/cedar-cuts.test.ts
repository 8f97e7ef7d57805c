import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { cedarFetch, registerHumanInTheLoop } from "../../src/client/cedar.ts";
import { openPage, type CedarPage } from "./cedar/page.ts";
import { CuttingProxy, type Cut } from "./cutting-proxy.ts";
import { askText } from "./server/script.ts";

const server = inject("serverV7");
const { z } = createRequire(new URL("./cedar/page.ts", import.meta.url))("zod") as { readonly z: typeof import("zod").z };

/** What differs from one run to the next. */
const OWN_TO_A_RUN = new Set(["id", "createdAt", "runId", "stepPath", "threadId", "metadata"]);

afterEach(() => vi.unstubAllGlobals());

interface Seen {
  /** The messages of the chat, and what the page is painted with. */
  readonly shown: unknown;
  readonly eventCount: number;
  readonly isCut: boolean;
}

function registerPaint({ store }: CedarPage): void {
  const paint = {
    name: "setColour",
    description: "Paints the page.",
    argsSchema: z.object({ colour: z.string() }),
    execute: (current: readonly string[], setValue: (value: unknown) => void, args: { readonly colour: string }) => setValue([...current, args.colour]),
  };
  store.getState().registerState({ key: "paint", value: [], stateSetters: { setColour: paint } });
}

/** A page that asks, with the helper's fetch, and whose stream is cut once. */
async function seen(prompt: string, cut: Cut | undefined): Promise<Seen> {
  const proxy = await CuttingProxy.open(server, { cut: (_, index) => (index === 0 ? cut : undefined) });
  vi.stubGlobal("fetch", cedarFetch({ chatURL: `${proxy.url}/api/chat`, baseDelayMs: 1 }));
  const page = await openPage({ baseURL: `${proxy.url}/api`, threadId: randomUUID() });
  try {
    registerHumanInTheLoop(page.store);
    registerPaint(page);
    await page.ask(prompt);
    const { messages, isProcessing, getCedarState } = page.store.getState();
    const shown = messages.map((message) => Object.fromEntries(Object.entries(message).filter(([field]) => !OWN_TO_A_RUN.has(field))));
    const [first] = proxy.exchanges;
    return { shown: JSON.parse(JSON.stringify({ shown, isProcessing, paint: getCedarState("paint") })), eventCount: first?.events.length ?? 0, isCut: first?.isCut ?? false };
  } finally {
    page.close();
    await proxy.close();
  }
}

const painting = { content: "Red it is.", action: { type: "action", stateKey: "paint", setterKey: "setColour", args: [{ colour: "red" }] } };

describe.each([
  ["words, thoughts and tools", askText({ scenario: "research" })],
  ["a change of the page", askText({ scenario: "say", text: JSON.stringify(painting) })],
  ["a question", askText({ scenario: "tools", steps: [["pay"]], chat: "cedar-cuts" })],
])("an answer with %s", (_, prompt) => {
  test("is shown as an uncut one wherever its stream is cut, by an end or by a reset", { timeout: 300_000 }, async () => {
    const uncut = await seen(prompt, undefined);
    let cuts = 0;
    for (const by of ["end", "reset"] as const) {
      for (let after = 0; after <= uncut.eventCount; after += 1) {
        const { shown, isCut } = await seen(prompt, { after, by });
        expect(shown, `cut after ${after} by ${by}`).toEqual(uncut.shown);
        if (isCut) cuts += 1;
      }
    }
    // Events that a busy machine commits as one leave fewer places to cut.
    expect(cuts).toBeGreaterThanOrEqual(uncut.eventCount);
  });
});
