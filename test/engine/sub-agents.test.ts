import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { innermost } from "../../src/core/ledger.ts";
import type { Run } from "../../src/core/run.ts";
import { call, say, scriptedModel, stop, toolResultsIn, type ScriptedModel } from "../../src/testkit/scripted-model.ts";
import { endOf } from "./asking.ts";
import { ANN, openShop, textIn, type Shop } from "./shop.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

const usage = (inputTokens: number): ReturnType<typeof stop> => stop({ usage: { inputTokens, outputTokens: 1 } });

interface Team {
  readonly shop: Shop;
  readonly researcher: ScriptedModel;
  readonly executed: string[];
}

/** A clerk who delegates to a researcher, who looks things up and, where asked to, needs an approval for it. */
async function openTeam(options: { readonly requireApproval?: boolean; readonly store?: "memory" | "sqlite" } = {}): Promise<Team> {
  const executed: string[] = [];
  const researcher = scriptedModel({
    modelId: "researcher-1",
    calls: (prompt) =>
      toolResultsIn(prompt).length === 0 ? [say("Looking."), call("lookup", { q: "x" }, { id: "n1" }), usage(100)] : [say("Found it."), usage(200)],
  });
  const lookup = createTool({
    id: "lookup",
    description: "looks up",
    inputSchema: z.object({ q: z.string() }),
    ...(options.requireApproval === true && { requireApproval: true }),
    execute: (_input, context) => {
      const { idempotencyKey }: { idempotencyKey: string } = context.requestContext?.get("holdfast") ?? { idempotencyKey: "none" };
      executed.push(`lookup ${idempotencyKey}`);
      return Promise.resolve({ found: true });
    },
  });
  const helper = new Agent({
    id: "researcher",
    name: "researcher",
    description: "Researches.",
    instructions: "Research.",
    model: researcher,
    tools: { lookup },
  });
  const shop = await openShop({
    store: options.store ?? "memory",
    script: (prompt) =>
      toolResultsIn(prompt).length === 0 ? [call("agent-researcher", { prompt: "find x" }, { id: "c1" }), usage(10)] : [say("The answer is x."), usage(20)],
    agent: { agents: { researcher: helper } },
  });
  shops.push(shop);
  return { shop, researcher, executed };
}

describe("a sub-agent", () => {
  test("has its model calls in the ledger under its own path and name, and on the bill", async () => {
    const { shop } = await openTeam();
    const run = await shop.ask("go", { threadId: "t" });
    expect(await endOf(shop, run)).toBe("run-completed");
    const { entries, bill, totals } = await shop.engine.usage(ANN, run.id);
    expect(entries.map(({ path, call: number, state, agentId, modelId, usage: used }) => [path, number, state, agentId, modelId, used?.inputTokens])).toEqual([
      ["", 0, "settled", "clerk", "script-1", 10],
      ["c1", 0, "settled", "researcher", "researcher-1", 100],
      ["c1", 1, "settled", "researcher", "researcher-1", 200],
      ["", 1, "settled", "clerk", "script-1", 20],
    ]);
    expect(bill?.billable.usage.inputTokens).toBe(330);
    expect(totals.cost.calls.settled).toBe(4);
  });

  test("has its tools' starts on record before they execute, each with its key", async () => {
    const { shop, executed } = await openTeam();
    const run = await shop.ask("go", { threadId: "t" });
    await endOf(shop, run);
    const told = (await shop.log(run))
      .map(({ event }) => innermost(event))
      .filter(({ inner }) => inner.type === "tool-started" || inner.type === "tool-result");
    expect(told.map(({ path, inner }) => [path, inner.type, "toolCallId" in inner && inner.toolCallId])).toEqual([
      ["", "tool-started", "c1"],
      ["c1", "tool-started", "c1/n1"],
      ["c1", "tool-result", "c1/n1"],
      ["", "tool-result", "c1"],
    ]);
    expect(executed).toEqual([`lookup ${run.id}:c1/n1`]);
  });

  test.each(["memory", "sqlite"] as const)("whose tool needs an approval stops the run, and goes on where it stood, on the %s store", async (store) => {
    const { shop, executed, researcher } = await openTeam({ requireApproval: true, store });
    const run = await shop.ask("go", { threadId: "t" });
    expect(await endOf(shop, run)).toBe("run-suspended");
    const { interrupts } = await shop.engine.listInterrupts(ANN, { runId: run.id, limit: 10 });
    expect(interrupts).toMatchObject([{ toolCallId: "c1/n1", toolName: "lookup", input: { q: "x" } }]);
    const partOf = async (): Promise<unknown> => {
      const parts = (await shop.engine.messages(ANN, "t"))[1]?.["parts"] as readonly { readonly toolCallId?: string }[];
      return parts.map(({ toolCallId }) => toolCallId).includes("c1/n1") && parts[2];
    };
    expect(await partOf()).toMatchObject({ type: "tool-lookup", toolCallId: "c1/n1", state: "approval-requested" });
    expect(executed).toEqual([]);
    const { run: child } = await shop.engine.answer(ANN, [{ interruptId: interrupts[0]?.id ?? "", answer: { approved: true } }]);
    expect(await endOf(shop, child as Run)).toBe("run-completed");
    expect(executed).toEqual([`lookup ${run.id}:c1/n1`]);
    expect(researcher.requests).toHaveLength(2);
    expect(shop.model.requests).toHaveLength(2);
    expect((await shop.engine.messages(ANN, "t")).map((message) => textIn(message))).toEqual(["go", "The answer is x."]);
    expect(await partOf()).toMatchObject({ type: "tool-lookup", toolCallId: "c1/n1", state: "output-available", output: { found: true } });
    // The model is shown what it said itself only.
    await endOf(shop, await shop.ask("more", { threadId: "t" }));
    expect(JSON.stringify(shop.model.requests.at(-1)?.prompt)).not.toContain("c1/n1");
    const used = await Promise.all([run, child as Run].map(async ({ id }) => (await shop.engine.usage(ANN, id)).bill?.billable.usage.inputTokens));
    expect(used).toEqual([110, 220]);
  });
});
