import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { createStep, createWorkflow, type AnyWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { call, say, scriptedModel, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { answerAll, askedBy, endIn, opened, resultIn, stepsIn } from "./workshop.ts";

/** An agent that pays, and says so. */
function payer(done: string[], options: { readonly tool?: object; readonly agent?: object; readonly amount?: number } = {}): Agent {
  const pay = createTool({
    id: "pay",
    description: "pays",
    inputSchema: z.object({ amount: z.number() }),
    ...options.tool,
    execute: async ({ amount }) => {
      done.push(`paid ${amount}`);
      return { paid: amount };
    },
  });
  const model = scriptedModel({
    calls: (prompt) => (toolResultsIn(prompt).length === 0 ? [call("pay", { amount: options.amount ?? 5 }, { id: "c1" })] : [say("Paid.")]),
  });
  return new Agent({ id: "payer", name: "Payer", instructions: "Pay.", model, tools: { pay }, ...options.agent });
}

const PROMPT = z.object({ prompt: z.string() });
const flow = (id: string): ReturnType<typeof createWorkflow> => createWorkflow({ id, inputSchema: PROMPT, outputSchema: z.any() }) as never;
const paying = (step: unknown): AnyWorkflow =>
  flow("paying")
    .then(step as never)
    .commit() as never;

describe("a tool of an agent that is a step of a workflow", () => {
  const dear = ({ args }: { readonly args: { readonly amount: number } }): boolean => args.amount > 3;
  test.each<[string, (done: string[]) => AnyWorkflow]>([
    ["the options of the step", (done) => paying(createStep(payer(done), { requireToolApproval: true }))],
    ["a rule in the options of the step", (done) => paying(createStep(payer(done), { requireToolApproval: dear as never }))],
    ["the options of the step, which also tries again", (done) => paying(createStep(payer(done), { requireToolApproval: true, retries: 2 }))],
    ["the agent's own options", (done) => paying(createStep(payer(done, { agent: { defaultOptions: { requireToolApproval: true } } })))],
    ["the tool", (done) => paying(createStep(payer(done, { tool: { requireApproval: true } })))],
    ["the tool of a step that also tries again", (done) => paying(createStep(payer(done, { tool: { requireApproval: true } }), { retries: 1 }))],
    ["a rule of the tool", (done) => paying(createStep(payer(done, { tool: { requireApproval: ({ amount }: { amount: number }) => amount > 3 } })))],
    ["the tool, in the last step that the agent may take", (done) => paying(createStep(payer(done, { tool: { requireApproval: true } }), { maxSteps: 1 }))],
    ["the options of an agent that the workflow names", (done) => flow("paying").agent(payer(done), { requireToolApproval: true }).commit() as never],
    [
      "a workflow inside",
      (done) =>
        flow("paying")
          .then(
            flow("inner")
              .then(createStep(payer(done), { requireToolApproval: true }) as never)
              .commit() as never,
          )
          .commit() as never,
    ],
  ])("waits for an approval that %s asks for, and executes once it is given", async (_name, build) => {
    const shop = await opened((done) => ({ paying: build(done) }));
    const run = await shop.start("paying", { prompt: "go" });
    const log = await shop.log(run);
    expect(shop.done).toEqual([]);
    expect(endIn(log)?.type).toBe("run-suspended");
    expect((await askedBy(shop.engine, run)).map(({ kind, toolName }) => [kind, toolName])).toEqual([["tool-approval", "pay"]]);
    const child = await answerAll(await shop.second(), run, { approved: true });
    expect(endIn(await shop.log(child))?.type).toBe("run-completed");
    expect(shop.done).toEqual(["paid 5"]);
  });

  test("needs none where the rule of the step says so", async () => {
    const shop = await opened((done) => ({ paying: paying(createStep(payer(done, { amount: 2 }), { requireToolApproval: dear as never })) }));
    const log = await shop.log(await shop.start("paying", { prompt: "go" }));
    expect(endIn(log)?.type).toBe("run-completed");
    expect(shop.done).toEqual(["paid 2"]);
  });

  test("waits where a sub-agent of the agent uses it, and the step asks for approvals", async () => {
    const shop = await opened((done) => {
      const model = scriptedModel({
        calls: (prompt) => (toolResultsIn(prompt).length === 0 ? [call("agent-payer", { prompt: "pay" }, { id: "d1" })] : [say("Done.")]),
      });
      const clerk = new Agent({ id: "clerk", name: "Clerk", instructions: "Delegate.", model, agents: { payer: payer(done) } });
      return { paying: paying(createStep(clerk, { requireToolApproval: ({ toolName }: { toolName: string }) => toolName === "pay" } as never)) };
    });
    const run = await shop.start("paying", { prompt: "go" });
    await shop.log(run);
    expect(shop.done).toEqual([]);
    expect((await askedBy(shop.engine, run)).map(({ toolCallId }) => toolCallId)).toEqual(["clerk/d1/c1"]);
    const log = await shop.log(await answerAll(shop.engine, run, { approved: true }));
    expect(resultIn(log)).toEqual({ text: "Done." });
    expect(shop.done).toEqual(["paid 5"]);
  });
});

describe("the options of a step that is an agent", () => {
  test("are those that the agent is executed with, with its own behind them", async () => {
    const shop = await opened((done) => {
      const agent = payer(done, {
        agent: {
          defaultOptions: {
            hooks: { afterToolCall: () => void done.push("after") },
            onStepFinish: () => void done.push("step of the agent"),
          },
        },
      });
      return {
        paying: paying(
          createStep(agent, {
            hooks: { beforeToolCall: () => void done.push("before") },
            prepareStep: () => void done.push("prepares"),
            onFinish: () => void done.push("finishes"),
          } as never),
        ),
      };
    });
    const log = await shop.log(await shop.start("paying", { prompt: "go" }));
    expect(stepsIn(log)).toEqual(["run-started", "payer started", "payer success", "run-completed"]);
    expect(shop.done).toEqual(["prepares", "before", "paid 5", "after", "step of the agent", "prepares", "step of the agent", "finishes"]);
  });

  test("may have callbacks that throw, which stops nothing", async () => {
    const throws = (): never => {
      throw new Error("callback");
    };
    const shop = await opened((done) => ({ paying: paying(createStep(payer(done), { onFinish: throws, onStepFinish: throws, onChunk: throws } as never)) }));
    const log = await shop.log(await shop.start("paying", { prompt: "go" }));
    expect(resultIn(log)).toEqual({ text: "Paid." });
    expect(shop.done).toEqual(["paid 5"]);
  });

  test("may not be a model of AI SDK v4, whose tools would have no gates", async () => {
    const shop = await opened(() => {
      const model = { specificationVersion: "v1", provider: "old", modelId: "old-1", defaultObjectGenerationMode: "json" };
      const agent = new Agent({ id: "old", name: "Old", instructions: "x", model: model as never });
      return { paying: paying(createStep(agent)) };
    });
    const log = await shop.log(await shop.start("paying", { prompt: "go" }));
    expect(endIn(log)).toMatchObject({ error: { message: "Agent old has a model of AI SDK v4, which cannot be run here; give it a newer one." } });
  });

  test("may ask for an object instead of a text", async () => {
    const shop = await opened(() => {
      const model = scriptedModel({ calls: [[say('{"ok":true}')]] });
      const agent = new Agent({ id: "judge", name: "Judge", instructions: "Judge.", model });
      return { paying: paying(createStep(agent, { structuredOutput: { schema: z.object({ ok: z.boolean() }) } })) };
    });
    expect(resultIn(await shop.log(await shop.start("paying", { prompt: "go" })))).toEqual({ ok: true });
  });
});
