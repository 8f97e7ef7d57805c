import { createTool } from "@mastra/core/tools";
import { createStep, createWorkflow, type AnyWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Json } from "../../src/core/json.ts";
import { answerAll, askedBy, asking, BEA, COUNT, counting, endIn, logOf, opened, reached, resultIn, stepsIn, type Workshop } from "./workshop.ts";

const flow = (id: string, options: object = {}): ReturnType<typeof createWorkflow> =>
  createWorkflow({ id, inputSchema: COUNT, outputSchema: z.any(), ...options }) as never;

interface Asking {
  readonly resumeData?: unknown;
  readonly suspendData?: unknown;
  suspend(payload?: unknown): unknown;
}

/** Asks, and gives what it got. */
function echoing(resumeSchema: unknown, payload: unknown = {}): never {
  return createStep({
    id: "asks",
    inputSchema: z.any(),
    outputSchema: z.any(),
    ...(resumeSchema !== undefined && { resumeSchema }),
    execute: async ({ resumeData, suspend, suspendData }: Asking) => (resumeData === undefined ? suspend(payload) : { got: resumeData, asked: suspendData }),
  } as never) as never;
}

describe("an answer to a step", () => {
  test("is what the step's schema makes of it, and is refused for what only that schema knows", async () => {
    const schema = z.object({ amount: z.coerce.number().refine((amount) => amount % 2 === 0, "must be even"), note: z.string().default("none") });
    const shop = await opened(() => ({ buy: flow("buy").then(echoing(schema)).commit() }));
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    await expect(answerAll(shop.engine, run, { amount: 3 })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringMatching(/amount: must be even/) as string,
    });
    const log = await shop.log(await answerAll(shop.engine, run, { amount: "4" }));
    expect(resultIn(log)).toEqual({ got: { amount: 4, note: "none" }, asked: {} });
  });

  test("may be a date, which JSON has as text", async () => {
    const schema = z.object({ when: z.date(), until: z.date().nullable(), more: z.array(z.date()), name: z.string() });
    const shop = await opened(() => ({
      buy: flow("buy")
        .then(echoing(schema))
        .map(async ({ inputData }) => {
          const { when, until, more, name } = (inputData as { got: z.infer<typeof schema> }).got;
          return [when.getTime(), until?.getTime(), more.map((date) => date.getTime()), name];
        })
        .commit(),
    }));
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    const at = new Date(5).toISOString();
    await expect(answerAll(shop.engine, run, { when: "soon", until: null, more: [], name: at })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    const log = await shop.log(await answerAll(await shop.second(), run, { when: at, until: at, more: [at], name: at }));
    expect(resultIn(log)).toEqual([5, 5, [5], at]);
  });

  test("is not looked at where the workflow validates nothing", async () => {
    const shop = await opened(() => ({
      buy: flow("buy", { options: { validateInputs: false } })
        .then(echoing(z.object({ amount: z.number() })))
        .commit(),
    }));
    const run = await shop.start("buy", "no object");
    expect(endIn(await shop.log(run))?.type).toBe("run-suspended");
    expect(resultIn(await shop.log(await answerAll(shop.engine, run, "many")))).toEqual({ got: "many", asked: {} });
  });

  test.each<Json>([null, 0, false, ""])("is %j, as any other value", async (value) => {
    const shop = await opened(() => ({ buy: flow("buy").then(echoing(undefined)).commit() }));
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    expect(resultIn(await shop.log(await answerAll(await shop.second(), run, value)))).toEqual({ got: value, asked: {} });
  });

  test("comes with what the step had asked, and with the state that it had set", async () => {
    const shared = z.object({ seen: z.number().optional() });
    const shop = await opened(() => ({
      buy: createWorkflow({ id: "buy", inputSchema: COUNT, outputSchema: z.any(), stateSchema: shared })
        .then(
          createStep({
            id: "asks",
            inputSchema: COUNT,
            outputSchema: z.any(),
            stateSchema: shared,
            suspendSchema: z.object({ question: z.string(), kind: z.string().default("plain") }),
            resumeSchema: z.object({ ok: z.boolean() }),
            execute: async ({ inputData, resumeData, suspendData, state, setState, suspend }) => {
              if (resumeData !== undefined) return { ...resumeData, suspendData, state };
              await setState({ seen: inputData.n });
              return suspend({ question: "Ok?" } as never);
            },
          }) as never,
        )
        .commit() as never,
    }));
    const run = await shop.start("buy", { n: 7 });
    await shop.log(run);
    expect((await askedBy(shop.engine, run))[0]?.payload).toEqual({ question: "Ok?", kind: "plain" });
    const log = await shop.log(await answerAll(await shop.second(), run, { ok: true }));
    expect(resultIn(log)).toEqual({ ok: true, suspendData: { question: "Ok?", kind: "plain" }, state: { seen: 7 } });
  });

  test("reaches a tool that is a step, and that suspended", async () => {
    const pay = createTool({
      id: "pay",
      description: "pays",
      inputSchema: COUNT,
      outputSchema: z.any(),
      suspendSchema: z.object({ question: z.string() }),
      resumeSchema: z.object({ pin: z.coerce.number() }),
      execute: async ({ n }, { workflow }) => {
        const { resumeData, suspend } = workflow as unknown as { resumeData?: { pin: number }; suspend(payload: object): Promise<undefined> };
        return resumeData === undefined ? suspend({ question: "Pin?" }) : { n, pin: resumeData.pin };
      },
    });
    const shop = await opened(() => ({
      buy: flow("buy")
        .then(createStep(pay) as never)
        .commit(),
    }));
    const run = await shop.start("buy", { n: 7 });
    await shop.log(run);
    expect((await askedBy(shop.engine, run))[0]).toMatchObject({ toolCallId: "pay", payload: { question: "Pin?" } });
    await expect(answerAll(shop.engine, run, { pin: "x" })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    expect(resultIn(await shop.log(await answerAll(shop.engine, run, { pin: "12" })))).toEqual({ n: 7, pin: 12 });
  });

  test("reaches a mapping that asked", async () => {
    const shop = await opened(() => ({
      buy: flow("buy")
        .map(async (params) => {
          const { resumeData, suspend } = params as unknown as Asking;
          return resumeData === undefined ? suspend({ question: "Which?" }) : { which: resumeData };
        })
        .commit(),
    }));
    const run = await shop.start("buy", { n: 7 });
    await shop.log(run);
    expect((await askedBy(shop.engine, run))[0]).toMatchObject({ toolCallId: "map", stepPath: ["map"], payload: { question: "Which?" } });
    expect(resultIn(await shop.log(await answerAll(await shop.second(), run, "this")))).toEqual({ which: "this" });
  });
});

describe("a workflow that was changed under a run that waits", () => {
  type Build = (done: string[]) => Readonly<Record<string, AnyWorkflow>>;
  const before: Build = (done) => ({ buy: flow("buy").then(counting("first", done)).then(asking("amount", done)).then(counting("last", done)).commit() });

  /** Each engine that is opened has the next of these workflows. */
  const deployed = (...builds: readonly Build[]): Promise<Workshop> => {
    let deployment = 0;
    return opened((done) => (builds[deployment++] ?? before)(done));
  };

  test.each<[string, string, Build]>([
    ["is gone", "WORKFLOW_NOT_FOUND", () => ({})],
    [
      "has another step before that one",
      "WORKFLOW_CHANGED",
      (done) => ({ buy: flow("buy").then(counting("first", done)).then(counting("extra", done)).then(asking("amount", done)).commit() }),
    ],
    ["has no such step any more", "WORKFLOW_CHANGED", (done) => ({ buy: flow("buy").then(counting("first", done)).then(asking("sum", done)).commit() })],
  ])("refuses the answer where it %s, and takes it once it is back", async (_name, code, after) => {
    const shop = await deployed(before, after, before);
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    const changed = await shop.second();
    await expect(answerAll(changed, run, { amount: 5 })).rejects.toMatchObject({ code });
    expect((await askedBy(changed, run))[0]?.status).toBe("pending");
    const restored = await shop.second();
    await changed.close();
    await shop.engine.close();
    expect(resultIn(await logOf(restored, await answerAll(restored, run, { amount: 5 })))).toEqual({ n: 8 });
    expect(shop.done).toEqual(["first 1", "amount asks", "amount got 5", "last 7"]);
  });

  test("executes nothing of what was put before a step that the run is at, and says so", async () => {
    const shop = await deployed(before, (done) => ({
      buy: flow("buy")
        .then(counting("first", done))
        .map(async () => [{ n: 5 }])
        .foreach(counting("extra", done) as never)
        .then(asking("amount", done))
        .commit(),
    }));
    const run = await shop.start("buy", { n: 1 });
    await shop.log(run);
    await shop.engine.drain(0);
    const changed = await shop.second();
    const log = await logOf(changed, await answerAll(changed, run, { amount: 5 }));
    expect(endIn(log)).toMatchObject({
      type: "run-failed",
      error: { code: "WORKFLOW_CHANGED", message: expect.stringMatching(/step map.*step amount/) as string },
    });
    expect(shop.done).toEqual(["first 1", "amount asks"]);
  });

  test("fails a run that it was taken from while it was under way", async () => {
    const shop = await deployed(
      (done) => ({ buy: flow("buy").sleep(60_000).then(counting("last", done)).commit() }),
      () => ({}),
    );
    const run = await shop.start("buy", { n: 1 });
    await reached(shop.engine, run, "sleep started");
    const changed = await shop.second();
    await shop.engine.drain(0);
    const log = await logOf(changed, run);
    expect(stepsIn(log)).toEqual(["run-started", "sleep started", "run-failed"]);
    expect(endIn(log)).toMatchObject({ error: { code: "WORKFLOW_NOT_FOUND", message: expect.stringMatching(/buy/) as string } });
    expect((await changed.getRun(BEA, run.id)).status).toBe("failed");
  });
});
