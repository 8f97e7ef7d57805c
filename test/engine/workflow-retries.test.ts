import { MastraNonRetryableError } from "@mastra/core/error";
import type { RequestContext } from "@mastra/core/request-context";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Entry } from "../../src/core/entry.ts";
import { answerAll, askedBy, asking, BEA, COUNT, counting, endIn, logOf, opened, reached, resultIn, stepsIn } from "./workshop.ts";

interface FlowOptions {
  readonly retryConfig?: { readonly attempts: number; readonly delay?: number };
}

const flow = (id: string, options: FlowOptions = {}): ReturnType<typeof createWorkflow> =>
  createWorkflow({ id, inputSchema: COUNT, outputSchema: z.any(), ...options }) as never;

interface Context {
  readonly inputData: { readonly n: number };
  readonly retryCount: number;
  readonly requestContext: { get(key: string): unknown };
}

/** Fails in its first tries, and notes each. */
function flaky(id: string, done: string[], failures: number, options: { readonly retries?: number } = {}): never {
  return createStep({
    id,
    inputSchema: COUNT,
    outputSchema: COUNT,
    ...options,
    execute: async ({ inputData, retryCount }: Context) => {
      done.push(`${id} try ${retryCount}`);
      if (done.filter((line) => line.startsWith(`${id} try`)).length <= failures) throw new Error(`${id} failed`);
      return { n: inputData.n + 1 };
    },
  } as never) as never;
}

const keysIn = (log: readonly Entry[]): readonly unknown[] =>
  log.flatMap(({ event }) => (event.type === "workflow-step-started" && event.retryOf !== undefined ? [[event.callId, event.retryOf]] : []));

