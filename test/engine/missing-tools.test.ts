import { Memory } from "@mastra/memory";
import { LibSQLStore } from "@mastra/libsql";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Continuation } from "../../src/core/interrupt-store.ts";
import type { Json, JsonObject } from "../../src/core/json.ts";
import type { Run } from "../../src/core/run.ts";
import { call, hang, say, toolResultsIn, type ScriptedModel } from "../../src/testkit/scripted-model.ts";
import { endOf, questionsOf, toolsOf } from "./asking.ts";
import { ANN, openShop, type Shop, type ShopOptions } from "./shop.ts";
import { askWith, eventsOf, handOverAt } from "./starting.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

async function open(options: ShopOptions): Promise<Shop> {
  const shop = await openShop(options);
  shops.push(shop);
  return shop;
}

const tool = (name: string): { readonly name: string; readonly description: string } => ({ name, description: `${name}s the page` });

async function isAsking(shop: Shop, { id }: Run): Promise<void> {
  await vi.waitFor(async () => expect(["waiting", "suspended"]).toContain((await shop.engine.getRun(ANN, id)).status), 10_000);
}

/** Answers the open question of a run, in a request that brings something else than the one before. */
async function answerWith(shop: Shop, run: Run, output: Json, input: Continuation["input"]): Promise<Run> {
  await isAsking(shop, run);
  const asked = (await questionsOf(shop, run)).filter(({ status }) => status === "pending");
  const { run: next } = await shop.engine.answer(
    ANN,
    asked.map(({ id }) => ({ interruptId: id, answer: { output } })),
    { ...(input && { input }) },
  );
  if (next === undefined) throw new Error("no run goes on");
  return next;
}

function offered(model: ScriptedModel, index: number): readonly string[] {
  const { tools = [] } = (model.requests[index]?.options ?? {}) as { readonly tools?: readonly { readonly name: string }[] };
  return tools.map(({ name }) => name);
}

/** What the model was shown in a call. */
const shown = ({ requests }: ScriptedModel, index: number): string => JSON.stringify(requests[index]?.prompt);

async function partsInThread(shop: Shop, run: Run): Promise<readonly JsonObject[]> {
  const answer = (await shop.engine.messages(ANN, "t")).find(({ id }) => id === run.messageId);
  return ((answer?.["parts"] ?? []) as readonly (JsonObject & { readonly type: string })[]).filter(({ type }) => type.startsWith("tool-"));
}

describe.each([
  ["held open", { holdMs: 60_000 }],
  ["suspended", {}],
])("a tool that the page of the next request does not offer, of a run that is %s", (_, held) => {
  test("takes the answer that is given to its open call", async () => {
    const shop = await open({ script: (prompt) => (toolResultsIn(prompt).length === 0 ? [call("paint", {})] : [say("Painted.")]) });
    const run = await askWith(shop, "Paint.", { pageTools: [tool("paint")], ...held });
    const next = await answerWith(shop, run, { painted: "red" }, { pageTools: [] });
    expect(await endOf(shop, next)).toBe("run-completed");
    expect(await toolsOf(shop, next)).toMatchObject([{ toolName: "paint", state: "result", output: { painted: "red" } }]);
    expect(shown(shop.model, 1)).toContain('"painted":"red"');
    expect(offered(shop.model, 0)).toContain("paint");
    expect(offered(shop.model, 1)).not.toContain("paint");
    expect(await partsInThread(shop, run)).toMatchObject([{ state: "output-available", output: { painted: "red" } }]);
  });

  test("keeps the result that it gave before", async () => {
    const shop = await open({
      script: (prompt) => [[call("paint", {})], [call("ring", {})], [say("Done.")]][toolResultsIn(prompt).length] ?? [say("Lost.")],
    });
    const run = await askWith(shop, "Paint, then ring.", { pageTools: [tool("paint"), tool("ring")], ...held });
    const second = await answerWith(shop, run, { painted: "red" }, { pageTools: [tool("ring")] });
    const third = await answerWith(shop, second, { rung: 3 }, { pageTools: [] });
    expect(await endOf(shop, third)).toBe("run-completed");
    expect(await toolsOf(shop, third)).toMatchObject([{ output: { painted: "red" } }, { output: { rung: 3 } }]);
    expect(shop.model.requests).toHaveLength(3);
    const replayed = shown(shop.model, 2);
    expect(replayed).toContain('"painted":"red"');
    expect(replayed).toContain('"rung":3');
    expect(replayed).not.toContain("not found");
    expect(offered(shop.model, 2).toSorted()).toEqual(["add", "pay"]);
    expect(await partsInThread(shop, run)).toMatchObject([{ output: { painted: "red" } }, { output: { rung: 3 } }]);
  });

  test("that the memory brought keeps its result when the next request switches it off", async () => {
    const memory = new Memory({ storage: new LibSQLStore({ id: "memory", url: ":memory:" }), options: { workingMemory: { enabled: true, scope: "thread" } } });
    const shop = await open({
      agent: { memory },
      script: (prompt) =>
        [[call("updateWorkingMemory", { memory: "# Likes apples" })], [call("paint", {})], [say("Done.")]][toolResultsIn(prompt).length] ?? [say("Lost.")],
    });
    const run = await askWith(shop, "I like apples.", { pageTools: [tool("paint")], ...held });
    const next = await answerWith(shop, run, 1, { memoryOptions: { workingMemory: { enabled: false } } });
    expect(await endOf(shop, next)).toBe("run-completed");
    expect(await toolsOf(shop, next)).toMatchObject([
      { toolName: "updateWorkingMemory", state: "result" },
      { toolName: "paint", state: "result" },
    ]);
    expect(shop.model.requests).toHaveLength(3);
    expect(shown(shop.model, 2)).not.toContain("not found");
    expect(await memory.getWorkingMemory({ threadId: "t", ...ANN })).toBe("# Likes apples");
  });
});

test("a tool that never was is still not found after a deploy, and its page is not asked", async () => {
  const shop = await open({
    script: (prompt, number) => {
      if (toolResultsIn(prompt).length === 0) return [call("fly", {}), call("add", { a: 1, b: 2 })];
      return number === 2 ? [say("Half"), hang()] : [say("Done.")];
    },
  });
  const run = await askWith(shop, "Fly.", {});
  await handOverAt(shop, run, ({ type }) => type === "text-delta");
  expect(await endOf(shop, run)).toBe("run-completed");
  expect(await toolsOf(shop, run)).toMatchObject([
    { toolName: "fly", state: "error" },
    { toolName: "add", state: "result" },
  ]);
  expect(shown(shop.model, 2)).toContain("fly");
  expect(shop.executed).toEqual(["add"]);
  expect(await questionsOf(shop, run)).toEqual([]);
});

test("a tool of the page that Mastra cannot keep by its name fails the run, and one that it can works", async () => {
  const shop = await open({ script: (prompt) => (toolResultsIn(prompt).length === 0 ? [call("constructor", {})] : [say("Built.")]) });
  const refused = await askWith(shop, "hi", { pageTools: [tool("__proto__")] });
  expect((await eventsOf(shop, refused, "run-failed"))[0]?.error.message).toContain("__proto__");
  expect(shop.model.requests).toHaveLength(0);
  const run = await askWith(shop, "build", { pageTools: [tool("constructor")] });
  const next = await answerWith(shop, run, "a house", { pageTools: [] });
  expect(await endOf(shop, next)).toBe("run-completed");
  expect(await toolsOf(shop, next)).toMatchObject([{ toolName: "constructor", state: "result", output: "a house" }]);
});
