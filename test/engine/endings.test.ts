import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { RunEvent } from "../../src/core/event.ts";
import { textOf } from "../../src/core/transcript.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";
import { call, crash, cut, hang, raise, refuse, say, type Move } from "../../src/testkit/scripted-model.ts";
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

const firstStep: readonly Move[] = [say("Adding."), call("add", { a: 1, b: 2 }, { id: "c1" })];

async function waitFor(shop: Shop, run: Parameters<Shop["log"]>[0], fits: (event: RunEvent) => boolean): Promise<void> {
  for await (const batch of shop.engine.tail(run, 0 as never, new AbortController().signal)) if (batch.some((entry) => fits(entry.event))) return;
}

describe.each(["memory", "sqlite"] as const)("every ending, on the %s store", (store) => {
  test.each<[string, readonly Move[], string, string]>([
    ["a provider that reports an error", [say("Half an ans", { isCut: true }), raise(new Error("overloaded"))], "overloaded", "Half an ans"],
    ["a provider whose stream breaks", [say("Half an ans", { isCut: true }), crash(new Error("socket hang up"))], "socket hang up", "Half an ans"],
    ["a provider that refuses", [refuse(new Error("invalid api key"))], "invalid api key", ""],
    ["a model that ends early", [say("Half an ans", { isCut: true }), cut()], "The model's answer ended before it was complete.", "Half an ans"],
  ])("%s ends the run as failed, and the thread keeps what the stream showed", async (_, secondStep, message, partial) => {
    const shop = await open({ store, script: [firstStep, secondStep] });
    const run = await shop.ask("1 + 2?", { threadId: "t" });
    const entries = await shop.log(run);
    const last = entries.at(-1)?.event;
    expect(last).toMatchObject({ type: "run-failed", error: { code: "AGENT_FAILED" } });
    expect(last?.type === "run-failed" && last.error.message).toContain(message);
    expect(JSON.stringify(last)).not.toMatch(/\.ts:|\.js:|node_modules/);
    const transcript = transcriptOf(entries);
    expect(textOf(transcript)).toBe(`Adding.${partial}`);
    const thread = await shop.engine.messages(ANN, "t");
    expect(thread.map((part) => [part["id"], part["role"]])).toEqual([
      [run.input.messages[0]?.["id"], "user"],
      [run.messageId, "assistant"],
    ]);
    expect(textIn(thread[1])).toBe(`Adding.${partial}`);
    expect(shop.executed).toEqual(["add"]);
    expect((await shop.engine.getRun(ANN, run.id)).status).toBe("failed");
  });

  test("a cancel aborts the model call, keeps and saves the partial answer, and ends the run as canceled once", async () => {
    const shop = await open({ store, script: [firstStep, [say("Half an ans", { isCut: true }), hang()]] });
    const run = await shop.ask("1 + 2?", { threadId: "t" });
    await waitFor(shop, run, (event) => event.type === "text-delta" && event.text.includes("ans"));
    await shop.engine.cancel(ANN, run.id);
    const entries = await shop.log(run);
    expect(entries.filter((entry) => entry.event.type === "run-canceled")).toHaveLength(1);
    expect(shop.model.requests.at(-1)?.options.abortSignal?.aborted).toBe(true);
    const thread = await shop.engine.messages(ANN, "t");
    expect(thread).toHaveLength(2);
    expect(thread[1]?.["id"]).toBe(run.messageId);
    expect(textIn(thread[1])).toBe("Adding.Half an ans");
    expect(JSON.stringify((await shop.memory.recall({ threadId: "t", resourceId: "ann" })).messages[1]?.content.metadata)).toContain('"canceled"');
    await expect(shop.engine.cancel(ANN, run.id)).rejects.toMatchObject({ code: "RUN_ENDED" });
  });

  test.each([
    ["heeds", true],
    ["does not heed", false],
  ])("a cancel ends a run in a tool that %s its signal, and the conversation goes on", async (_, heedsSignal) => {
    const slow = createTool({
      id: "slow",
      description: "slow",
      inputSchema: z.object({}),
      execute: (_input, { abortSignal }) =>
        new Promise((_resolve, reject) => {
          if (heedsSignal) abortSignal?.addEventListener("abort", () => reject(new Error("stopped")), { once: true });
        }),
    });
    const shop = await open({ store, tools: { slow }, script: [[say("Going."), call("slow", {}, { id: "c1" })], [say("Fine.")]] });
    const run = await shop.ask("go", { threadId: "t" });
    await waitFor(shop, run, (event) => event.type === "tool-started");
    await shop.engine.cancel(ANN, run.id);
    expect((await shop.log(run)).at(-1)?.event.type).toBe("run-canceled");
    const errorText = "The run was canceled before the tool ended.";
    expect((await shop.engine.messages(ANN, "t"))[1]?.["parts"]).toContainEqual(
      expect.objectContaining({ toolCallId: "c1", state: "output-error", errorText }),
    );
    const next = await shop.ask("and now?", { threadId: "t" });
    expect((await shop.log(next)).at(-1)?.event.type).toBe("run-completed");
    expect(JSON.stringify(shop.model.requests[1]?.prompt)).toContain(errorText);
  });

  test("a cancel ends a run whose model does not answer at all, nor heed its signal, and the conversation goes on", async () => {
    const called = Promise.withResolvers<void>();
    const onCall = ({ number }: { readonly number: number }): Promise<void> => {
      called.resolve();
      return number === 1 ? new Promise(() => undefined) : Promise.resolve();
    };
    const shop = await open({ store, script: [[say("never")], [say("Here I am.")]], model: { onCall } });
    const run = await shop.ask("hello", { threadId: "t", id: "u1" });
    await called.promise;
    await shop.engine.cancel(ANN, run.id);
    expect((await shop.log(run)).at(-1)?.event.type).toBe("run-canceled");
    expect((await shop.engine.messages(ANN, "t")).map((message) => message["id"])).toEqual(["u1"]);
    const next = await shop.ask("are you there?", { threadId: "t" });
    expect((await shop.log(next)).at(-1)?.event.type).toBe("run-completed");
  });

  test("the turn after a canceled one goes on from what was kept", async () => {
    const shop = await open({ store, script: [[say("Half", { isCut: true }), hang()], [say("Whole.")]] });
    const first = await shop.ask("one", { threadId: "t" });
    await waitFor(shop, first, (event) => event.type === "text-delta");
    await shop.engine.cancel(ANN, first.id);
    await shop.log(first);
    const second = await shop.ask("two", { threadId: "t" });
    await shop.log(second);
    expect(JSON.stringify(shop.model.requests.at(-1)?.prompt)).toContain("Half");
    expect((await shop.engine.messages(ANN, "t")).map((message) => [message["role"], textIn(message)])).toEqual([
      ["user", "one"],
      ["assistant", "Half"],
      ["user", "two"],
      ["assistant", "Whole."],
    ]);
  });

  test("a tool that needs approval ends the run as suspended, with its question on record", async () => {
    const shop = await open({ store, script: [[say("Paying."), call("pay", { amount: 5 }, { id: "c1" })]] });
    const run = await shop.ask("pay", { threadId: "t" });
    const last = (await shop.log(run)).at(-1)?.event;
    expect(last).toMatchObject({ type: "run-suspended", interrupts: [{ kind: "tool-approval", toolCallId: "c1", toolName: "pay", input: { amount: 5 } }] });
    const { interrupts } = await shop.engine.listInterrupts(ANN, { runId: run.id, limit: 10 });
    expect(interrupts).toMatchObject([{ status: "pending", resourceId: "ann", threadId: "t", toolName: "pay" }]);
    expect(shop.executed).toEqual([]);
  });

  test("a disconnected reader does not stop the run", async () => {
    const shop = await open({ store, script: [firstStep, [say("Three.")]] });
    const run = await shop.ask("1 + 2?");
    const abort = new AbortController();
    for await (const _ of shop.engine.tail(run, 0 as never, abort.signal)) abort.abort();
    expect((await shop.log(run)).at(-1)?.event.type).toBe("run-completed");
  });
});

