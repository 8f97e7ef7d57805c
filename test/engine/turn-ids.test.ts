import { afterEach, describe, expect, test } from "vitest";
import { call, hang, say, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { answer, endOf, toolsOf } from "./asking.ts";
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

async function idsOf(shop: Shop, ...runs: Parameters<typeof toolsOf>[1][]): Promise<readonly (readonly string[])[]> {
  return Promise.all(runs.map(async (run) => (await toolsOf(shop, run)).map(({ toolCallId }) => toolCallId)));
}

describe("a model that numbers the calls of each run anew", () => {
  const sum = call("add", { a: 1, b: 2 }, { id: "call_1" });

  test("gives each call of a thread an id of its own", async () => {
    const shop = await open({ script: [[sum], [say("Three.")], [sum], [say("Three again.")], [sum], [say("Still three.")]] });
    const first = await askWith(shop, "1 + 2?", {});
    expect(await endOf(shop, first)).toBe("run-completed");
    const second = await askWith(shop, "again?", {});
    expect(await endOf(shop, second)).toBe("run-completed");
    const third = await askWith(shop, "again?", {});
    expect(await endOf(shop, third)).toBe("run-completed");
    expect(await idsOf(shop, first, second, third)).toEqual([["call_1"], ["call_1_2"], ["call_1_3"]]);
    const other = await askWith(shop, "1 + 2?", {}, "u");
    expect(await endOf(shop, other)).toBe("run-completed");
    const shown = JSON.stringify(await shop.engine.messages(ANN, "t"));
    expect([...shown.matchAll(/"toolCallId":"(\w+)"/g)].map(([, id]) => id)).toEqual(["call_1", "call_1_2", "call_1_3"]);
  });

  test("does so without memory, where the conversation comes with the request", async () => {
    const shop = await open({ hasMemory: false, script: [[sum], [say("Three.")]] });
    const part = { type: "tool-add", toolCallId: "call_1", state: "output-available", input: { a: 1, b: 2 }, output: { sum: 3 } };
    const history = [
      { id: "u0", role: "user", parts: [{ type: "text", text: "1 + 2?" }] },
      { id: "a0", role: "assistant", parts: [{ type: "step-start" }, part, { type: "step-start" }, { type: "text", text: "Three." }] },
    ];
    const run = await shop.ask("again?", { threadId: "t", history });
    expect(await endOf(shop, run)).toBe("run-completed");
    expect(await idsOf(shop, run)).toEqual([["call_1_2"]]);
  });

  test("keeps the ids when a deploy hands the run over, and in the run that goes on behind an answer", async () => {
    const shop = await open({
      script: (prompt, number) => {
        if (number <= 2) return number === 1 ? [sum] : [say("Three.")];
        const done = toolResultsIn(prompt).length;
        if (done === 1) return [sum];
        if (done === 2) return number === 4 ? [say("Half an"), hang()] : [call("pay", { amount: 3 }, { id: "call_1" })];
        return [say("Paid.")];
      },
    });
    expect(await endOf(shop, await askWith(shop, "1 + 2?", {}))).toBe("run-completed");
    const run = await askWith(shop, "again, and pay", {});
    await handOverAt(shop, run, (event) => event.type === "text-delta");
    expect(await endOf(shop, run)).toBe("run-suspended");
    const child = await answer(shop, run, { approved: true });
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(await idsOf(shop, run, child)).toEqual([
      ["call_1_2", "call_1_3"],
      ["call_1_2", "call_1_3"],
    ]);
    expect(shop.executed).toEqual(["add", "add", "pay"]);
  });
});
