import { Agent, TripWire } from "@mastra/core/agent";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { START } from "../../src/core/offset.ts";
import { say, scriptedModel } from "../../src/testkit/scripted-model.ts";
import { answerAll, asking, BEA, COUNT, counting, endIn, handedOver, logOf, opened, resultIn, stepsIn } from "./workshop.ts";

const flow = (id: string): ReturnType<typeof createWorkflow> => createWorkflow({ id, inputSchema: COUNT, outputSchema: z.any() }) as never;

/** A step that never ends the first time that it comes to this item. */
function stuck(id: string, done: string[], at: number): never {
  return createStep({
    id,
    inputSchema: COUNT,
    outputSchema: COUNT,
    execute: async ({ inputData: { n } }) => {
      done.push(`${id} ${n}`);
      const isFirst = done.filter((line) => line === `${id} ${n}`).length === 1;
      return n === at && isFirst ? new Promise<{ n: number }>(() => undefined) : { n: n + 1 };
    },
  }) as never;
}

describe("a workflow that another process goes on with", () => {
  test("does not execute the finished siblings of the step that was under way", async () => {
    const shop = await opened(
      (done) => ({
        both: flow("both")
          .parallel([counting("quick", done), stuck("slow", done, 1)] as never)
          .commit(),
      }),
      { idempotentTools: ["both/slow"] },
    );
    const log = await handedOver(shop, await shop.start("both", { n: 1 }), "quick success", "slow started");
    expect(resultIn(log)).toEqual({ quick: { n: 2 }, slow: { n: 2 } });
    expect(shop.done).toEqual(["quick 1", "slow 1", "slow 1"]);
  });

  test("ends as a processor had ended it in the process before", async () => {
    const guard = createStep({
      id: "guard",
      inputSchema: COUNT,
      outputSchema: COUNT,
      execute: async () => {
        throw new TripWire("not allowed", {}, "guardian");
      },
    });
    const shop = await opened(
      (done) => ({
        both: flow("both")
          .parallel([guard, stuck("slow", done, 1)] as never)
          .commit(),
      }),
      { idempotentTools: ["both/slow"] },
    );
    const log = await handedOver(shop, await shop.start("both", { n: 1 }), "guard failed", "slow started");
    expect(log.find(({ event }) => event.type === "tripwire")?.event).toEqual({ type: "tripwire", reason: "not allowed", processorId: "guardian" });
    expect(endIn(log)?.type).toBe("run-completed");
  });

  test("executes of a list only the items that it had not finished, each once", async () => {
    const shop = await opened(
      (done) => ({
        list: createWorkflow({ id: "list", inputSchema: z.array(COUNT), outputSchema: z.any() })
          .foreach(stuck("item", done, 2), { concurrency: 2 })
          .commit() as never,
      }),
      { idempotentTools: ["list/item"] },
    );
    const run = await shop.start("list", [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
    const log = await handedOver(shop, run, "item success", "item#2 started", "item#3 success", "item#4 success");
    expect(resultIn(log)).toEqual([{ n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }]);
    expect(shop.done.toSorted()).toEqual(["item 1", "item 2", "item 2", "item 3", "item 4"]);
  });

  test("does not execute an item again that is nothing", async () => {
    const shop = await opened((done) => ({
      list: flow("list")
        .map(async () => [undefined, 2])
        .foreach(
          createStep({ id: "item", inputSchema: z.any(), outputSchema: z.any(), execute: async ({ inputData }) => done.push(String(inputData)) }) as never,
        )
        .map(async () => ({ n: 1 }))
        .then(asking("amount", done))
        .commit(),
    }));
    const run = await shop.start("list", { n: 1 });
    await shop.log(run);
    expect(resultIn(await shop.log(await answerAll(await shop.second(), run, { amount: 2 })))).toEqual({ n: 3 });
    expect(shop.done).toEqual(["undefined", "2", "amount asks", "amount got 2"]);
  });

  test("waits out the rest of a pause, and not the whole of it again", async () => {
    const shop = await opened((done) => ({
      pausing: flow("pausing")
        .then(counting("one", done))
        .sleep(async () => {
          done.push("how long");
          return 300;
        })
        .then(counting("two", done))
        .commit(),
    }));
    const log = await handedOver(shop, await shop.start("pausing", { n: 1 }), "sleep started");
    expect(stepsIn(log)).toEqual([
      "run-started",
      "one started",
      "one success",
      "sleep started",
      "sleep success",
      "two started",
      "two success",
      "run-completed",
    ]);
    expect(shop.done).toEqual(["one 1", "how long", "two 2"]);
    const [began, ended] = log.filter(({ event }) => "stepId" in event && event.stepId === "sleep");
    const { until } = (began?.event as { input?: { until?: number } } | undefined)?.input ?? {};
    expect(ended?.at).toBeGreaterThanOrEqual(until ?? Number.POSITIVE_INFINITY);
  });

  test("has the state that finished steps had set, and what was asked before", async () => {
    const shared = z.object({ total: z.number().optional() });
    const step = (id: string, add: number): never =>
      createStep({
        id,
        inputSchema: COUNT,
        outputSchema: COUNT,
        stateSchema: shared,
        execute: async ({ inputData, state, setState }) => {
          await setState({ total: (state.total ?? 0) + add });
          return { n: (state.total ?? 0) + inputData.n };
        },
      }) as never;
    const shop = await opened((done) => ({
      sums: createWorkflow({ id: "sums", inputSchema: COUNT, outputSchema: z.any(), stateSchema: shared })
        .then(step("first", 10))
        .then(asking("amount", done) as never)
        .then(step("second", 5))
        .commit() as never,
    }));
    const run = await shop.start("sums", { n: 1 });
    await shop.log(run);
    const other = await shop.second();
    expect(resultIn(await logOf(other, await answerAll(other, run, { amount: 2 })))).toEqual({ n: 13 });
  });
});

describe("a workflow's end", () => {
  test("is that of a processor where one stopped a step", async () => {
    const shop = await opened(() => ({
      guarded: flow("guarded")
        .then(
          createStep({
            id: "guard",
            inputSchema: COUNT,
            outputSchema: COUNT,
            execute: async () => {
              throw new TripWire("not allowed", {}, "guardian");
            },
          }) as never,
        )
        .commit(),
    }));
    const log = await shop.log(await shop.start("guarded", { n: 1 }));
    expect(log.find(({ event }) => event.type === "tripwire")?.event).toEqual({ type: "tripwire", reason: "not allowed", processorId: "guardian" });
    expect(endIn(log)).toEqual({ type: "run-completed", finishReason: "other" });
  });

  test("is the same for one that was made for Mastra's evented engine", async () => {
    const shop = await opened((done) => ({
      evented: createWorkflow({ id: "evented", inputSchema: COUNT, outputSchema: COUNT, schedule: { cron: "0 0 1 1 *", inputData: { n: 0 } } })
        .then(counting("one", done) as never)
        .commit() as never,
    }));
    expect(resultIn(await shop.log(await shop.start("evented", { n: 1 })))).toEqual({ n: 2 });
  });

  test("is a canceled run where it is canceled in a pause", async () => {
    const shop = await opened(() => ({ pausing: flow("pausing").sleep(60_000).commit() }));
    const run = await shop.start("pausing", { n: 1 });
    const watched = new AbortController();
    for await (const batch of shop.engine.tail(run, START, watched.signal)) if (stepsIn(batch).includes("sleep started")) break;
    watched.abort();
    await shop.engine.cancel(BEA, run.id);
    expect(endIn(await shop.log(run))?.type).toBe("run-canceled");
  });
});

test("a workflow that runs on a thread of an agent leaves its conversation as it is", async () => {
  const clerk = new Agent({ id: "clerk", name: "clerk", instructions: "Sell.", model: scriptedModel({ calls: [[say("Hello.")]] }) });
  const shop = await opened((done) => ({ add: flow("add").then(counting("one", done)).commit() }), { agents: { clerk } });
  const question = { id: "q1", role: "user", parts: [{ type: "text", text: "Hi" }] };
  const asked = await shop.engine.start(BEA, { agentId: "clerk", threadId: "t", input: { messages: [question], trigger: "submit" } });
  await shop.log(asked);
  const before = await shop.engine.messages(BEA, "t");
  await shop.log(await shop.start("add", { n: 1 }, { threadId: "t" }));
  expect(await shop.engine.messages(BEA, "t")).toEqual(before);
  expect(before.map(({ id }) => id)).toEqual(["q1", asked.messageId]);
  expect(await shop.engine.getThread(BEA, "t")).toMatchObject({ agentId: "clerk" });
});
