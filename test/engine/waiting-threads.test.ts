import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Memory } from "@mastra/memory";
import { call, hang, say, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { answer, endOf, questionsOf } from "./asking.ts";
import { ANN, openShop, textIn, type Shop } from "./shop.ts";
import { askWith, handOverAt } from "./starting.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

const paint = { name: "paint", description: "Paints the page." };

async function put(memory: Memory, id: string, text: string): Promise<void> {
  const content = { format: 2 as const, parts: [{ type: "text" as const, text }] };
  await memory.saveMessages({ messages: [{ id, role: "assistant", createdAt: new Date(), threadId: "t", ...ANN, content }] });
}

describe.each([
  ["held open", 60_000],
  ["suspended", undefined],
])("the thread of a run that is %s while its page works", (_, holdMs) => {
  test("keeps what the application and a tool of the run put behind the question", async () => {
    const opened: { memory?: Memory } = {};
    const note = createTool({
      id: "note",
      description: "notes",
      inputSchema: z.object({}),
      execute: async () => {
        if (opened.memory) await put(opened.memory, "of-tool", "noted");
        return { noted: true };
      },
    });
    const shop = await openShop({
      tools: { note },
      script: (prompt) => (toolResultsIn(prompt).length === 0 ? [call("note", {}), call("paint", {})] : [say("Painted.")]),
    });
    shops.push(shop);
    Object.assign(opened, { memory: shop.memory });
    const run = await askWith(shop, "Paint.", { pageTools: [paint], ...(holdMs !== undefined && { holdMs }) });
    await vi.waitFor(async () => expect((await shop.engine.getRun(ANN, run.id)).status).toBe(holdMs === undefined ? "suspended" : "waiting"), 10_000);
    await put(shop.memory, "of-application", "A parcel has come.");
    expect(await questionsOf(shop, run)).toHaveLength(1);
    expect(await endOf(shop, await answer(shop, run, { output: 1 }))).toBe("run-completed");
    const messages = await shop.engine.messages(ANN, "t");
    expect(new Set(messages.map(({ id }) => id))).toEqual(new Set([run.input.messages[0]?.["id"], "of-application", "of-tool", run.messageId]));
    expect(messages).toHaveLength(4);
    expect(messages[0]).toMatchObject({ role: "user" });
    expect(textIn(messages.find(({ id }) => id === run.messageId))).toBe("Painted.");
  });
});

test("the thread of a run that a deploy hands over keeps what the application put behind the question", async () => {
  const shop = await openShop({
    script: (prompt, number) => {
      if (toolResultsIn(prompt).length === 0) return [call("add", { a: 1, b: 2 })];
      return number === 2 ? [say("Half"), hang()] : [say("Three.")];
    },
  });
  shops.push(shop);
  const run = await askWith(shop, "Add.", {});
  await vi.waitFor(() => expect(shop.model.requests).toHaveLength(2), 10_000);
  await put(shop.memory, "of-application", "A parcel has come.");
  await handOverAt(shop, run, ({ type }) => type === "text-delta");
  expect(await endOf(shop, run)).toBe("run-completed");
  const messages = await shop.engine.messages(ANN, "t");
  expect(messages.map(({ id }) => id)).toEqual([run.input.messages[0]?.["id"], "of-application", run.messageId]);
  expect(textIn(messages[2])).toBe("Three.");
});
