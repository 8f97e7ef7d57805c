import { createStep, createWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { BEA, COUNT, counting, endIn, opened, resultIn, stepsIn } from "./workshop.ts";

const flow = (id: string): ReturnType<typeof createWorkflow> => createWorkflow({ id, inputSchema: COUNT, outputSchema: z.any() }) as never;

describe("a run that executes a workflow", () => {
  test("logs each step and ends with the workflow's result", async () => {
    const shop = await opened((done) => ({ add: flow("add").then(counting("one", done)).then(counting("two", done)).commit() }));
    const run = await shop.start("add", { n: 1 });
    const log = await shop.log(run);
    expect(stepsIn(log)).toEqual(["run-started", "one started", "one success", "two started", "two success", "run-completed"]);
    expect(log.find(({ event }) => event.type === "workflow-step-started")?.event).toEqual({
      type: "workflow-step-started",
      callId: "one",
      stepId: "one",
      input: { n: 1 },
    });
    expect(resultIn(log)).toEqual({ n: 3 });
    expect(shop.done).toEqual(["one 1", "two 2"]);
    expect(await shop.engine.getRun(BEA, run.id)).toMatchObject({ agentId: "add", status: "completed" });
  });

  test("is refused with what the workflow's schema says of a bad input, and leaves nothing behind", async () => {
    const shop = await opened((done) => ({ add: flow("add").then(counting("one", done)).commit() }));
    await expect(shop.start("add", { n: "many" })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringMatching(/workflow add\. n: .*expected number/i) as string,
    });
    await expect(shop.start("none", {})).rejects.toMatchObject({ code: "WORKFLOW_NOT_FOUND" });
    expect((await shop.engine.listRuns(BEA, { limit: 5 })).runs).toEqual([]);
    expect(shop.engine.listWorkflows()).toEqual([{ id: "add" }]);
  });

  test("fails with the message of the step that failed, once the tries that the step asks for are used up", async () => {
    const shop = await opened((done) => ({
      add: flow("add")
        .then(
          createStep({
            id: "breaks",
            inputSchema: COUNT,
            outputSchema: COUNT,
            retries: 2,
            execute: async ({ retryCount }) => {
              done.push(`try ${retryCount}`);
              throw new Error("no stock in /srv/app/stock.ts");
            },
          }) as never,
        )
        .then(counting("after", done))
        .commit(),
    }));
    const log = await shop.log(await shop.start("add", { n: 1 }));
    expect(stepsIn(log).slice(-3)).toEqual(["breaks~3 started", "breaks~3 failed", "run-failed"]);
    expect(endIn(log)).toMatchObject({ error: { code: "AGENT_FAILED", message: "no stock in …" } });
    expect(shop.done).toEqual(["try 0", "try 1", "try 2"]);
  });

  test("fails with what is wrong with the input of a step", async () => {
    const wrong = createStep({ id: "wrong", inputSchema: COUNT, outputSchema: z.any(), execute: async () => ({ n: "many" }) });
    const shop = await opened((done) => ({
      add: flow("add")
        .then(wrong as never)
        .then(counting("after", done))
        .commit(),
    }));
    const log = await shop.log(await shop.start("add", { n: 1 }));
    expect(endIn(log)).toMatchObject({ error: { message: "Step input validation failed: n: Invalid input: expected number, received string" } });
    expect(shop.done).toEqual([]);
  });

  test("numbers the turns of a loop and the items of a list, and names what lies in a nested workflow behind it", async () => {
    const shop = await opened((done) => ({
      all: flow("all")
        .dountil(counting("turn", done) as never, async ({ inputData }) => (inputData as { n: number }).n >= 3)
        .map(async ({ inputData }) => [{ n: (inputData as { n: number }).n }, { n: 9 }])
        .foreach(counting("item", done) as never, { concurrency: 2 })
        .map(async ({ inputData }) => ({ n: (inputData as { n: number }[]).reduce((sum, { n }) => sum + n, 0) }))
        .then(flow("inner").then(counting("deep", done)).commit() as never)
        .commit(),
    }));
    const log = await shop.log(await shop.start("all", { n: 1 }));
    expect(stepsIn(log).filter((line) => line.endsWith(" started"))).toEqual([
      "turn started",
      "turn#2 started",
      "map started",
      "item started",
      "item#2 started",
      "map#2 started",
      "inner started",
      "inner/deep started",
    ]);
    expect(resultIn(log)).toEqual({ n: 15 });
  });

  test("keeps what steps write, in the order in which they write it, before the step ends", async () => {
    const shop = await opened(() => ({
      add: flow("add")
        .then(
          createStep({
            id: "writes",
            inputSchema: COUNT,
            outputSchema: COUNT,
            execute: async ({ inputData, writer }) => {
              await writer.write({ half: true });
              for (let at = 0; at < 30; at += 1) void writer.custom({ type: "data-mark", data: { at } });
              return inputData;
            },
          }) as never,
        )
        .commit(),
    }));
    const log = await shop.log(await shop.start("add", { n: 1 }));
    const marks = log.flatMap(({ event }) => (event.type === "data" ? [event.data] : []));
    expect(marks).toEqual(Array.from({ length: 30 }, (_, at) => ({ at })));
    expect(log.map(({ event }) => event.type).slice(2, 5)).toEqual(["workflow-step-started", "tool-progress", "data"]);
    expect(log.slice(4, 35).at(-1)?.event.type).toBe("workflow-step-finished");
    expect(log[3]?.event).toEqual({ type: "tool-progress", toolCallId: "writes", data: { half: true } });
    expect(log[4]?.event).toMatchObject({ name: "mark", data: { at: 0 } });
  });

  test("ends early where a step bails out, and shares the state that steps set", async () => {
    const shop = await opened((done) => ({
      early: flow("early")
        .then(
          createStep({
            id: "sets",
            inputSchema: COUNT,
            outputSchema: COUNT,
            stateSchema: z.object({ seen: z.number().optional() }),
            execute: async ({ inputData, setState }) => {
              await setState({ seen: inputData.n });
              return inputData;
            },
          }) as never,
        )
        .then(
          createStep({
            id: "bails",
            inputSchema: COUNT,
            outputSchema: COUNT,
            stateSchema: z.object({ seen: z.number().optional() }),
            execute: async ({ state, bail }) => bail({ n: (state.seen ?? 0) * 100 }),
          }) as never,
        )
        .then(counting("never", done))
        .commit(),
    }));
    const log = await shop.log(await shop.start("early", { n: 4 }));
    expect(resultIn(log)).toEqual({ n: 400 });
    expect(endIn(log)?.type).toBe("run-completed");
    expect(shop.done).toEqual([]);
  });

  test("happens once for one idempotency key, and has no messages in its thread", async () => {
    const shop = await opened((done) => ({ add: flow("add").then(counting("one", done)).commit() }));
    const run = await shop.start("add", { n: 1 }, { idempotencyKey: "k", threadId: "orders" });
    expect((await shop.start("add", { n: 1 }, { idempotencyKey: "k", threadId: "orders" })).id).toBe(run.id);
    await expect(shop.start("add", { n: 2 }, { idempotencyKey: "k", threadId: "orders" })).rejects.toMatchObject({ code: "IDEMPOTENCY_MISMATCH" });
    await shop.log(run);
    expect(shop.done).toEqual(["one 1"]);
    expect(await shop.engine.messages(BEA, "orders")).toEqual([]);
    expect(await shop.engine.getThread(BEA, "orders")).toMatchObject({ id: "orders", agentId: "add" });
    expect((await shop.engine.listThreads(BEA, { limit: 5 })).threads.map(({ id }) => id)).toEqual(["orders"]);
  });

  test("is its owner's alone, and starts on no thread of somebody else's", async () => {
    const shop = await opened((done) => ({ add: flow("add").then(counting("one", done)).commit() }));
    const run = await shop.start("add", { n: 1 }, { threadId: "orders" });
    await shop.log(run);
    const other = { resourceId: "carl" };
    await expect(shop.engine.getRun(other, run.id)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
    const request = { agentId: "add", threadId: "orders", input: { messages: [], trigger: "submit", workflow: { input: { n: 1 } } } } as const;
    await expect(shop.engine.start(other, request)).rejects.toMatchObject({ code: "THREAD_NOT_FOUND" });
    expect(shop.done).toEqual(["one 1"]);
  });

  test("stops when it is canceled, though a step does not heed its signal", async () => {
    const begun = Promise.withResolvers<void>();
    const shop = await opened((done) => ({
      slow: flow("slow")
        .then(
          createStep({
            id: "deaf",
            inputSchema: COUNT,
            outputSchema: COUNT,
            execute: async () => {
              begun.resolve();
              return new Promise<{ n: number }>(() => undefined);
            },
          }) as never,
        )
        .then(counting("after", done))
        .commit(),
    }));
    const run = await shop.start("slow", { n: 1 });
    await begun.promise;
    await shop.engine.cancel(BEA, run.id);
    expect(endIn(await shop.log(run))?.type).toBe("run-canceled");
    expect(shop.done).toEqual([]);
  });

  test("tells the step that is under way when it is canceled", async () => {
    const begun = Promise.withResolvers<void>();
    const shop = await opened((done) => ({
      slow: flow("slow")
        .then(
          createStep({
            id: "heeds",
            inputSchema: COUNT,
            outputSchema: COUNT,
            execute: async ({ abortSignal }) => {
              begun.resolve();
              await new Promise((resolve) => abortSignal.addEventListener("abort", resolve));
              done.push("heard of it");
              throw new Error("stopped");
            },
          }) as never,
        )
        .commit(),
    }));
    const run = await shop.start("slow", { n: 1 });
    await begun.promise;
    await shop.engine.cancel(BEA, run.id);
    const log = await shop.log(run);
    expect(stepsIn(log)).toEqual(["run-started", "heeds started", "run-canceled"]);
    expect(shop.done).toEqual(["heard of it"]);
  });
});
