import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { call, say } from "../../src/testkit/scripted-model.ts";
import { answer, endOf, questionsOf, toolsOf } from "./asking.ts";
import { openShop, type Shop } from "./shop.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

type Suspend = (payload: object) => Promise<unknown>;

/** A shop whose tool first does what it is told to, and is done once it has an answer. */
async function openAsking(ask: (suspend: Suspend) => Promise<unknown>): Promise<Shop> {
  const asking = createTool({
    id: "asking",
    description: "asks",
    inputSchema: z.object({}),
    execute: async (_input, context) => {
      const { resumeData, suspend } = context.agent ?? {};
      return resumeData === undefined ? ask(suspend as Suspend) : { got: resumeData };
    },
  });
  const shop = await openShop({ tools: { asking }, script: [[call("asking", {}, { id: "c1" })], [say("Thanks.")]] });
  shops.push(shop);
  return shop;
}

describe("a tool that suspends", () => {
  test.each<[string, (suspend: Suspend) => Promise<unknown>]>([
    ["and goes on to a result", (suspend) => suspend({ ask: 1 }).then(() => ({ early: true }))],
    ["and throws behind it", (suspend) => suspend({ ask: 1 }).then(() => Promise.reject(new Error("too early")))],
    ["twice", (suspend) => suspend({ ask: 1 }).then(() => suspend({ ask: 2 }))],
    ["twice at once", (suspend) => Promise.all([suspend({ ask: 1 }), suspend({ ask: 2 })])],
  ])("%s asks its first question, and executes again with the answer", async (_, ask) => {
    const shop = await openAsking(ask);
    const run = await shop.ask("go", { threadId: "t" });
    expect(await endOf(shop, run)).toBe("run-suspended");
    expect(await questionsOf(shop, run)).toMatchObject([{ kind: "tool-suspend", payload: { ask: 1 }, status: "pending" }]);
    const child = await answer(shop, run, "yes");
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(await toolsOf(shop, child)).toMatchObject([{ state: "result", output: { got: "yes" } }]);
    expect(shop.model.requests).toHaveLength(2);
  });
});
