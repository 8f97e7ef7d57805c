import { Agent } from "@mastra/core/agent";
import { afterEach, describe, expect, test } from "vitest";
import { call, hang, say, scriptedModel, toolResultsIn, type ScriptedModel } from "../../src/testkit/scripted-model.ts";
import { answer, endOf } from "./asking.ts";
import { ANN, openShop, type Shop, type ShopOptions } from "./shop.ts";
import { askWith, handOverAt } from "./starting.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

async function open(options: ShopOptions): Promise<Shop> {
  const shop = await openShop(options);
  shops.push(shop);
  return shop;
}

const notes = ["The page shows the cart.", "Today is market day."];

/** What the model was told as the system, in each call; the roles behind it hold no further one. */
function toldBy(model: ScriptedModel): readonly (readonly unknown[])[] {
  return model.requests.map(({ prompt }) => {
    const system = prompt.filter(({ role }) => role === "system");
    expect(prompt.slice(0, system.length)).toEqual(system);
    return system.map(({ content }) => content);
  });
}

describe("notes of a request", () => {
  test("are told before the conversation, behind the agent's instructions, on every step", async () => {
    const shop = await open({ script: [[call("add", { a: 1, b: 2 })], [say("Three.")]] });
    expect(await endOf(shop, await askWith(shop, "1 + 2?", { notes }))).toBe("run-completed");
    expect(toldBy(shop.model)).toEqual([
      ["You sell fruit.", ...notes],
      ["You sell fruit.", ...notes],
    ]);
  });

  test("stand beside those that the agent has itself", async () => {
    const shop = await open({ agent: { defaultOptions: { system: "Be brief." } }, script: [[say("Hi.")]] });
    expect(await endOf(shop, await askWith(shop, "hi", { notes }))).toBe("run-completed");
    expect(toldBy(shop.model)).toEqual([["You sell fruit.", "Be brief.", ...notes]]);
  });

  test("are kept in no thread, and are not told in the next run", async () => {
    const shop = await open({ script: [[say("Hi.")], [say("Hi again.")]] });
    expect(await endOf(shop, await askWith(shop, "hi", { notes }))).toBe("run-completed");
    expect(await endOf(shop, await askWith(shop, "again", {}))).toBe("run-completed");
    expect(toldBy(shop.model)[1]).toEqual(["You sell fruit."]);
    const { messages } = await shop.memory.recall({ threadId: "t", ...ANN, perPage: false });
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    for (const note of notes) expect(JSON.stringify(messages)).not.toContain(note);
  });

  test("are told again after a deploy, and in the run that goes on behind an answer", async () => {
    const shop = await open({
      script: (prompt, number) => {
        if (number === 1) return [say("Let me"), hang()];
        return toolResultsIn(prompt).length === 0 ? [call("pay", { amount: 1 })] : [say("Paid.")];
      },
    });
    const run = await askWith(shop, "pay", { notes });
    await handOverAt(shop, run, ({ type }) => type === "text-delta");
    expect(await endOf(shop, run)).toBe("run-suspended");
    const child = await answer(shop, run, { approved: true });
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(toldBy(shop.model)).toEqual(Array.from({ length: 3 }, () => ["You sell fruit.", ...notes]));
  });

  test("are told to an agent without memory, and to a sub-agent as the rest of the conversation is", async () => {
    const writer = scriptedModel({ calls: [[say("Written.")]] });
    const shop = await open({
      hasMemory: false,
      agent: { agents: { writer: new Agent({ id: "writer", name: "writer", description: "Writes.", instructions: "You write.", model: writer }) } },
      script: [[call("agent-writer", { prompt: "write" })], [say("Done.")]],
    });
    expect(await endOf(shop, await askWith(shop, "go", { notes }))).toBe("run-completed");
    expect(toldBy(shop.model)).toEqual([
      ["You sell fruit.", ...notes],
      ["You sell fruit.", ...notes],
    ]);
    expect(toldBy(writer)).toEqual([["You write.", "You sell fruit.", ...notes]]);
  });
});
