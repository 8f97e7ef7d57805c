import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { RunEvent } from "../../src/core/event.ts";
import { START } from "../../src/core/offset.ts";
import type { Run } from "../../src/core/run.ts";
import { textOf } from "../../src/core/transcript.ts";
import { call, cut, hang, raise, say } from "../../src/testkit/scripted-model.ts";
import { ANN, openShop, textIn, type Shop, type ShopOptions } from "./shop.ts";

const shops: Shop[] = [];
afterEach(async () => {
  await Promise.all(shops.splice(0).map((shop) => shop.close()));
});

async function open(options: ShopOptions): Promise<Shop> {
  const shop = await openShop(options);
  shops.push(shop);
  return shop;
}

async function seen(shop: Shop, run: Run, fits: (event: RunEvent) => boolean): Promise<void> {
  for await (const batch of shop.engine.tail(run, START, new AbortController().signal)) if (batch.some((entry) => fits(entry.event))) return;
}

const end = async (shop: Shop, run: Run): Promise<string | undefined> => (await shop.log(run)).at(-1)?.event.type;

describe("a run that is stopped", () => {
  test("is not written to by the agent any more: a tool that heeds its abort signal late changes nothing", async () => {
    const rejected = Promise.withResolvers<void>();
    const slow = createTool({
      id: "slow",
      description: "slow",
      inputSchema: z.object({}),
      execute: (_, { abortSignal }) =>
        new Promise((_resolve, reject) => {
          const stop = (): void => {
            setTimeout(() => {
              reject(new Error("stopped at last"));
              setTimeout(rejected.resolve, 100);
            }, 20);
          };
          if (abortSignal?.aborted === true) stop();
          else abortSignal?.addEventListener("abort", stop);
        }),
    });
    const shop = await open({ script: [[say("Wait."), call("slow", {}, { id: "c1" })], [say("never")]], tools: { slow } });
    const run = await shop.ask("go", { threadId: "t" });
    await seen(shop, run, (event) => event.type === "tool-started");
    await shop.engine.cancel(ANN, run.id);
    expect(await end(shop, run)).toBe("run-canceled");
    const settled = await shop.engine.messages(ANN, "t");
    await rejected.promise;
    expect(await shop.engine.messages(ANN, "t")).toEqual(settled);
    const parts = settled[1]?.["parts"] as readonly { type: string; state?: string }[];
    expect(parts.find((part) => part.type === "tool-slow")?.state).toBe("output-error");
  });

  test.each<[string, object]>([
    ["instructions", { instructions: () => new Promise<string>(() => undefined) }],
    ["tools", { tools: () => new Promise<never>(() => undefined) }],
  ])("ends although the agent's %s never come", async (_, agent) => {
    const shop = await open({ script: [[say("never")]], agent });
    const run = await shop.ask("go", { threadId: "t" });
    await shop.engine.cancel(ANN, run.id);
    expect(await end(shop, run)).toBe("run-canceled");
  });

  test("leaves the question in the thread, also when it was canceled before its turn", async () => {
    const shop = await open({ script: [[say("Half", { isCut: true }), hang()]], engine: { onBusyThread: "queue" } });
    const first = await shop.ask("one", { threadId: "t", id: "one" });
    await seen(shop, first, (event) => event.type === "text-delta");
    const second = await shop.ask("two", { threadId: "t", id: "two" });
    await shop.engine.cancel(ANN, second.id);
    expect(await end(shop, second)).toBe("run-canceled");
    await shop.engine.cancel(ANN, first.id);
    await shop.log(first);
    expect((await shop.engine.messages(ANN, "t")).map((message) => message["role"])).toContain("user");
    expect((await shop.engine.messages(ANN, "t")).filter((message) => message["role"] === "user").map((message) => message["id"])).toEqual(["one", "two"]);
  });
});

