import { createScorer } from "@mastra/core/evals";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { answerAll, COUNT, openWorkshop, resultIn, type Workshop } from "./workshop.ts";

const shops: Workshop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

test("what a step gives is scored when it is executed, and not again when it comes from the log", async () => {
  const shop = await openWorkshop((done) => {
    const scorer = createScorer({ id: "size", description: "scores" }).generateScore(({ run }) => {
      done.push(`scored ${JSON.stringify(run.output)}`);
      return 1;
    });
    const turn = createStep({
      id: "turn",
      inputSchema: COUNT,
      outputSchema: COUNT,
      scorers: { size: { scorer } },
      execute: async ({ inputData, resumeData, suspend }) => (inputData.n === 2 && resumeData === undefined ? suspend({}) : { n: inputData.n + 1 }),
    });
    return {
      turns: createWorkflow({ id: "turns", inputSchema: COUNT, outputSchema: z.any() })
        .dountil(turn as never, async ({ inputData }) => (inputData as { n: number }).n >= 4)
        .commit() as never,
    };
  });
  shops.push(shop);
  const run = await shop.start("turns", { n: 1 });
  await shop.log(run);
  expect(resultIn(await shop.log(await answerAll(await shop.second(), run, {})))).toEqual({ n: 4 });
  await expect
    .poll(() => shop.done.filter((line) => line.startsWith('scored {"n"')).toSorted())
    .toEqual(['scored {"n":2}', 'scored {"n":3}', 'scored {"n":4}']);
});
