import { Memory } from "@mastra/memory";
import { LibSQLStore } from "@mastra/libsql";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Json } from "../../src/core/json.ts";
import type { Run } from "../../src/core/run.ts";
import { call, hang, say, toolResultsIn, type Script } from "../../src/testkit/scripted-model.ts";
import { answer, endOf, questionsOf } from "./asking.ts";
import { ANN, openShop, type Shop } from "./shop.ts";
import { askWith, eventsOf, handOverAt } from "./starting.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

type Scope = "thread" | "resource";

interface Desk {
  readonly shop: Shop;
  kept(threadId?: string): Promise<string | null>;
  keep(workingMemory: string): Promise<void>;
}

async function open(script: Script, scope: Scope = "thread"): Promise<Desk> {
  const storage = new LibSQLStore({ id: "memory", url: ":memory:" });
  const memory = new Memory({ storage, options: { lastMessages: 20, workingMemory: { enabled: true, scope } } });
  const shop = await openShop({ script, agent: { memory } });
  shops.push(shop);
  return {
    shop,
    kept: (threadId = "t") => memory.getWorkingMemory({ threadId, ...ANN }),
    async keep(workingMemory) {
      await memory.createThread({ threadId: "t", ...ANN });
      await memory.updateWorkingMemory({ threadId: "t", ...ANN, workingMemory });
    },
  };
}

async function statesOf(shop: Shop, run: Run): Promise<readonly Json[]> {
  return (await eventsOf(shop, run, "state")).map(({ value }) => value);
}

const note = (fields: object, id?: string): ReturnType<typeof call> =>
  call("updateWorkingMemory", { memory: JSON.stringify(fields) }, id === undefined ? {} : { id });

describe.each<Scope>(["thread", "resource"])("working memory of a %s", (scope) => {
  test("has the state of the request put over it, field by field, before the model is asked", async () => {
    const { shop, kept, keep } = await open([[say("Hi.")]], scope);
    await keep(JSON.stringify({ name: "Ann", cart: { apples: 1, pears: 2 } }));
    const run = await askWith(shop, "hi", { state: { cart: { apples: 3 }, tab: null } });
    expect(await endOf(shop, run)).toBe("run-completed");
    const merged = { name: "Ann", cart: { apples: 3 }, tab: null };
    expect(JSON.parse((await kept()) ?? "")).toEqual(merged);
    expect(await statesOf(shop, run)).toEqual([merged]);
    expect(JSON.stringify(shop.model.requests[0]?.prompt)).toContain(String.raw`\"apples\":3`);
    expect(await kept("u")).toBe(scope === "resource" ? await kept() : null);
  });

  test("begins with the state of the first request", async () => {
    const { shop, kept } = await open([[say("Hi.")]], scope);
    const run = await askWith(shop, "hi", { state: { tab: 1 } });
    expect(await statesOf(shop, run)).toEqual([{ tab: 1 }]);
    expect(await kept()).toBe('{"tab":1}');
  });

  test("tells of itself behind each result that changed it", async () => {
    const { shop } = await open((prompt) => {
      const done = toolResultsIn(prompt).length;
      if (done === 0) return [note({ likes: "apples" })];
      if (done === 1) return [note({ likes: "apples" })];
      return done === 2 ? [note({ likes: "pears" }), call("add", { a: 1, b: 2 })] : [say("Noted.")];
    }, scope);
    const run = await askWith(shop, "I like fruit.", {});
    expect(await endOf(shop, run)).toBe("run-completed");
    expect(await statesOf(shop, run)).toEqual([{ likes: "apples" }, { likes: "pears" }]);
    const types = (await shop.log(run)).flatMap(({ event }) => (event.type === "state" || event.type === "tool-result" ? [event.type] : []));
    expect(types.slice(0, 3)).toEqual(["tool-result", "state", "tool-result"]);
  });
});

