import { afterEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import { say, hang } from "../../src/testkit/scripted-model.ts";
import { endOf } from "../engine/asking.ts";
import { ANN, openShop, textIn, type Shop, type ShopOptions } from "../engine/shop.ts";
import { askWith, handOverAt } from "../engine/starting.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

async function open(options: ShopOptions): Promise<Shop> {
  const shop = await openShop(options);
  shops.push(shop);
  return shop;
}

/** The roles of what a model was shown behind its instructions. */
function shown(shop: Shop, index: number): readonly string[] {
  return (shop.model.requests[index]?.prompt ?? []).map(({ role }) => role).filter((role) => role !== "system");
}

describe("options for the memory that a request brings", () => {
  test("hold for its run, also after a deploy, and not for the next", async () => {
    const shop = await open({ script: (_prompt, number) => (number === 2 ? [say("Half an"), hang()] : [say("Hi.")]) });
    const memoryOptions: JsonObject = { lastMessages: 1 };
    expect(await endOf(shop, await askWith(shop, "one", {}))).toBe("run-completed");
    const run = await askWith(shop, "two", { memoryOptions });
    await handOverAt(shop, run, ({ type }) => type === "text-delta");
    expect(await endOf(shop, run)).toBe("run-completed");
    expect(await endOf(shop, await askWith(shop, "three", {}))).toBe("run-completed");
    expect([1, 2, 3].map((index) => shown(shop, index))).toEqual([["user"], ["user"], ["user", "assistant", "user", "assistant", "user"]]);
  });

  test.each([
    [false, ["user", "assistant"]],
    [true, []],
  ])("with readOnly %j have a run that a deploy handed over leave %j in its thread", async (readOnly, roles) => {
    const shop = await open({ script: (_prompt, number) => (number === 1 ? [say("Half an"), hang()] : [say("Whole.")]) });
    const run = await askWith(shop, "one", { memoryOptions: { readOnly } });
    await handOverAt(shop, run, ({ type }) => type === "text-delta");
    expect(await endOf(shop, run)).toBe("run-completed");
    const messages = await shop.engine.messages(ANN, "t");
    expect(messages.map(({ role }) => role)).toEqual(roles);
    expect(textIn(messages[1])).toBe(readOnly ? "" : "Whole.");
  });
});
