import { Agent, TripWire } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { call, refuse, say, scriptedModel, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { COUNT, endIn, handedOver, logOf, opened, type Workshop } from "./workshop.ts";

const flow = (id: string, options: object = {}): ReturnType<typeof createWorkflow> =>
  createWorkflow({ id, inputSchema: z.any(), outputSchema: z.any(), ...options }) as never;

/** A workflow that tries the one inside it again. */
const trying = (inner: unknown): never =>
  flow("outer", { retryConfig: { attempts: 1 } })
    .then(inner as never)
    .commit() as never;

/** A step that does with each item what it is told, and notes it. `isFirst`: it was not at this item before. */
const item = (done: string[], act: (n: number, isFirst: boolean) => Promise<unknown>): never =>
  createStep({
    id: "item",
    inputSchema: COUNT,
    outputSchema: z.any(),
    execute: async ({ inputData: { n } }) => {
      done.push(`item ${n}`);
      return act(n, done.filter((line) => line === `item ${n}`).length === 1);
    },
  }) as never;

const fail = (): never => {
  throw new Error("a plain failure");
};
const never = (): Promise<never> => new Promise(() => undefined);
const times = (shop: Workshop, line: string): number => shop.done.filter((noted) => noted === line).length;

describe("a step that was cut in a workflow inside is not executed by another try of that workflow", () => {
  test("where another item of its list had failed", async () => {
    const shop = await opened((done) => ({
      outer: trying(
        flow("inner")
          .foreach(
            item(done, async (n, isFirst) => (n === 1 ? fail() : isFirst && never())),
            { concurrency: 2 },
          )
          .commit(),
      ),
    }));
    const log = await handedOver(shop, await shop.start("outer", [{ n: 1 }, { n: 2 }]), "inner/item failed", "inner/item#2 started");
    expect(endIn(log)).toMatchObject({ type: "run-failed", error: { message: "a plain failure" } });
    expect(shop.done).toEqual(["item 1", "item 2"]);
  });

  test("where its list is not gone through to it any more, since an item before it had failed", async () => {
    const shop = await opened((done) => {
      const under = Promise.withResolvers<void>();
      const act = async (n: number, isFirst: boolean): Promise<unknown> => {
        if (n === 1) return {};
        if (n === 2) return under.promise.then(fail);
        under.resolve();
        return isFirst && never();
      };
      return {
        outer: trying(flow("inner").foreach(item(done, act), { concurrency: 2 }).commit()),
      };
    });
    const run = await shop.start("outer", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    const log = await handedOver(shop, run, "inner/item#2 failed", "inner/item#3 started");
    expect(endIn(log)).toMatchObject({ type: "run-failed", error: { message: "a plain failure" } });
    expect(times(shop, "item 3")).toBe(1);
  });

  test("where a processor had stopped the step beside it", async () => {
    const shop = await opened((done) => {
      const guard = createStep({
        id: "guard",
        inputSchema: COUNT,
        outputSchema: COUNT,
        execute: async () => {
          throw new TripWire("not allowed", {}, "guardian");
        },
      });
      return {
        outer: trying(
          flow("inner")
            .parallel([guard, item(done, async (_n, isFirst) => isFirst && never())] as never)
            .commit(),
        ),
      };
    });
    const log = await handedOver(shop, await shop.start("outer", { n: 1 }), "inner/guard failed", "inner/item started");
    expect(endIn(log)).toEqual({ type: "run-completed", finishReason: "other" });
    expect(shop.done).toEqual(["item 1"]);
  });
});

/** An agent that pays, whose provider refuses it the first time that it tells of that. */
function payer(done: string[], hold: () => Promise<unknown>): Agent {
  const pay = createTool({
    id: "pay",
    description: "pays",
    inputSchema: z.object({}),
    execute: async () => {
      done.push("pays");
      await hold();
      return { paid: true };
    },
  });
  const model = scriptedModel({
    calls: (prompt) => {
      if (toolResultsIn(prompt).length === 0) return [call("pay", {}, { id: "c1" })];
      done.push("tells");
      return done.filter((line) => line === "tells").length === 1 ? [refuse(new Error("bad day"))] : [say("Paid.")];
    },
  });
  return new Agent({ id: "payer", name: "Payer", instructions: "x", model, maxRetries: 0, tools: { pay } });
}

describe("an agent whose tool was cut", () => {
  const cut = async (idempotentTools: readonly string[]): Promise<{ readonly shop: Workshop; readonly end: unknown }> => {
    let holds = true;
    const shop = await opened(
      (done) => ({
        paying: flow("paying")
          .then(
            createStep(
              payer(done, async () => holds && never()),
              { retries: 1 },
            ) as never,
          )
          .commit(),
      }),
      { idempotentTools },
    );
    const run = await shop.start("paying", { prompt: "go" });
    await expect.poll(() => shop.done).toEqual(["pays"]);
    holds = false;
    const other = await shop.second();
    await shop.engine.drain(0);
    return { shop, end: endIn(await logOf(other, run)) };
  };

  test("is not tried again where it fails, since its model would not know of that call", async () => {
    const { shop, end } = await cut([]);
    expect(end).toMatchObject({ type: "run-failed", error: { message: "bad day" } });
    expect(shop.done).toEqual(["pays", "tells"]);
  });

  test("is tried again where the tool may be used twice", async () => {
    const { shop, end } = await cut(["pay"]);
    expect(end).toMatchObject({ type: "run-completed" });
    expect(shop.done).toEqual(["pays", "pays", "tells", "pays", "tells"]);
  });
});