describe("the thread", () => {
  test("keeps what a later step says in the words of an earlier one", async () => {
    const shop = await open({ script: [[say("Same."), call("add", { a: 1, b: 2 }, { id: "c1" })], [say("Same.")]] });
    const run = await shop.ask("go", { threadId: "t" });
    await shop.log(run);
    expect((await shop.engine.messages(ANN, "t")).map((message) => textIn(message))).toEqual(["go", "Same.Same."]);
  });

  test("the user's message is there from the start, and a page that reloads mid-run does not get the partial answer", async () => {
    const shop = await open({ script: [[say("Half", { isCut: true }), hang()]] });
    const run = await shop.ask("hello", { threadId: "t", id: "u1" });
    await waitFor(shop, run, (event) => event.type === "text-delta");
    expect((await shop.memory.recall({ threadId: "t", resourceId: "ann" })).messages.map((message) => message.id)).toEqual(["u1"]);
    expect((await shop.engine.messages(ANN, "t")).map((message) => message["id"])).toEqual(["u1"]);
  });

  test("a regeneration replaces the last answer", async () => {
    const shop = await open({ script: [[say("First answer.")], [say("Second answer.")], [say("Better answer.")]] });
    for (const text of ["one", "two"]) await shop.log(await shop.ask(text, { threadId: "t", id: text }));
    const stale = (await shop.engine.messages(ANN, "t")).at(-1)?.["id"] as string;
    const again = await shop.engine.start(ANN, {
      agentId: "clerk",
      threadId: "t",
      input: { messages: [{ id: "two", role: "user", parts: [{ type: "text", text: "two" }] }], trigger: "regenerate", replacesMessageId: stale },
    });
    await shop.log(again);
    const thread = await shop.engine.messages(ANN, "t");
    expect(thread.map((message) => textIn(message))).toEqual(["one", "First answer.", "two", "Better answer."]);
    expect(JSON.stringify(shop.model.requests.at(-1)?.prompt)).not.toContain("Second answer.");
  });

  test("an agent without memory takes its history from the client and shows the conversation from the log", async () => {
    const shop = await open({ hasMemory: false, script: [[say("First.")], [say("Second.")]] });
    const first = await shop.ask("one", { threadId: "t" });
    await shop.log(first);
    const history = await shop.engine.messages(ANN, "t");
    expect(history.map((message) => textIn(message))).toEqual(["one", "First."]);
    await shop.log(await shop.ask("two", { threadId: "t", history }));
    expect(JSON.stringify(shop.model.requests.at(-1)?.prompt)).toContain("First.");
    expect((await shop.engine.messages(ANN, "t")).map((message) => textIn(message))).toEqual(["one", "First.", "two", "Second."]);
  });

  test("a queued question is shown while it waits", async () => {
    const shop = await open({ engine: { onBusyThread: "queue" }, script: [[say("Half", { isCut: true }), hang()], [say("Second.")]] });
    const first = await shop.ask("one", { threadId: "t", id: "one" });
    await waitFor(shop, first, (event) => event.type === "text-delta");
    const second = await shop.ask("two", { threadId: "t", id: "two" });
    expect((await shop.engine.messages(ANN, "t")).map((message) => message["id"])).toEqual(["one", "two"]);
    await shop.engine.cancel(ANN, first.id);
    expect((await shop.log(second)).at(-1)?.event.type).toBe("run-completed");
  });
});
