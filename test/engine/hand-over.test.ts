import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { innermost } from "../../src/core/ledger.ts";
import { START } from "../../src/core/offset.ts";
import { call, crash, hang, part, result, say, scriptedModel, stop, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { endOf, toolsOf } from "./asking.ts";
import { ANN, openShop, textIn, type Shop } from "./shop.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

/** Asks, and hands the run over as soon as its log holds what is looked for. */
async function handedOver(shop: Shop, isThere: (type: string, path: string) => boolean): ReturnType<Shop["ask"]> {
  const run = await shop.ask("go", { threadId: "t" });
  const watched = new AbortController();
  for await (const batch of shop.engine.tail(run, START, watched.signal)) {
    const events = batch.map(({ event }) => innermost(event));
    if (events.some(({ inner, path }) => isThere(inner.type, path))) break;
  }
  watched.abort();
  await shop.handOver();
  return run;
}

describe("a deploy", () => {
  test("in the middle of a sub-agent's answer has the sub-agent asked again, and nothing of the half answer counts", async () => {
    const writer = scriptedModel({
      calls: [
        [say("Half an"), hang()],
        [say("A whole answer."), stop({ usage: { inputTokens: 30, outputTokens: 3 } })],
      ],
    });
    const agents = { writer: new Agent({ id: "writer", name: "writer", description: "Writes.", instructions: "x", model: writer }) };
    const shop = await openShop({
      store: "sqlite",
      agent: { agents },
      script: (prompt) => (toolResultsIn(prompt).length === 0 ? [call("agent-writer", { prompt: "write" }, { id: "c1" })] : [say("It is written.")]),
    });
    shops.push(shop);
    const run = await handedOver(shop, (type, path) => type === "text-delta" && path === "c1");
    expect(await endOf(shop, run)).toBe("run-completed");
    expect(writer.requests).toHaveLength(2);
    expect(shop.model.requests).toHaveLength(2);
    const shown = JSON.stringify(shop.model.requests[1]?.prompt);
    expect(shown).toContain("A whole answer.");
    expect(shown).not.toContain("Half an");
    expect(textIn((await shop.engine.messages(ANN, "t"))[1])).toBe("It is written.");
    const { entries } = await shop.engine.usage(ANN, run.id);
    expect(entries.filter(({ path }) => path === "c1").map(({ attempt, isSuperseded = false }) => [attempt, isSuperseded])).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  test("in the middle of a tool that heeds its signal leaves the outcome unknown, and runs it again where that does no harm", async () => {
    const starts: string[] = [];
    const waits = (id: string, idempotentHint: boolean): unknown =>
      createTool({
        id,
        description: id,
        inputSchema: z.object({}),
        mcp: { annotations: { idempotentHint } },
        execute: (_input, { abortSignal }) => {
          starts.push(id);
          if (starts.filter((started) => started === id).length > 1) return Promise.resolve({ id });
          return new Promise((_resolve, reject) => {
            abortSignal?.addEventListener("abort", () => reject(new Error("stopped by the deploy")), { once: true });
          });
        },
      });
    for (const [id, isRepeated] of [
      ["safe", true],
      ["once", false],
    ] as const) {
      const shop = await openShop({ store: "sqlite", tools: { [id]: waits(id, isRepeated) }, script: [[call(id, {}, { id: "c1" })], [say("Done.")]] });
      shops.push(shop);
      const run = await handedOver(shop, (type) => type === "tool-started");
      expect(await endOf(shop, run)).toBe("run-completed");
      expect(await toolsOf(shop, run)).toMatchObject([isRepeated ? { state: "result", output: { id } } : { state: "error", outcomeUnknown: true }]);
    }
    expect(starts).toEqual(["safe", "safe", "once"]);
  });

  test("in the middle of a tool that returns what it has does not take that for all, where it may run again", async () => {
    const starts: string[] = [];
    const collect = createTool({
      id: "collect",
      description: "collects",
      inputSchema: z.object({}),
      mcp: { annotations: { idempotentHint: true } },
      execute: (_input, { abortSignal }) => {
        starts.push("collect");
        if (starts.length > 1) return Promise.resolve({ all: true });
        return new Promise<object>((resolve) => {
          abortSignal?.addEventListener("abort", () => resolve({ all: false }), { once: true });
        });
      },
    });
    const shop = await openShop({ store: "sqlite", tools: { collect }, script: [[call("collect", {}, { id: "c1" })], [say("Done.")]] });
    shops.push(shop);
    const run = await handedOver(shop, (type) => type === "tool-started");
    expect(await endOf(shop, run)).toBe("run-completed");
    expect(await toolsOf(shop, run)).toMatchObject([{ state: "result", output: { all: true } }]);
  });

  test("finds the late result of a call that the provider executes under its call", async () => {
    const shop = await openShop({
      store: "sqlite",
      script: (_prompt, callNumber) => {
        if (callNumber === 1) return [call("search", {}, { id: "s1", providerExecuted: true }), call("add", { a: 1, b: 2 }, { id: "c1" })];
        if (callNumber === 2) return [result("s1", "search", { found: 1 }), call("add", { a: 3, b: 4 }, { id: "c1" })];
        return callNumber === 3 ? [say("Half"), hang()] : [say("Whole.")];
      },
    });
    shops.push(shop);
    const run = await handedOver(shop, (type) => type === "text-delta");
    expect(await endOf(shop, run)).toBe("run-completed");
    expect((await toolsOf(shop, run)).map(({ toolCallId, state }) => [toolCallId, state])).toEqual([
      ["s1", "result"],
      ["c1", "result"],
      ["c1_2", "result"],
    ]);
    expect(shop.executed).toEqual(["add", "add"]);
    const [cut, whole] = shop.model.requests.slice(2).map(({ prompt }) => JSON.stringify(prompt).match(/"(toolCallId|output)":("\w+"|\{.*?\})/g));
    expect(cut?.length).toBeGreaterThan(5);
    expect(whole).toEqual(cut);
  });

  test("does not make a call of what a model had begun when another one took its place", async () => {
    const notes: unknown[] = [];
    const note = createTool({
      id: "note",
      description: "notes",
      inputSchema: z.object({ text: z.string().optional() }),
      execute: (input) => {
        notes.push(input);
        return Promise.resolve({ noted: true });
      },
    });
    const begun = [part({ type: "tool-input-start", id: "c1", toolName: "note" }), part({ type: "tool-input-delta", id: "c1", delta: '{"te' }), crash()];
    const first = scriptedModel({ modelId: "first", calls: [begun, [say("Noted.")]] });
    const second = scriptedModel({ modelId: "second", calls: [[call("note", { text: "real" }, { id: "c1" })], [say("Half"), hang()], [say("Noted.")]] });
    const models = [first, second].map((model) => ({ model, maxRetries: 0 }));
    const shop = await openShop({ store: "sqlite", tools: { note }, agent: { model: models }, script: [[]] });
    shops.push(shop);
    const run = await handedOver(shop, (type) => type === "text-delta");
    expect(await endOf(shop, run)).toBe("run-completed");
    expect(first.requests.length + second.requests.length).toBe(4);
    expect(notes).toEqual([{ text: "real" }]);
  });
});
