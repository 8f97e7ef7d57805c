import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { RunUsage } from "../../src/core/protocol.ts";
import type { Run } from "../../src/core/run.ts";
import { call, crash, cut, hang, raise, refuse, say, scriptedModel, stop, type Move } from "../../src/testkit/scripted-model.ts";
import { ANN, openShop, type Shop, type ShopOptions } from "./shop.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

async function open(options: Omit<ShopOptions, "store">): Promise<Shop> {
  const shop = await openShop({ store: "sqlite", ...options });
  shops.push(shop);
  return shop;
}

async function usageAfter(shop: Shop, run: Run): Promise<RunUsage> {
  await shop.log(run);
  return shop.engine.usage(ANN, run.id);
}

const PRICES = { version: "2026-11", currency: "EUR", models: { "scripted/script-1": { input: 2, output: 8 } } };

describe("the account of a run", () => {
  test("settles each call with the provider's figure, prices it, and bills it once", async () => {
    const shop = await open({
      engine: { billing: { prices: PRICES } },
      script: [
        [call("add", { a: 1, b: 2 }, { id: "c1" }), stop({ usage: { inputTokens: 1_000, outputTokens: 100, reasoningTokens: 40, cachedInputTokens: 600 } })],
        [say("Three."), stop({ usage: { inputTokens: 500, outputTokens: 50 } })],
      ],
    });
    const { entries, totals, bill } = await usageAfter(shop, await shop.ask("1 + 2?", { threadId: "t" }));
    expect(entries.map(({ state, basis, provider, modelId }) => [state, basis, provider, modelId])).toEqual([
      ["settled", "provider", "scripted", "script-1"],
      ["settled", "provider", "scripted", "script-1"],
    ]);
    expect(entries[0]?.usage).toMatchObject({ inputTokens: 1_000, outputTokens: 100, reasoningTokens: 40, cachedInputTokens: 600 });
    expect(totals.billable).toMatchObject({ usage: { inputTokens: 1_500, outputTokens: 150 }, amount: 0.0042, currency: "EUR" });
    expect(totals.cost).toEqual(totals.billable);
    expect(bill).toMatchObject({ status: "completed", policy: "delivered", priceVersion: "2026-11", billable: totals.billable });
    expect(await shop.engine.usageReport(ANN, { groupBy: "model" })).toMatchObject([{ key: "scripted/script-1", runs: 1, billable: { amount: 0.0042 } }]);
    expect(await shop.engine.usageReport({ resourceId: "bob" }, { groupBy: "resource" })).toEqual([]);
    await expect(shop.engine.usage({ resourceId: "bob" }, (await shop.engine.listRuns(ANN, { limit: 1 })).runs[0]?.id ?? "")).rejects.toMatchObject({
      code: "RUN_NOT_FOUND",
    });
  });

  test.each<[string, readonly Move[], "estimated" | "unknown"]>([
    ["reports an error in mid-text", [say("Half an answer", { isCut: true }), raise(new Error("overloaded"))], "estimated"],
    ["breaks off in mid-text", [say("Half an answer", { isCut: true }), crash(new Error("reset"))], "estimated"],
    ["ends early", [say("Half an answer"), cut()], "estimated"],
    ["refuses", [refuse(new Error("401"))], "unknown"],
  ])("says %s of a call whose provider %s", async (_, moves, state) => {
    const shop = await open({ script: [moves], agent: { maxRetries: 0 } });
    const { entries, bill, totals } = await usageAfter(shop, await shop.ask("go"));
    expect(entries.map((entry) => entry.state)).toEqual([state]);
    expect(bill?.status).toBe("failed");
    expect(totals.billable.calls[state]).toBe(1);
    if (state === "unknown") expect(totals.billable.usage).toEqual({});
    else expect(entries[0]?.bounds?.upper.inputTokens).toBeGreaterThan(entries[0]?.usage?.inputTokens ?? Number.NaN);
  });

  test("estimates the call of a run that is canceled, and the customer pays for what was said up to then", async () => {
    const shop = await open({ script: [[say("Half an answer", { isCut: true }), hang()]] });
    const run = await shop.ask("go");
    for await (const batch of shop.engine.tail(run, 0 as never, new AbortController().signal)) {
      if (batch.some(({ event }) => event.type === "text-delta")) {
        await shop.engine.cancel(ANN, run.id);
        break;
      }
    }
    const { entries, bill } = await usageAfter(shop, run);
    expect(entries).toMatchObject([{ state: "estimated", basis: "bytes" }]);
    expect(bill).toMatchObject({ status: "canceled", billable: { calls: { estimated: 1, settled: 0 } } });
    expect(bill?.billable.usage.outputTokens).toBeGreaterThan(0);
  });

  test("is a bill of no calls where a run is canceled before its model is called", async () => {
    const shop = await open({ script: [[say("Half", { isCut: true }), hang()]], engine: { onBusyThread: "queue" } });
    const first = await shop.ask("one", { threadId: "t" });
    const second = await shop.ask("two", { threadId: "t" });
    await shop.engine.cancel(ANN, second.id);
    const { entries, bill } = await usageAfter(shop, second);
    expect(entries).toEqual([]);
    expect(bill).toMatchObject({ status: "canceled", billable: { usage: {}, calls: { settled: 0, estimated: 0, unknown: 0 } } });
    await shop.engine.cancel(ANN, first.id);
    await shop.log(first);
  });

  test.each(["v2", "v3", "v4"] as const)("is the same for models of specification %s, with a usage of zero too", async (version) => {
    const shop = await open({ model: { version }, script: [[say("Hello."), stop({ usage: { inputTokens: 0, outputTokens: 0 } })]] });
    const { entries } = await usageAfter(shop, await shop.ask("go"));
    expect(entries).toMatchObject([{ state: "settled", usage: { inputTokens: 0, outputTokens: 0 } }]);
  });

  test("is not touched by callbacks of the application that throw", async () => {
    const thrower = (): never => {
      throw new Error("theirs");
    };
    const shop = await open({ script: [[say("Hello.")]], agent: { defaultOptions: { onFinish: thrower, onStepFinish: thrower } } });
    const { bill } = await usageAfter(shop, await shop.ask("go"));
    expect(bill).toMatchObject({ status: "completed", billable: { calls: { settled: 1 } } });
  });

  test("counts an agent that a tool runs by itself when it has ended", async () => {
    const model = scriptedModel({ calls: [[say("Inside."), stop({ usage: { inputTokens: 70, outputTokens: 7 } })]] });
    const inner = new Agent({ id: "inner", name: "inner", instructions: "x", model });
    const asking = createTool({
      id: "asking",
      description: "asks another agent",
      inputSchema: z.object({}),
      execute: async (_input, { writer }) => {
        const { fullStream } = await inner.stream("go");
        for await (const chunk of fullStream) await writer?.write(chunk);
        return { done: true };
      },
    });
    const shop = await open({ tools: { asking }, script: [[call("asking", {}, { id: "c1" })], [say("Done.")]] });
    const { entries, totals } = await usageAfter(shop, await shop.ask("go"));
    // It is told by chunks, which may come behind the agent's own next call.
    expect(entries.map(({ path, state, usage }) => `${path} ${state} ${usage?.inputTokens}`).toSorted()).toEqual([
      " settled 20",
      " settled 20",
      "c1 settled 70",
    ]);
    expect(totals.billable.usage.inputTokens).toBe(110);
  });
});
