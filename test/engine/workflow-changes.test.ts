import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { createStep, createWorkflow, type AnyWorkflow } from "@mastra/core/workflows";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { call, say, scriptedModel, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { answerAll, askedBy, asking, COUNT, counting, endIn, logOf, openWorkshop, resultIn, type Workshop } from "./workshop.ts";

const shops: Workshop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

const flow = (id: string): ReturnType<typeof createWorkflow> => createWorkflow({ id, inputSchema: z.any(), outputSchema: z.any() }) as never;

type Build = (done: string[]) => ReturnType<typeof createWorkflow>;

/** Each engine that is opened has the next of these workflows. */
async function deployed(...builds: readonly [Build, ...Build[]]): Promise<Workshop> {
  let deployment = 0;
  const shop = await openWorkshop((done) => ({ buy: ((builds[deployment++] ?? builds[0])(done) as AnyWorkflow).commit() as never }));
  shops.push(shop);
  return shop;
}

describe("a workflow that was not changed", () => {
  test("takes each answer to a step that stands in several of its places", async () => {
    const shop = await deployed((done) => {
      const ask = asking("amount", done);
      return flow("buy").then(ask).then(counting("between", done)).then(ask);
    });
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    const child = await answerAll(shop.engine, run, { amount: 2 });
    await shop.log(child);
    expect(resultIn(await shop.log(await answerAll(shop.engine, child, { amount: 3 })))).toEqual({ n: 7 });
    expect(shop.done).toEqual(["amount asks", "amount got 2", "between 3", "amount asks", "amount got 3"]);
  });
});

/** An agent that pays once somebody says that it may. */
function payer(done: string[]): Agent {
  const pay = createTool({
    id: "pay",
    description: "pays",
    inputSchema: z.object({}),
    requireApproval: true,
    execute: async () => {
      done.push("paid");
      return {};
    },
  });
  const model = scriptedModel({ calls: (prompt) => (toolResultsIn(prompt).length === 0 ? [call("pay", {}, { id: "c1" })] : [say("Paid.")]) });
  return new Agent({ id: "payer", name: "Payer", instructions: "x", model, tools: { pay } });
}

describe("a workflow that was changed under a question", () => {
  const paying: Build = (done) =>
    flow("buy").then(
      flow("inner")
        .then(createStep(payer(done)) as never)
        .commit() as never,
    );
  const other = (id: string): never => createStep({ id, inputSchema: z.any(), outputSchema: z.any(), execute: async () => ({}) }) as never;

  test.each<[string, Build]>([
    ["the step", () => flow("buy").then(flow("inner").then(other("else")).commit() as never)],
    ["the workflow around it", () => flow("buy").then(other("else"))],
  ])("of an agent's tool refuses the answer where %s is gone, and takes it once it is back", async (_name, after) => {
    const shop = await deployed(paying, after, paying);
    const run = await shop.start("buy", { prompt: "go" });
    await shop.log(run);
    const changed = await shop.second();
    await expect(answerAll(changed, run, { approved: true })).rejects.toMatchObject({ code: "WORKFLOW_CHANGED" });
    expect((await askedBy(changed, run))[0]?.status).toBe("pending");
    const restored = await shop.second();
    await changed.close();
    await shop.engine.close();
    expect(endIn(await logOf(restored, await answerAll(restored, run, { approved: true })))?.type).toBe("run-completed");
    expect(shop.done).toEqual(["paid"]);
  });

  test("of an item of a list refuses the answer where another step was put before that list", async () => {
    const items = createWorkflow({ id: "buy", inputSchema: z.array(COUNT), outputSchema: z.any() }) as never as ReturnType<typeof createWorkflow>;
    const shop = await deployed(
      (done) => items.foreach(asking("amount", done) as never),
      (done) =>
        flow("buy")
          .then(other("extra"))
          .foreach(asking("amount", done) as never),
    );
    const run = await shop.start("buy", [{ n: 1 }]);
    await shop.log(run);
    await expect(answerAll(await shop.second(), run, { amount: 2 })).rejects.toMatchObject({ code: "WORKFLOW_CHANGED" });
  });
});
