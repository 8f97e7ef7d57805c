import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { call, refuse, say, scriptedModel, stop, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { BEA, logOf, opened, resultIn, stepsIn } from "./workshop.ts";

describe("an agent that is a step, and fails", () => {
  const usage = (inputTokens: number): ReturnType<typeof stop> => stop({ usage: { inputTokens, outputTokens: 1 } });

  /** Looks something up, and is refused by its provider in the first call that follows. */
  function clerk(done: string[], hold?: () => Promise<void>): Agent {
    const lookup = createTool({
      id: "lookup",
      description: "looks up",
      inputSchema: z.object({}),
      execute: async (_input, context) => {
        const { idempotencyKey }: { idempotencyKey: string } = context.requestContext?.get("holdfast") ?? { idempotencyKey: "none" };
        done.push(`lookup ${idempotencyKey.split(":")[1]}`);
        return { found: true };
      },
    });
    const model = scriptedModel({
      calls: (prompt) => {
        if (toolResultsIn(prompt).length === 0) return [say("Looking."), call("lookup", {}, { id: "c1" }), usage(10)];
        if (done.filter((line) => line === "answers").length === 1) return [refuse(new Error("bad day"))];
        return [say("Found."), usage(20)];
      },
      onCall: async ({ prompt }) => {
        if (toolResultsIn(prompt).length === 0) return;
        done.push("answers");
        await hold?.();
      },
    });
    return new Agent({ id: "clerk", name: "Clerk", instructions: "x", model, maxRetries: 0, tools: { lookup } });
  }

  const drafting = (agent: Agent): never =>
    createWorkflow({ id: "draft", inputSchema: z.object({ prompt: z.string() }), outputSchema: z.any() })
      .then(createStep(agent, { retries: 1 }))
      .commit() as never;

  test("asks its model anew when it is tried again, and every call is on the bill once", async () => {
    const shop = await opened((done) => ({ draft: drafting(clerk(done)) }));
    const run = await shop.start("draft", { prompt: "go" });
    const log = await shop.log(run);
    expect(resultIn(log)).toEqual({ text: "Looking.Found." });
    expect(stepsIn(log)).toEqual(["run-started", "clerk started", "clerk failed", "clerk~2 started", "clerk~2 success", "run-completed"]);
    expect(shop.done).toEqual(["lookup clerk/c1", "answers", "lookup clerk~2/c1", "answers"]);
    const { entries, bill } = await shop.engine.usage(BEA, run.id);
    expect(entries.map(({ path, call: number, usage: used }) => [path, number, used?.inputTokens])).toEqual([
      ["clerk", 0, 10],
      ["clerk", 1, undefined],
      ["clerk~2", 0, 10],
      ["clerk~2", 1, 20],
    ]);
    expect(bill?.billable.usage.inputTokens).toBe(40);
  });

  test("goes on in its second try where that was, when another process takes over", async () => {
    const held = Promise.withResolvers<void>();
    let holds = true;
    const shop = await opened((done) => ({
      draft: drafting(clerk(done, () => (holds && done.filter((line) => line === "answers").length === 2 ? held.promise : Promise.resolve()))),
    }));
    const run = await shop.start("draft", { prompt: "go" });
    await expect.poll(() => shop.done.filter((line) => line === "answers").length).toBe(2);
    holds = false;
    const other = await shop.second();
    await shop.engine.drain(0);
    held.resolve();
    const log = await logOf(other, run);
    expect(resultIn(log)).toEqual({ text: "Looking.Found." });
    expect(shop.done).toEqual(["lookup clerk/c1", "answers", "lookup clerk~2/c1", "answers", "answers"]);
    expect(stepsIn(log)).toEqual(["run-started", "clerk started", "clerk failed", "clerk~2 started", "clerk~2 success", "run-completed"]);
  });
});
