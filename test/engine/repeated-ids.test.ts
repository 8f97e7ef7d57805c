import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { call, say, scriptedModel, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { answer, endOf, questionsOf, toolsOf } from "./asking.ts";
import { openShop, textIn, type Shop, type ShopOptions } from "./shop.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

async function open(options: ShopOptions): Promise<Shop> {
  const shop = await openShop(options);
  shops.push(shop);
  return shop;
}

describe("a model that numbers the calls of each answer anew", () => {
  test("has each call executed with its own arguments, the approved one with those that were shown", async () => {
    const paid: unknown[] = [];
    const transfer = createTool({
      id: "transfer",
      description: "transfers",
      inputSchema: z.object({ amount: z.number() }),
      requireApproval: true,
      execute: ({ amount }) => {
        paid.push(amount);
        return Promise.resolve({ transferred: amount });
      },
    });
    const shop = await open({
      tools: { transfer },
      script: (prompt) => {
        const done = toolResultsIn(prompt).length;
        if (done === 0) return [call("add", { a: 1, b: 2 }, { id: "call_1" })];
        if (done === 1) return [call("transfer", { amount: 5 }, { id: "call_1" })];
        return done === 2 ? [call("transfer", { amount: 6 }, { id: "call_1" })] : [say("All done.")];
      },
    });
    const run = await shop.ask("go", { threadId: "t" });
    expect(await endOf(shop, run)).toBe("run-suspended");
    expect(await questionsOf(shop, run)).toMatchObject([{ toolName: "transfer", toolCallId: "call_1_2", input: { amount: 5 } }]);
    const second = await answer(shop, run, { approved: true });
    expect(await endOf(shop, second)).toBe("run-suspended");
    expect(await questionsOf(shop, second)).toMatchObject([{ toolCallId: "call_1_3", input: { amount: 6 } }]);
    const third = await answer(shop, second, { approved: true });
    expect(await endOf(shop, third)).toBe("run-completed");
    expect(paid).toEqual([5, 6]);
    expect(shop.executed).toEqual(["add"]);
    expect(await toolsOf(shop, third)).toMatchObject([
      { toolCallId: "call_1", input: { a: 1, b: 2 }, output: { sum: 3 } },
      { toolCallId: "call_1_2", input: { amount: 5 }, output: { transferred: 5 } },
      { toolCallId: "call_1_3", input: { amount: 6 }, output: { transferred: 6 } },
    ]);
    const shown = JSON.stringify((shop.model.requests.at(-1)?.prompt ?? []).filter(({ role }) => role === "tool"));
    expect([...shown.matchAll(/"toolCallId":"(\w+)"/g)].map(([, id]) => id)).toEqual(["call_1", "call_1_2", "call_1_3"]);
  });

  test("delegates in several steps, and so does its sub-agent's call of tools", async () => {
    const notes: string[] = [];
    const note = createTool({
      id: "note",
      description: "notes",
      inputSchema: z.object({ text: z.string() }),
      execute: ({ text }) => {
        notes.push(text);
        return Promise.resolve({ noted: text });
      },
    });
    const writer = new Agent({
      id: "writer",
      name: "writer",
      description: "Writes.",
      instructions: "x",
      tools: { note },
      model: scriptedModel({
        calls: (prompt) => {
          const done = toolResultsIn(prompt).length;
          return done < 2 ? [call("note", { text: `note ${done}` }, { id: "call_1" })] : [say("Written.")];
        },
      }),
    });
    const shop = await open({
      agent: { agents: { writer } },
      script: (prompt) => {
        const done = toolResultsIn(prompt).length;
        return done < 2 ? [call("agent-writer", { prompt: `part ${done}` }, { id: "call_1" })] : [say("A book.")];
      },
    });
    const run = await shop.ask("go", { threadId: "t" });
    expect(await endOf(shop, run)).toBe("run-completed");
    expect(notes).toEqual(["note 0", "note 1", "note 0", "note 1"]);
    expect(textIn((await shop.engine.messages({ resourceId: "ann" }, "t"))[1])).toBe("A book.");
    const { entries } = await shop.engine.usage({ resourceId: "ann" }, run.id);
    expect(entries.map(({ path, call: number }) => `${path} ${number}`)).toEqual([
      " 0",
      "call_1 0",
      "call_1 1",
      "call_1 2",
      " 1",
      "call_1_2 0",
      "call_1_2 1",
      "call_1_2 2",
      " 2",
    ]);
  });
});
