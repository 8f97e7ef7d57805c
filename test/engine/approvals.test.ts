import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { call, say, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { answer, endOf, questionsOf, toolsOf } from "./asking.ts";
import { ANN, openShop, textIn, type Shop, type ShopOptions } from "./shop.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

async function open(options: ShopOptions): Promise<Shop> {
  const shop = await openShop(options);
  shops.push(shop);
  return shop;
}

describe.each(["memory", "sqlite"] as const)("a run that asks, on the %s store", (store) => {
  test("goes on with the approved tool under the message that it began", async () => {
    const shop = await open({ store, script: [[say("Paying."), call("pay", { amount: 5 }, { id: "c1" })], [say("Paid.")]] });
    const run = await shop.ask("pay", { threadId: "t" });
    expect(await endOf(shop, run)).toBe("run-suspended");
    expect(shop.executed).toEqual([]);
    const child = await answer(shop, run, { approved: true });
    expect(child).toMatchObject({ parentRunId: run.id, messageId: run.messageId, threadId: "t" });
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(shop.executed).toEqual(["pay"]);
    expect(shop.model.requests).toHaveLength(2);
    const messages = await shop.engine.messages(ANN, "t");
    expect(messages.map(({ id }) => id)).toEqual([run.input.messages[0]?.["id"], run.messageId]);
    expect(textIn(messages[1])).toBe("Paying.Paid.");
    expect(messages[1]?.["parts"]).toContainEqual(expect.objectContaining({ type: "tool-pay", state: "output-available", output: { paid: true } }));
  });

  test("tells the model of a declined call and shows it as denied", async () => {
    const shop = await open({ store, script: [[call("pay", { amount: 5 }, { id: "c1" })], [say("Then not.")]] });
    const run = await shop.ask("pay", { threadId: "t" });
    await endOf(shop, run);
    const child = await answer(shop, run, { approved: false, reason: "too dear" });
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(shop.executed).toEqual([]);
    expect(JSON.stringify(shop.model.requests[1]?.prompt)).toContain("too dear");
    expect(await toolsOf(shop, child)).toMatchObject([{ state: "denied", message: "too dear" }]);
    const [, shown] = await shop.engine.messages(ANN, "t");
    expect(shown?.["parts"]).toContainEqual(expect.objectContaining({ type: "tool-pay", state: "output-denied" }));
    // The conversation goes on with the declined call in it.
    const next = await shop.ask("and now?", { threadId: "t" });
    expect(await endOf(shop, next)).toBe("run-completed");
  });

  test("asks all questions of a step at once, beside the tools that ran, and executes what was approved in order", async () => {
    const order: string[] = [];
    const free = createTool({
      id: "free",
      description: "free",
      inputSchema: z.object({}),
      execute: () => {
        order.push("free");
        return Promise.resolve({ free: true });
      },
    });
    const ask = (id: string): unknown =>
      createTool({
        id,
        description: id,
        inputSchema: z.object({}),
        requireApproval: true,
        execute: () => {
          order.push(id);
          return Promise.resolve({ id });
        },
      });
    const shop = await open({
      store,
      tools: { free, one: ask("one"), two: ask("two") },
      script: (prompt) =>
        toolResultsIn(prompt).length === 0
          ? [call("one", {}, { id: "c1" }), call("two", {}, { id: "c2" }), call("free", {}, { id: "c3" })]
          : [say("All done.")],
    });
    const run = await shop.ask("go", { threadId: "t" });
    expect(await endOf(shop, run)).toBe("run-suspended");
    expect(order).toEqual(["free"]);
    const asked = await questionsOf(shop, run);
    expect(asked.map(({ toolCallId, status }) => [toolCallId, status])).toEqual([
      ["c1", "pending"],
      ["c2", "pending"],
    ]);
    // One answer alone starts nothing.
    const first = await shop.engine.answer(ANN, [{ interruptId: asked[0]?.id ?? "", answer: { approved: true } }]);
    expect(first.run).toBeUndefined();
    const child = await answer(shop, run, { approved: true });
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(order).toEqual(["free", "one", "two"]);
    expect((await toolsOf(shop, child)).map(({ state }) => state)).toEqual(["result", "result", "result"]);
    expect((await shop.engine.messages(ANN, "t")).map((message) => textIn(message))).toEqual(["go", "All done."]);
  });

  test.each([[false], [null], [0], [""], [{ deep: [1, null] }]])("hands a suspended tool the answer %j", async (given) => {
    const seen: unknown[] = [];
    const asking = createTool({
      id: "asking",
      description: "asks",
      inputSchema: z.object({}),
      execute: async (_input, context) => {
        const { resumeData, suspend } = context.agent ?? {};
        if (resumeData === undefined) return suspend?.({ question: "which?" });
        seen.push(resumeData);
        return { got: resumeData };
      },
    });
    const shop = await open({ store, tools: { asking }, script: [[call("asking", {}, { id: "c1" })], [say("Thanks.")]] });
    const run = await shop.ask("go", { threadId: "t" });
    expect(await endOf(shop, run)).toBe("run-suspended");
    expect(await questionsOf(shop, run)).toMatchObject([{ kind: "tool-suspend", payload: { question: "which?" }, status: "pending" }]);
    const child = await answer(shop, run, given);
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(seen).toEqual([given]);
    expect(await toolsOf(shop, child)).toMatchObject([{ state: "result", output: { got: given } }]);
  });

  test("goes on with what the page gave for a tool that has no code on the server", async () => {
    const pick = createTool({ id: "pick", description: "picks", inputSchema: z.object({}) });
    const shop = await open({ store, tools: { pick }, script: [[call("pick", {}, { id: "c1" })], [say("Berth 7 it is.")]] });
    const run = await shop.ask("go", { threadId: "t" });
    expect(await endOf(shop, run)).toBe("run-suspended");
    expect(await questionsOf(shop, run)).toMatchObject([{ kind: "frontend-tool", toolName: "pick" }]);
    const child = await answer(shop, run, { output: 0 });
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(await toolsOf(shop, child)).toMatchObject([{ state: "result", output: 0 }]);
    expect(shop.model.requests).toHaveLength(2);
  });

  test("asks again when the approved tool suspends", async () => {
    const order: unknown[] = [];
    const careful = createTool({
      id: "careful",
      description: "careful",
      inputSchema: z.object({}),
      requireApproval: true,
      resumeSchema: z.object({ sure: z.boolean() }),
      suspendSchema: z.object({ really: z.string() }),
      execute: async (_input, context) => {
        order.push(context.agent?.resumeData ?? "first");
        if (context.agent?.resumeData === undefined) return context.agent?.suspend({ really: "?" });
        return { done: true };
      },
    });
    const shop = await open({ store, tools: { careful }, script: [[call("careful", {}, { id: "c1" })], [say("Done.")]] });
    const run = await shop.ask("go", { threadId: "t" });
    await endOf(shop, run);
    const second = await answer(shop, run, { approved: true });
    expect(await endOf(shop, second)).toBe("run-suspended");
    const [question] = await questionsOf(shop, second);
    await expect(shop.engine.answer(ANN, [{ interruptId: question?.id ?? "", answer: { sure: "maybe" } }])).rejects.toMatchObject({ code: "INPUT_INVALID" });
    const third = await answer(shop, second, { sure: true });
    expect(await endOf(shop, third)).toBe("run-completed");
    expect(order).toEqual(["first", { sure: true }]);
    expect(third.parentRunId).toBe(second.id);
    expect((await shop.engine.messages(ANN, "t")).map(({ id }) => id)).toEqual([run.input.messages[0]?.["id"], run.messageId]);
  });

  test("answers its own question although the conversation went on, and leaves the later turns as they are", async () => {
    const shop = await open({
      store,
      script: (prompt) => {
        const asked = JSON.stringify(prompt.findLast(({ role }) => role === "user"));
        if (asked.includes("weather")) return [say("It rains.")];
        return toolResultsIn(prompt).length === 0 ? [say("Paying."), call("pay", { amount: 5 }, { id: "c1" })] : [say("Paid.")];
      },
    });
    const run = await shop.ask("pay", { threadId: "t" });
    await endOf(shop, run);
    const later = await shop.ask("the weather?", { threadId: "t" });
    expect(await endOf(shop, later)).toBe("run-completed");
    const child = await answer(shop, run, { approved: true });
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(JSON.stringify(shop.model.requests.at(-1)?.prompt)).not.toContain("weather");
    const messages = await shop.engine.messages(ANN, "t");
    expect(messages.map((message) => textIn(message))).toEqual(["pay", "Paying.Paid.", "the weather?", "It rains."]);
    expect(messages[3]?.["parts"]).toHaveLength(2);
  });

  test("shows what was decided already while other questions are open", async () => {
    const pick = createTool({ id: "pick", description: "picks", inputSchema: z.object({}) });
    const shop = await open({
      store,
      tools: { pick },
      script: [[call("pay", { amount: 5 }, { id: "c1" }), call("pick", {}, { id: "c2" }), call("pay", { amount: 6 }, { id: "c3" })], [say("Done.")]],
    });
    const run = await shop.ask("go", { threadId: "t" });
    await endOf(shop, run);
    const asked = await questionsOf(shop, run);
    const idOf = (toolCallId: string): string => asked.find((interrupt) => interrupt.toolCallId === toolCallId)?.id ?? "";
    await shop.engine.answer(ANN, [
      { interruptId: idOf("c1"), answer: { approved: false, reason: "no" } },
      { interruptId: idOf("c2"), answer: { output: 0 } },
    ]);
    const [, shown] = await shop.engine.messages(ANN, "t");
    expect(shown?.["parts"]).toMatchObject([
      { type: "step-start" },
      { toolCallId: "c1", state: "approval-responded", approval: { id: idOf("c1"), approved: false, reason: "no" } },
      { toolCallId: "c2", state: "output-available", output: 0 },
      { toolCallId: "c3", state: "approval-requested", approval: { id: idOf("c3") } },
    ]);
  });

  test("shows its open question to a page that reloads, and is canceled in a run of its own", async () => {
    const shop = await open({ store, script: [[say("Paying."), call("pay", { amount: 5 }, { id: "c1" })]] });
    const run = await shop.ask("pay", { threadId: "t" });
    await endOf(shop, run);
    const [question] = await questionsOf(shop, run);
    const [, asking] = await shop.engine.messages(ANN, "t");
    expect(asking?.["parts"]).toContainEqual(expect.objectContaining({ type: "tool-pay", state: "approval-requested", approval: { id: question?.id } }));
    const canceled = await shop.engine.cancel(ANN, run.id);
    expect(canceled.parentRunId).toBe(run.id);
    expect(await endOf(shop, canceled)).toBe("run-canceled");
    await expect(shop.engine.cancel(ANN, run.id)).rejects.toMatchObject({ code: "RUN_ENDED" });
    await expect(shop.engine.answer(ANN, [{ interruptId: question?.id ?? "", answer: { approved: true } }])).rejects.toMatchObject({
      code: "INTERRUPT_CLOSED",
    });
    const [, closed] = await shop.engine.messages(ANN, "t");
    expect(closed?.["parts"]).toContainEqual(expect.objectContaining({ type: "tool-pay", state: "output-error" }));
    expect(closed?.["metadata"]).toMatchObject({ holdfast: { status: "canceled" } });
    expect((await shop.engine.listAudit(ANN, run.id)).map(({ action, actor }) => [action, actor])).toEqual([["canceled", "ann"]]);
  });
});
