import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { innermost } from "../../src/core/ledger.ts";
import { START } from "../../src/core/offset.ts";
import { call, hang, say, scriptedModel, stop, toolResultsIn } from "../../src/testkit/scripted-model.ts";
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
});
