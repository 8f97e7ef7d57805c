import { createStep, createWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { answerAll, asking, COUNT, endIn, opened, resultIn } from "./workshop.ts";

const VALUES = z.object({ at: z.date(), names: z.map(z.string(), z.number()), total: z.bigint(), seen: z.set(z.string()), list: z.array(z.unknown()) });

/** A step that gives what JSON has no word for, a question, and a step that tells what it was given. */
function sorting(done: string[], options: { readonly asks: boolean }): never {
  const gives = createStep({
    id: "gives",
    inputSchema: COUNT,
    outputSchema: VALUES,
    stateSchema: z.object({ since: z.date().optional() }),
    execute: async ({ setState }) => {
      await setState({ since: new Date(1_000) });
      return { at: new Date(2_000), names: new Map([["a", 1]]), total: 10n ** 20n, seen: new Set(["x"]), list: [undefined, Number.NaN] };
    },
  });
  const tells = createStep({
    id: "tells",
    inputSchema: VALUES,
    outputSchema: z.any(),
    stateSchema: z.object({ since: z.date().optional() }),
    execute: async ({ inputData: { at, names, total, seen, list }, state }) => {
      done.push("tells");
      return {
        at: at.getTime(),
        names: names.get("a"),
        total: String(total + 1n),
        seen: seen.has("x"),
        list: list.map((item) => typeof item),
        since: state.since?.getTime(),
      };
    },
  });
  const begun = createWorkflow({
    id: "sorting",
    inputSchema: COUNT,
    outputSchema: z.any(),
    stateSchema: z.object({ since: z.date().optional() }),
  }).then(gives) as never as ReturnType<typeof createWorkflow>;
  const asked = options.asks
    ? begun
        .map(async () => ({ n: 1 }))
        .then(asking("amount", done) as never)
        .map(async ({ getStepResult }) => getStepResult<unknown>("gives") as object)
    : begun;
  return asked.then(tells as never).commit() as never;
}

const TOLD = { at: 2_000, names: 1, total: "100000000000000000001", seen: true, list: ["undefined", "number"], since: 1_000 };

describe("what steps give each other", () => {
  test("is the same for the next step at once and in another process, also where JSON has no word for it", async () => {
    const shop = await opened((done) => ({ sorting: sorting(done, { asks: false }) }));
    expect(resultIn(await shop.log(await shop.start("sorting", { n: 1 })))).toEqual(TOLD);
    const late = await opened((done) => ({ sorting: sorting(done, { asks: true }) }));
    const run = await late.start("sorting", { n: 1 });
    await late.log(run);
    const other = await late.second();
    expect(resultIn(await late.log(await answerAll(other, run, { amount: 1 })))).toEqual(TOLD);
  });

  test("is a copy: a step that changes what it was given changes it for nobody else", async () => {
    const shop = await opened(() => ({
      copies: createWorkflow({ id: "copies", inputSchema: COUNT, outputSchema: z.any() })
        .then(createStep({ id: "one", inputSchema: COUNT, outputSchema: z.any(), execute: async () => shared }) as never)
        .then(
          createStep({
            id: "two",
            inputSchema: z.any(),
            outputSchema: z.any(),
            execute: async () => {
              shared.list.push(2);
              return {};
            },
          }) as never,
        )
        .map(async ({ getStepResult }) => getStepResult<unknown>("one") as object)
        .commit() as never,
    }));
    const shared = { list: [1] };
    expect(resultIn(await shop.log(await shop.start("copies", { n: 1 })))).toEqual({ list: [1] });
  });

  test("is a copy also of what steps before it gave, of the state and of the input: what it does to them no other step sees", async () => {
    const shop = await opened(() => ({
      copies: createWorkflow({ id: "copies", inputSchema: COUNT, outputSchema: z.any(), stateSchema: z.object({ seen: z.number().optional() }) })
        .then(createStep({ id: "gives", inputSchema: COUNT, outputSchema: z.any(), execute: async () => ({ list: [1], at: new Date(5) }) }) as never)
        .then(
          createStep({
            id: "takes",
            inputSchema: z.any(),
            outputSchema: z.any(),
            execute: async ({ inputData, state, getStepResult, getInitData }) => {
              const given = inputData as { list: number[]; at: Date };
              given.list.push(2);
              given.at.setTime(6);
              getStepResult<typeof given>("gives").list.push(3);
              getInitData<{ n: number }>().n = 9;
              (state as { seen?: number }).seen = 1;
              return {};
            },
          }) as never,
        )
        .map(async ({ state, getStepResult, getInitData }) => ({ given: getStepResult<unknown>("gives"), begun: getInitData<unknown>(), state }))
        .commit() as never,
    }));
    expect(resultIn(await shop.log(await shop.start("copies", { n: 1 })))).toEqual({
      given: { list: [1], at: new Date(5).toISOString() },
      begun: { n: 1 },
      state: {},
    });
  });

  test("fails its step where it contains itself, and is not tried again for that", async () => {
    const shop = await opened((done) => ({
      loops: createWorkflow({ id: "loops", inputSchema: COUNT, outputSchema: z.any(), retryConfig: { attempts: 2 } })
        .then(
          createStep({
            id: "one",
            inputSchema: COUNT,
            outputSchema: z.any(),
            execute: async () => {
              done.push("one");
              const own: Record<string, unknown> = {};
              own["own"] = own;
              return own;
            },
          }) as never,
        )
        .commit() as never,
    }));
    const log = await shop.log(await shop.start("loops", { n: 1 }));
    expect(endIn(log)).toMatchObject({ error: { message: "The step gave a value that cannot be kept: it contains itself, at $.own." } });
    expect(shop.done).toEqual(["one"]);
  });
});
