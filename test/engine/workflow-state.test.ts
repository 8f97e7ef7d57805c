import { createStep, createWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { answerAll, asking, COUNT, handedOver, opened, resultIn } from "./workshop.ts";

const STATE = z.object({ turns: z.number().optional(), since: z.unknown().optional() });
type State = z.infer<typeof STATE>;

const flow = (id: string): ReturnType<typeof createWorkflow> => createWorkflow({ id, inputSchema: COUNT, outputSchema: z.any(), stateSchema: STATE }) as never;

interface Context {
  readonly inputData: { readonly n: number };
  readonly resumeData?: unknown;
  readonly retryCount: number;
  readonly state: State;
  setState(state: State): Promise<void>;
  suspend(payload: object): Promise<undefined>;
}

const step = (id: string, execute: (context: Context) => Promise<unknown>, more: object = {}): never =>
  createStep({ id, inputSchema: COUNT, outputSchema: z.any(), stateSchema: STATE, resumeSchema: z.boolean(), execute, ...more } as never) as never;

describe("the state that the steps of a workflow share", () => {
  test("is, for the steps of a workflow inside, as it was when that began, also where it goes on after a question", async () => {
    const counts = (id: string, done: string[]): never =>
      step(id, async ({ inputData, state, setState }) => {
        done.push(id);
        await setState({ turns: (state.turns ?? 0) + 1 });
        return inputData;
      });
    const isFresh = async ({ state }: { readonly state: unknown }): Promise<boolean> => (state as State).turns === undefined;
    const shop = await opened((done) => ({
      outer: flow("outer")
        .then(
          flow("inner")
            .branch([
              [isFresh, counts("fresh", done)],
              [async (context) => !(await isFresh(context)), counts("late", done)],
            ])
            .map(async () => ({ n: 1 }))
            .then(asking("amount", done) as never)
            .commit() as never,
        )
        .map(async ({ state, inputData }) => ({ state: state as State, inputData: inputData as object }))
        .commit() as never,
    }));
    const run = await shop.start("outer", { n: 1 });
    await shop.log(run);
    const log = await shop.log(await answerAll(await shop.second(), run, { amount: 2 }));
    expect(resultIn(log)).toEqual({ state: { turns: 1 }, inputData: { n: 3 } });
    expect(shop.done).toEqual(["fresh", "amount asks", "amount got 2"]);
  });

  test("is what a step set last, also where that is of another kind than what it had set before it asked", async () => {
    const asks = step("asks", async ({ inputData, resumeData, setState, suspend }) => {
      await setState({ since: resumeData === undefined ? new Date(1) : "never" });
      return resumeData === undefined ? suspend({}) : inputData;
    });
    const shop = await opened((done) => ({
      outer: flow("outer")
        .then(asks)
        .then(asking("amount", done) as never)
        .map(async ({ state }) => ({ since: String((state as State).since) }))
        .commit() as never,
    }));
    const run = await shop.start("outer", { n: 1 });
    await shop.log(run);
    const child = await answerAll(shop.engine, run, true);
    await shop.log(child);
    expect(resultIn(await shop.log(await answerAll(shop.engine, child, { amount: 1 })))).toEqual({ since: "never" });
  });

  test("is that of the question in each try of the step that asked it, also of one that is executed again", async () => {
    const shop = await opened(
      (done) => ({
        outer: flow("outer")
          .then(
            step(
              "asks",
              async ({ resumeData, state, setState, suspend, retryCount }) => {
                if (resumeData === undefined) {
                  await setState({ turns: 7 });
                  return suspend({});
                }
                done.push(`try ${retryCount} at ${state.turns}`);
                if (retryCount === 0) throw new Error("again");
                return done.length === 2 ? new Promise<never>(() => undefined) : { turns: state.turns };
              },
              { retries: 1 },
            ),
          )
          .commit() as never,
      }),
      { idempotentTools: ["outer/asks"] },
    );
    const run = await shop.start("outer", { n: 1 });
    await shop.log(run);
    const log = await handedOver(shop, await answerAll(shop.engine, run, true), "asks~2 started");
    expect(resultIn(log)).toEqual({ turns: 7 });
    expect(shop.done).toEqual(["try 0 at 7", "try 1 at 7", "try 1 at 7"]);
  });
});