describe("a step that fails", () => {
  test("is tried again as often as its workflow says, and each try has a call of its own in the log", async () => {
    const shop = await opened((done) => ({
      add: flow("add", { retryConfig: { attempts: 2 } })
        .then(flaky("breaks", done, 2))
        .commit(),
    }));
    const log = await shop.log(await shop.start("add", { n: 1 }));
    expect(stepsIn(log)).toEqual([
      "run-started",
      "breaks started",
      "breaks failed",
      "breaks~2 started",
      "breaks~2 failed",
      "breaks~3 started",
      "breaks~3 success",
      "run-completed",
    ]);
    expect(keysIn(log)).toEqual([
      ["breaks~2", "breaks"],
      ["breaks~3", "breaks~2"],
    ]);
    expect(shop.done).toEqual(["breaks try 0", "breaks try 1", "breaks try 2"]);
    expect(resultIn(log)).toEqual({ n: 2 });
  });

  test("is a mapping or a workflow inside as well, which does its steps anew", async () => {
    const shop = await opened((done) => ({
      add: flow("add", { retryConfig: { attempts: 1 } })
        .map(async () => {
          done.push("maps");
          if (done.length === 1) throw new Error("no map");
          return { n: 4 };
        })
        .then(
          flow("inner")
            .then(counting("deep", done))
            .then(flaky("last", done, 1))
            .commit() as never,
        )
        .commit(),
    }));
    const log = await shop.log(await shop.start("add", { n: 1 }));
    expect(resultIn(log)).toEqual({ n: 6 });
    expect(shop.done).toEqual(["maps", "maps", "deep 4", "last try 0", "deep 4", "last try 0"]);
    expect(stepsIn(log).slice(5)).toEqual([
      "inner started",
      "inner/deep started",
      "inner/deep success",
      "inner/last started",
      "inner/last failed",
      "inner failed",
      "inner~2 started",
      "inner~2/deep started",
      "inner~2/deep success",
      "inner~2/last started",
      "inner~2/last success",
      "inner~2 success",
      "run-completed",
    ]);
  });

  test("keeps its key of idempotency over its tries, and nothing else of the tries that failed", async () => {
    const keys: unknown[] = [];
    const shared = z.object({ seen: z.number().optional() });
    const shop = await opened(() => ({
      add: createWorkflow({ id: "add", inputSchema: COUNT, outputSchema: z.any(), stateSchema: shared })
        .then(
          createStep({
            id: "breaks",
            inputSchema: COUNT,
            outputSchema: z.any(),
            stateSchema: shared,
            retries: 2,
            execute: async ({ retryCount, requestContext: given, setState, suspend, bail }) => {
              const requestContext = given as RequestContext<{ holdfast: { idempotencyKey: string } }>;
              keys.push(requestContext.get("holdfast").idempotencyKey.split(":")[1]);
              if (retryCount === 2) return {};
              await setState({ seen: retryCount });
              await suspend({});
              bail({} as never);
              throw new Error("no luck");
            },
          }) as never,
        )
        .map(async ({ state }) => ({ state }))
        .commit() as never,
    }));
    const log = await shop.log(await shop.start("add", { n: 1 }));
    expect(resultIn(log)).toEqual({ state: {} });
    expect(keys).toEqual(["breaks", "breaks", "breaks"]);
  });

  test("is not tried again where its error says so", async () => {
    const shop = await opened((done) => ({
      add: flow("add", { retryConfig: { attempts: 3 } })
        .then(
          flow("inner")
            .then(
              createStep({
                id: "fatal",
                inputSchema: COUNT,
                outputSchema: COUNT,
                execute: async () => {
                  done.push("fatal");
                  throw new MastraNonRetryableError("for good");
                },
              }) as never,
            )
            .commit() as never,
        )
        .commit(),
    }));
    const log = await shop.log(await shop.start("add", { n: 1 }));
    expect(endIn(log)).toMatchObject({ error: { message: "for good" } });
    expect(shop.done).toEqual(["fatal"]);
  });

  test("is not tried again once the run was canceled while it waits for its next try", async () => {
    const shop = await opened((done) => ({
      add: flow("add", { retryConfig: { attempts: 5, delay: 60_000 } })
        .then(flaky("breaks", done, 9))
        .commit(),
    }));
    const run = await shop.start("add", { n: 1 });
    await reached(shop.engine, run, "breaks failed");
    await shop.engine.cancel(BEA, run.id);
    expect(endIn(await shop.log(run))?.type).toBe("run-canceled");
    expect(shop.done).toEqual(["breaks try 0"]);
  });

  test("goes on in another process with the try that is due, not with the first one", async () => {
    const shop = await opened((done) => ({
      add: flow("add", { retryConfig: { attempts: 2, delay: 300 } })
        .then(flaky("breaks", done, 1))
        .commit(),
    }));
    const run = await shop.start("add", { n: 1 });
    await reached(shop.engine, run, "breaks failed");
    const other = await shop.second();
    await shop.engine.drain(0);
    const log = await logOf(other, run);
    expect(stepsIn(log)).toEqual(["run-started", "breaks started", "breaks failed", "breaks~2 started", "breaks~2 success", "run-completed"]);
    expect(shop.done).toEqual(["breaks try 0", "breaks try 1"]);
    const due = log.flatMap(({ event }) => (event.type === "workflow-step-finished" ? [event.retryAt ?? 0] : []))[0];
    expect(log.find(({ event }) => event.type === "workflow-step-started" && event.callId === "breaks~2")?.at).toBeGreaterThanOrEqual(due ?? Infinity);
  });

  test("has in each of its tries what it was answered", async () => {
    const shop = await opened((done) => ({
      add: flow("add", { retryConfig: { attempts: 1 } })
        .then(
          createStep({
            id: "asks",
            inputSchema: COUNT,
            outputSchema: z.any(),
            resumeSchema: z.object({ amount: z.number() }),
            execute: async ({ resumeData, suspend, retryCount }) => {
              if (resumeData === undefined) return suspend({});
              done.push(`try ${retryCount} with ${resumeData.amount}`);
              if (retryCount === 0) throw new Error("again");
              return resumeData;
            },
          }) as never,
        )
        .commit(),
    }));
    const run = await shop.start("add", { n: 1 });
    await shop.log(run);
    const log = await shop.log(await answerAll(shop.engine, run, { amount: 7 }));
    expect(resultIn(log)).toEqual({ amount: 7 });
    expect(shop.done).toEqual(["try 0 with 7", "try 1 with 7"]);
  });

  test("asks for its last try alone, where a workflow inside is tried again that had asked something", async () => {
    const shop = await opened((done) => ({
      add: flow("add", { retryConfig: { attempts: 1 } })
        .then(
          flow("inner")
            .parallel([asking("amount", done), flaky("breaks", done, 1)] as never)
            .commit() as never,
        )
        .commit(),
    }));
    const run = await shop.start("add", { n: 1 });
    await shop.log(run);
    expect((await askedBy(shop.engine, run)).map(({ toolCallId }) => toolCallId)).toEqual(["inner~2/amount"]);
    expect(resultIn(await shop.log(await answerAll(shop.engine, run, { amount: 2 })))).toEqual({ amount: { n: 3 }, breaks: { n: 2 } });
    expect(shop.done).toEqual(["amount asks", "breaks try 0", "amount asks", "breaks try 0", "amount got 2"]);
  });
});