describe("an agent that makes trouble", () => {
  test.each(["onFinish", "onStepFinish", "onChunk"] as const)("whose %s throws ends its run all the same", async (name) => {
    const fail = (): Promise<never> => Promise.reject(new Error("no"));
    const shop = await open({ script: [[say("Hello.")]], agent: { defaultOptions: { [name]: fail } } });
    expect(await end(shop, await shop.ask("hi"))).toBe("run-completed");
  });

  test.each([
    ["reports an error", raise(new Error("overloaded"))],
    ["ends early", cut()],
  ])("whose model %s behind a tool call is not asked again, and leaves one answer", async (_, ending) => {
    const shop = await open({ script: [[say("Adding."), call("add", { a: 1, b: 2 }), ending], [say("never")]] });
    const run = await shop.ask("1 + 2?", { threadId: "t" });
    expect(await end(shop, run)).toBe("run-failed");
    expect(shop.model.requests).toHaveLength(1);
    expect(shop.executed).toEqual([]);
    expect((await shop.engine.messages(ANN, "t")).map((message) => message["id"])).toEqual([run.input.messages[0]?.["id"], run.messageId]);
  });

  test("whose memory fails to save the answer has it written from the log", async () => {
    const shop = await open({ script: [[say("Hello.")]] });
    const store = await shop.memory.storage.getStore("memory");
    if (store === undefined) throw new Error("the memory has no store");
    const save = store.saveMessages.bind(store);
    let refused = 0;
    store.saveMessages = (given: Parameters<typeof save>[0]) => {
      // What Holdfast itself writes carries its mark.
      const isAgents = given.messages.some((message) => message.role === "assistant" && message.content.metadata?.["holdfast"] === undefined);
      if (!isAgents) return save(given);
      refused += 1;
      return Promise.reject(new Error("disk full"));
    };
    const run = await shop.ask("hi", { threadId: "t" });
    expect(await end(shop, run)).toBe("run-completed");
    expect(refused).toBeGreaterThan(0);
    expect((await shop.engine.messages(ANN, "t")).map((message) => textIn(message))).toEqual(["hi", "Hello."]);
  });

  test("that is asked for a call with invalid arguments does not execute it and records the failure", async () => {
    const shop = await open({ script: [[call("add", { a: "one" }, { id: "c1" })], [say("Sorry.")]] });
    const run = await shop.ask("add", { threadId: "t" });
    expect(await end(shop, run)).toBe("run-completed");
    expect(shop.executed).toEqual([]);
    const tool = (await shop.engine.transcript(run)).steps[0]?.parts.find((part) => part.type === "tool");
    expect(tool).toMatchObject({ state: "error" });
  });

  test("whose prepareStep adds a tool has that tool's start on record before it executes", async () => {
    const extra = createTool({ id: "extra", description: "extra", inputSchema: z.object({}), execute: () => Promise.resolve({ done: true }) });
    const shop = await open({
      script: [[call("extra", {}, { id: "c1" })], [say("Done.")]],
      agent: { defaultOptions: { prepareStep: ({ tools }: { tools?: object }) => ({ tools: { ...tools, extra } }) } },
    });
    const types = (await shop.log(await shop.ask("go"))).map((entry) => entry.event.type);
    expect(types.filter((type) => type === "tool-started" || type === "tool-result")).toEqual(["tool-started", "tool-result"]);
  });
});

test("a run that is canceled while nobody holds it keeps its partial answer", async () => {
  const shop = await open({ script: [[say("never")]], engine: { leaseTimes: { leaseMs: 200, sweepMs: 20 } } });
  const made = (id: string): Parameters<typeof shop.engine.store.createRun>[0] => ({
    id,
    threadId: `thread-of-${id}`,
    resourceId: ANN.resourceId,
    agentId: "clerk",
    messageId: `msg-of-${id}`,
    input: { messages: [{ id: `q-of-${id}`, role: "user", parts: [{ type: "text", text: "hi" }] }], trigger: "submit" },
    onBusyThread: "reject",
    billingPolicy: "delivered",
  });
  const claim = { owner: "dead", leaseMs: 400 };
  await shop.engine.store.createRun(made("run_left"), claim);
  const events: RunEvent[] = [
    { type: "step-started", step: 0 },
    { type: "text-start", id: "0.t" },
    { type: "text-delta", id: "0.t", text: "half an answer" },
  ];
  await shop.engine.store.append([{ runId: "run_left", epoch: 1, events }]);
  await shop.engine.store.requestCancel("run_left", ANN.resourceId);
  const run = await shop.engine.getRun(ANN, "run_left");
  expect(await end(shop, run)).toBe("run-canceled");
  expect(textOf(await shop.engine.transcript(run))).toBe("half an answer");
  expect((await shop.engine.messages(ANN, run.threadId)).map((message) => textIn(message))).toEqual(["hi", "half an answer"]);
  expect(shop.model.requests).toHaveLength(0);
});

test("an agent that chooses its memory by who asks keeps and shows threads with that memory", async () => {
  const asked: unknown[] = [];
  const shop: Shop = await open({
    script: [[say("Hello.")]],
    agent: {
      memory: ({ requestContext }: { requestContext: { get(key: string): { resourceId: string } | undefined } }) => {
        asked.push(requestContext.get("principal")?.resourceId);
        return shop.memory;
      },
    },
  });
  const run = await shop.ask("hi", { threadId: "t" });
  expect(await end(shop, run)).toBe("run-completed");
  expect((await shop.engine.messages(ANN, "t")).map((message) => textIn(message))).toEqual(["hi", "Hello."]);
  expect((await shop.engine.updateThread(ANN, "t", { title: "Greeting" })).title).toBe("Greeting");
  expect(new Set(asked)).toEqual(new Set(["ann"]));
});
