import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { call, say, scriptedModel } from "../../src/testkit/scripted-model.ts";
import { answerAll, BEA, endIn, logOf, openWorkshop, resultIn, type Workshop } from "./workshop.ts";

let directory = "";
let memory: Memory;
const shops: Workshop[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-step-memory-"));
  memory = new Memory({ storage: new LibSQLStore({ id: "memory", url: `file:${join(directory, "memory.db")}` }), options: { lastMessages: 10 } });
});
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Asked {
  readonly requireApproval?: boolean;
  readonly step?: object;
  /** Of the agent itself. */
  readonly memoryOptions?: object;
  hold?(): Promise<void>;
}

/** A workflow with an agent that keeps its conversation in a thread, and whose last model call may be held. */
async function remembering({ requireApproval, step, memoryOptions, hold }: Asked): Promise<Workshop> {
  const shop = await openWorkshop((done) => {
    const lookup = createTool({
      id: "lookup",
      description: "looks up",
      inputSchema: z.object({}),
      ...(requireApproval === true && { requireApproval }),
      execute: async () => ({ found: true }),
    });
    const model = scriptedModel({
      calls: (prompt) => (prompt.at(-1)?.role === "tool" ? [say("Found.")] : [say("Looking."), call("lookup", {}, { id: "c1" })]),
      onCall: async ({ prompt }) => {
        done.push(`model ${prompt.length}`);
        if (prompt.at(-1)?.role === "tool") await hold?.();
      },
    });
    const writer = new Agent({
      id: "writer",
      name: "Writer",
      instructions: "x",
      model,
      tools: { lookup },
      memory,
      ...(memoryOptions && { defaultOptions: { memory: { thread: "t", resource: "bea", options: memoryOptions } } }),
    });
    const begun = createWorkflow({ id: "draft", inputSchema: z.object({ prompt: z.string() }), outputSchema: z.any() });
    return { draft: begun.then(createStep(writer, { memory: { thread: "t", resource: "bea" }, ...step })).commit() as never };
  });
  shops.push(shop);
  return shop;
}

async function kept(): Promise<readonly unknown[]> {
  const { messages } = await memory.recall({ threadId: "t", resourceId: "bea" });
  return messages.map(({ role, content }) => [role, content.parts.flatMap((part) => (part.type === "text" ? [part.text] : []))]);
}

describe("the thread of an agent that is a step", () => {
  test.each([
    ["that saves when it has ended", {}],
    ["that would save each of its steps", { savePerStep: true }],
  ])("has the conversation of one %s once where another process takes it over", async (_name, more) => {
    const held = Promise.withResolvers<void>();
    let holds = true;
    const step = { memory: { thread: "t", resource: "bea" }, ...more };
    const shop = await remembering({ step, hold: () => (holds ? held.promise : Promise.resolve()) });
    const run = await shop.start("draft", { prompt: "go" });
    await expect.poll(() => shop.done.length).toBe(2);
    holds = false;
    const other = await shop.second();
    await shop.engine.drain(0);
    held.resolve();
    expect(resultIn(await logOf(other, run))).toEqual({ text: "Looking.Found." });
    expect(await kept()).toEqual([
      ["user", ["go"]],
      ["assistant", ["Looking.", "Found."]],
    ]);
    expect(shop.done).toEqual(["model 2", "model 4", "model 4"]);
  });

  test("has nothing of one that asks, also where the agent has options of its own for its memory", async () => {
    const shop = await remembering({
      requireApproval: true,
      step: { maxSteps: 1, memory: { thread: "t", resource: "bea", options: { semanticRecall: false } } },
      memoryOptions: { lastMessages: 5 },
    });
    const run = await shop.start("draft", { prompt: "go" });
    expect(endIn(await shop.log(run))?.type).toBe("run-suspended");
    expect(await kept()).toEqual([]);
  });

  test("has nothing of one that was canceled on its way", async () => {
    const shop = await remembering({ hold: () => new Promise(() => undefined) });
    const run = await shop.start("draft", { prompt: "go" });
    await expect.poll(() => shop.done.length).toBe(2);
    await shop.engine.cancel(BEA, run.id);
    expect(endIn(await shop.log(run))?.type).toBe("run-canceled");
    expect(await kept()).toEqual([]);
  });

  test("has the conversation once where the last step that it may take asked", async () => {
    const shop = await remembering({ requireApproval: true, step: { maxSteps: 1 } });
    const run = await shop.start("draft", { prompt: "go" });
    await shop.log(run);
    expect(await kept()).toEqual([]);
    await shop.log(await answerAll(shop.engine, run, { approved: true }));
    expect(await kept()).toEqual([
      ["user", ["go"]],
      ["assistant", ["Looking."]],
    ]);
  });
});
