import { createWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { answerAll, askedBy, asking, BEA, COUNT, counting, endIn, logOf, opened, resultIn, stepsIn } from "./workshop.ts";

const flow = (id: string): ReturnType<typeof createWorkflow> => createWorkflow({ id, inputSchema: COUNT, outputSchema: z.any() }) as never;

describe("a step that asks", () => {
  test.each([{ isWithoutStorage: false }, { isWithoutStorage: true }])(
    "suspends the run, and is answered in another process, from where the step stands ($isWithoutStorage)",
    async (options) => {
      const shop = await opened(
        (done) => ({ buy: flow("buy").then(counting("first", done)).then(asking("amount", done)).then(counting("last", done)).commit() }),
        options,
      );
      const run = await shop.start("buy", { n: 1 });
      const log = await shop.log(run);
      expect(stepsIn(log)).toEqual(["run-started", "first started", "first success", "amount started", "amount suspended", "run-suspended"]);
      const [question] = await askedBy(shop.engine, run);
      expect(question).toMatchObject({
        kind: "workflow-suspend",
        agentId: "buy",
        toolCallId: "amount",
        toolName: "amount",
        stepPath: ["amount"],
        input: { n: 2 },
        payload: { question: "How much for 2?" },
        resumeSchema: { type: "object", properties: { amount: { type: "number", minimum: 1 } }, required: ["amount"] },
      });
      const other = await shop.second();
      const child = await answerAll(other, run, { amount: 5 });
      const rest = await logOf(other, child);
      expect(stepsIn(rest)).toEqual(["run-started", "amount started", "amount success", "last started", "last success", "run-completed"]);
      expect(resultIn(rest)).toEqual({ n: 8 });
      expect(shop.done).toEqual(["first 1", "amount asks", "amount got 5", "last 7"]);
      if (!options.isWithoutStorage) expect(await shop.kept()).toBe(0);
    },
  );

  test("is not answered with what its schema refuses, and says why", async () => {
    const shop = await opened((done) => ({ buy: flow("buy").then(asking("amount", done)).commit() }));
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    await expect(answerAll(shop.engine, run, { amount: 0 })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringMatching(/amount: .*>=1/) as string,
    });
    const child = await answerAll(shop.engine, run, { amount: 1 });
    expect(resultIn(await shop.log(child))).toEqual({ n: 2 });
  });

  test("goes on once, whoever answers first, of two engines that are asked at the same time", async () => {
    const shop = await opened((done) => ({ buy: flow("buy").then(asking("amount", done)).commit() }));
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    const other = await shop.second();
    const results = await Promise.allSettled([answerAll(shop.engine, run, { amount: 1 }), answerAll(other, run, { amount: 2 })]);
    const [won, ...more] = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    expect(more).toEqual([]);
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "ALREADY_ANSWERED" } });
    if (won === undefined) throw new Error("nobody won");
    await shop.log(won);
    expect(shop.done.filter((line) => line.startsWith("amount got"))).toHaveLength(1);
  });

  test("may be one of several, which are all answered, and one in a workflow inside", async () => {
    const shop = await opened((done) => ({
      buy: flow("buy")
        .parallel([asking("one", done), flow("inner").then(counting("before", done)).then(asking("two", done)).commit()] as never)
        .commit(),
    }));
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    const asked = await askedBy(shop.engine, run);
    expect(asked.map(({ toolCallId, stepPath }) => [toolCallId, stepPath])).toEqual([
      ["one", ["one"]],
      ["inner/two", ["inner", "two"]],
    ]);
    const child = await answerAll(await shop.second(), run, { amount: 10 }, { amount: 20 });
    const log = await shop.log(child);
    expect(resultIn(log)).toEqual({ one: { n: 11 }, inner: { n: 22 } });
    expect(shop.done.toSorted()).toEqual(["before 1", "one asks", "one got 10", "two asks", "two got 20"]);
  });

  test("may ask in each turn of a loop, and for each item of a list", async () => {
    const shop = await opened((done) => ({
      loop: flow("loop")
        .dountil(asking("amount", done) as never, async ({ inputData }) => (inputData as { n: number }).n >= 4)
        .commit(),
      list: createWorkflow({ id: "list", inputSchema: z.array(COUNT), outputSchema: z.any() })
        .foreach(asking("amount", done) as never)
        .commit() as never,
    }));
    const first = await shop.start("loop", { n: 1 });
    await shop.log(first);
    const second = await answerAll(shop.engine, first, { amount: 1 });
    const log = await shop.log(second);
    expect(stepsIn(log)).toEqual(["run-started", "amount started", "amount success", "amount#2 started", "amount#2 suspended", "run-suspended"]);
    expect(resultIn(await shop.log(await answerAll(shop.engine, second, { amount: 2 })))).toEqual({ n: 4 });

    let run = await shop.start("list", [{ n: 1 }, { n: 1 }]);
    await shop.log(run);
    for (const amount of [5, 7]) {
      run = await answerAll(shop.engine, run, { amount });
      await shop.log(run);
    }
    expect(resultIn(await shop.log(run))).toEqual([{ n: 6 }, { n: 8 }]);
  });

  test("may be declined, which fails it", async () => {
    const shop = await opened((done) => ({ buy: flow("buy").then(asking("amount", done)).commit() }));
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    const [question] = await askedBy(shop.engine, run);
    const { run: child } = await shop.engine.answer(BEA, [{ interruptId: question?.id ?? "", answer: "too dear", isDeclined: true }]);
    if (child === undefined) throw new Error("no run goes on");
    expect(endIn(await shop.log(child))).toMatchObject({ type: "run-failed", error: { message: "too dear" } });
    expect(shop.done).toEqual(["amount asks"]);
  });

  test("is closed when its run is canceled", async () => {
    const shop = await opened((done) => ({ buy: flow("buy").then(asking("amount", done)).commit() }));
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    const ended = await shop.engine.cancel(BEA, run.id);
    expect(endIn(await shop.log(ended))?.type).toBe("run-canceled");
    await expect(answerAll(shop.engine, run, { amount: 1 })).rejects.toMatchObject({ code: "INTERRUPT_CLOSED" });
    expect(shop.done).toEqual(["amount asks"]);
  });
});