describe("working memory", () => {
  test.each<[string, Json | undefined]>([
    ["no state", undefined],
    ["a state without fields", {}],
    ["a state that is no object", ["tab"]],
  ])("stays empty with %s, and tells nothing", async (_, state) => {
    const { shop, kept } = await open([[say("Hi.")]]);
    const run = await askWith(shop, "hi", state === undefined ? {} : { state });
    expect(await endOf(shop, run)).toBe("run-completed");
    expect(await statesOf(shop, run)).toEqual([]);
    expect(await kept()).toBeNull();
  });

  test("that is text is told as text, and stays", async () => {
    const { shop, kept, keep } = await open([[say("Hi.")]]);
    await keep("# Likes apples");
    const run = await askWith(shop, "hi", { state: { tab: 1 } });
    expect(await statesOf(shop, run)).toEqual(["# Likes apples"]);
    expect(await kept()).toBe("# Likes apples");
  });

  test("is not touched by an agent without one", async () => {
    const shop = await openShop({ script: [[say("Hi.")]] });
    shops.push(shop);
    const run = await askWith(shop, "hi", { state: { tab: 1 } });
    expect(await endOf(shop, run)).toBe("run-completed");
    expect(await statesOf(shop, run)).toEqual([]);
    expect((await shop.memory.getThreadById({ threadId: "t" }))?.metadata?.["workingMemory"]).toBeUndefined();
  });

  test("keeps what the agent wrote when a deploy hands its run over, and tells no state again", async () => {
    const { shop, kept } = await open((prompt, number) => {
      if (toolResultsIn(prompt).length === 0) return [note({ tab: 2 })];
      return number === 2 ? [say("Half an"), hang()] : [say("Noted.")];
    });
    const run = await askWith(shop, "hi", { state: { tab: 1 } });
    await handOverAt(shop, run, ({ type }) => type === "text-delta");
    expect(await endOf(shop, run)).toBe("run-completed");
    expect(shop.model.requests).toHaveLength(3);
    expect(await statesOf(shop, run)).toEqual([{ tab: 1 }, { tab: 2 }]);
    expect(await kept()).toBe('{"tab":2}');
  });

  test("keeps what the agent wrote before it asked, in the run that goes on with the same input", async () => {
    const { shop, kept } = await open((prompt) => {
      const done = toolResultsIn(prompt).length;
      if (done === 0) return [note({ tab: 2 })];
      return done === 1 ? [call("pay", { amount: 1 })] : [say("Paid.")];
    });
    const run = await askWith(shop, "pay", { state: { tab: 1 } });
    expect(await endOf(shop, run)).toBe("run-suspended");
    const child = await answer(shop, run, { approved: true });
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(await statesOf(shop, child)).toEqual([]);
    expect(await kept()).toBe('{"tab":2}');
  });

  test("takes the state that the answer to a question brings", async () => {
    const { shop, kept } = await open((prompt) => (toolResultsIn(prompt).length === 0 ? [call("pay", { amount: 1 })] : [say("Paid.")]));
    const run = await askWith(shop, "pay", { state: { tab: 1 } });
    expect(await endOf(shop, run)).toBe("run-suspended");
    const { interrupts } = await shop.engine.listInterrupts(ANN, { runId: run.id, limit: 1 });
    const answers = [{ interruptId: interrupts[0]?.id ?? "", answer: { approved: true } }];
    const { run: child } = await shop.engine.answer(ANN, answers, { input: { state: { tab: 3 } } });
    if (child === undefined) throw new Error("no run goes on");
    expect(await statesOf(shop, child)).toEqual([{ tab: 3 }]);
    expect(await kept()).toBe('{"tab":3}');
  });
});

describe.each([
  ["held open", { holdMs: 60_000 }],
  ["suspended", {}],
])("the state that a page brings with its answer, to a run that is %s", (_, held) => {
  const pageTools = [{ name: "paint", description: "Paints the page." }];
  // Sets a tab of its own, then asks the page, then goes on.
  const paintingFrom =
    (tab: number): Script =>
    (prompt, number) => {
      const done = toolResultsIn(prompt).length;
      if (done === 0) return [note({ tab })];
      if (done === 1) return [call("paint", {})];
      return number === 3 ? [say("Half"), hang()] : [say("Painted.")];
    };

  async function answerWith(shop: Shop, run: Run, state?: Json): Promise<Run> {
    await vi.waitFor(async () => expect(["waiting", "suspended"]).toContain((await shop.engine.getRun(ANN, run.id)).status), 10_000);
    const answers = (await questionsOf(shop, run)).map(({ id }) => ({ interruptId: id, answer: { output: 1 } }));
    const { run: next } = await shop.engine.answer(ANN, answers, state === undefined ? undefined : { input: { state } });
    if (next === undefined) throw new Error("no run goes on");
    return next;
  }

  test("counts, also where it is what the page had brought before, and only once", async () => {
    const { shop, kept } = await open(paintingFrom(2));
    const run = await askWith(shop, "paint", { state: { tab: 1 }, pageTools, ...held });
    const next = await answerWith(shop, run, { tab: 1 });
    await handOverAt(shop, next, ({ type }) => type === "text-delta");
    expect(await endOf(shop, next)).toBe("run-completed");
    expect(await kept()).toBe('{"tab":1}');
    const { states } = await shop.engine.transcript(next);
    expect(states).toEqual([{ tab: 1 }, { tab: 2 }, { tab: 1 }]);
  });

  test("does not come again over what the agent writes behind it, though the run is taken over", async () => {
    const { shop, kept } = await open((prompt, number) => {
      const done = toolResultsIn(prompt).length;
      if (done === 0) return [call("paint", {})];
      if (done === 1) return [note({ tab: 2 })];
      return number === 3 ? [say("Half"), hang()] : [say("Painted.")];
    });
    const run = await askWith(shop, "paint", { state: { tab: 1 }, pageTools, ...held });
    const next = await answerWith(shop, run, { tab: 1 });
    await handOverAt(shop, next, ({ type }) => type === "text-delta");
    expect(await endOf(shop, next)).toBe("run-completed");
    expect(await kept()).toBe('{"tab":2}');
  });

  test("is none where the answer brings none, so that what the agent wrote stays", async () => {
    const { shop, kept } = await open(paintingFrom(2));
    const run = await askWith(shop, "paint", { state: { tab: 1 }, pageTools, ...held });
    const next = await answerWith(shop, run);
    await handOverAt(shop, next, ({ type }) => type === "text-delta");
    expect(await endOf(shop, next)).toBe("run-completed");
    expect(await kept()).toBe('{"tab":2}');
  });
});
