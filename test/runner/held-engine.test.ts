import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { StartRequest } from "../../src/core/protocol.ts";
import { call, say, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { answer, endOf, questionsOf, toolsOf } from "../engine/asking.ts";
import { ANN, openShop, question, textIn, type Shop, type ShopOptions } from "../engine/shop.ts";

const HOLD_MS = 60_000;

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

async function open(options: Partial<ShopOptions> = {}): Promise<Shop> {
  const pick = createTool({ id: "pick", description: "The page picks a color.", inputSchema: z.object({}) });
  const shop = await openShop({
    script: (prompt) => (toolResultsIn(prompt).length === 0 ? [say("Pick one."), call("pick", {}, { id: "c1" })] : [say("Nice.")]),
    tools: { pick },
    ...options,
  });
  shops.push(shop);
  return shop;
}

function request(change: Partial<StartRequest> = {}, holdMs: number = HOLD_MS): StartRequest {
  return { agentId: "clerk", threadId: "t", input: { messages: [question("go", "q")], trigger: "submit", holdMs }, ...change };
}

async function untilAsked(shop: Shop, runId: string): Promise<string> {
  const pending = async (): Promise<string | undefined> =>
    (await shop.engine.listInterrupts(ANN, { runId, statuses: ["pending"], limit: 1 })).interrupts[0]?.id;
  await expect.poll(pending).toBeDefined();
  return (await pending()) ?? expect.fail();
}

describe.each(["memory", "sqlite"] as const)("a run that is held open for a page, on the %s store", (store) => {
  test("goes on itself with the page's result, and the thread holds its answer once", async () => {
    const shop = await open({ store });
    const run = await shop.engine.start(ANN, request());
    const interruptId = await untilAsked(shop, run.id);
    expect(await shop.engine.getRun(ANN, run.id)).toMatchObject({ status: "waiting", attempt: 1 });
    expect(await shop.engine.getInterrupt(ANN, interruptId)).toMatchObject({ kind: "frontend-tool", toolCallId: "c1", status: "pending" });
    const given = [{ interruptId, answer: { output: "red" } }];
    const { run: resumed } = await shop.engine.answer(ANN, given);
    expect(resumed).toMatchObject({ id: run.id, status: "running" });
    expect(await endOf(shop, run)).toBe("run-completed");
    expect((await shop.engine.answer(ANN, given)).run).toMatchObject({ id: run.id, status: "completed" });
    expect(shop.model.requests).toHaveLength(2);
    expect(await toolsOf(shop, run)).toMatchObject([{ toolName: "pick", state: "result", output: "red" }]);
    const messages = await shop.engine.messages(ANN, "t");
    expect(messages.map(({ id }) => id)).toEqual(["q", run.messageId]);
    expect(textIn(messages[1])).toBe("Pick one.Nice.");
  });

  test("ends as suspended once its time is over, and the answer starts a child run", async () => {
    const shop = await open({ store });
    const run = await shop.engine.start(ANN, request({}, 1));
    expect(await endOf(shop, run)).toBe("run-suspended");
    const types = (await shop.log(run)).map(({ event }) => event.type);
    expect(types.slice(types.indexOf("run-waiting"))).toEqual(["run-waiting", "attempt-started", "run-suspended"]);
    expect(await questionsOf(shop, run)).toMatchObject([{ toolCallId: "c1", status: "pending" }]);
    const child = await answer(shop, run, { output: "red" });
    expect(child).toMatchObject({ parentRunId: run.id, messageId: run.messageId });
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(shop.model.requests).toHaveLength(2);
    expect((await shop.engine.messages(ANN, "t")).map((message) => textIn(message))).toEqual(["go", "Pick one.Nice."]);
  });

  test("is canceled while it waits", async () => {
    const shop = await open({ store });
    const run = await shop.engine.start(ANN, request());
    const interruptId = await untilAsked(shop, run.id);
    await expect.poll(async () => (await shop.engine.getRun(ANN, run.id)).status).toBe("waiting");
    expect(await shop.engine.cancel(ANN, run.id)).toMatchObject({ id: run.id, cancelRequested: true });
    expect(await endOf(shop, run)).toBe("run-canceled");
    expect(await shop.engine.getInterrupt(ANN, interruptId)).toMatchObject({ status: "canceled" });
    await expect(shop.engine.answer(ANN, [{ interruptId, answer: { output: "red" } }])).rejects.toMatchObject({ code: "INTERRUPT_CLOSED" });
    expect((await shop.engine.messages(ANN, "t")).map((message) => textIn(message))).toEqual(["go", "Pick one."]);
  });

  test("goes on at once, however seldom its process looks for runs", async () => {
    const shop = await open({ store, engine: { leaseTimes: { leaseMs: 3_600_000, sweepMs: 3_600_000 } } });
    const [run, canceled] = [await shop.engine.start(ANN, request()), await shop.engine.start(ANN, request({ threadId: "u" }))];
    const interruptId = await untilAsked(shop, run.id);
    await untilAsked(shop, canceled.id);
    await shop.engine.answer(ANN, [{ interruptId, answer: { output: "red" } }]);
    expect(await endOf(shop, run)).toBe("run-completed");
    await shop.engine.cancel(ANN, canceled.id);
    expect(await endOf(shop, canceled)).toBe("run-canceled");
  });

  test("answers that decline fit no schema and need not", async () => {
    const shop = await open({ store });
    const run = await shop.engine.start(ANN, request());
    const interruptId = await untilAsked(shop, run.id);
    const reason = { reason: "color-blind" };
    await expect(shop.engine.answer(ANN, [{ interruptId, answer: reason }])).rejects.toMatchObject({ code: "INPUT_INVALID" });
    expect((await shop.engine.answer(ANN, [{ interruptId, answer: reason, isDeclined: true }])).run).toMatchObject({ id: run.id });
    expect(await shop.engine.getInterrupt(ANN, interruptId)).toMatchObject({ status: "answered", answer: reason, isDeclined: true });
    await expect(shop.engine.answer(ANN, [{ interruptId, answer: { output: "red" } }])).rejects.toMatchObject({ code: "ALREADY_ANSWERED" });
  });
});

describe("a start under the client's own id of the run", () => {
  test("is made once on a thread, and is another one on another thread", async () => {
    const shop = await open({ hasMemory: false, script: () => [say("Hello.")] });
    const first = await shop.engine.start(ANN, request({ clientRunId: "mine" }));
    expect(first.clientRunId).toBe("mine");
    // While the thread is busy, after the end, and with another setting of the server.
    expect((await shop.engine.start(ANN, request({ clientRunId: "mine" }))).id).toBe(first.id);
    expect(await endOf(shop, first)).toBe("run-completed");
    expect((await shop.engine.start(ANN, request({ clientRunId: "mine" }, 5))).id).toBe(first.id);
    const elsewhere = await shop.engine.start(ANN, request({ clientRunId: "mine", threadId: "u" }));
    expect(elsewhere.id).not.toBe(first.id);
    const next = await shop.engine.start(ANN, request({ clientRunId: "yours" }));
    expect(next.id).not.toBe(first.id);
    const foreign = await shop.engine.start({ resourceId: "bob" }, request({ clientRunId: "mine", threadId: "bobs" }));
    const { runs } = await shop.engine.listRuns(ANN, { clientRunId: "mine", limit: 10 });
    expect(runs.map(({ id }) => id)).toEqual([elsewhere.id, first.id]);
    for (const run of [elsewhere, next, foreign]) expect(await endOf(shop, run)).toBe("run-completed");
  });

  test("is refused with another input", async () => {
    const shop = await open({ hasMemory: false, script: () => [say("Hello.")] });
    const first = await shop.engine.start(ANN, request({ clientRunId: "mine" }));
    const other = request({ clientRunId: "mine", input: { messages: [question("stop", "other")], trigger: "submit" } });
    await expect(shop.engine.start(ANN, other)).rejects.toMatchObject({ code: "IDEMPOTENCY_MISMATCH" });
    expect(await endOf(shop, first)).toBe("run-completed");
  });

  test("on a thread that the server names is another one each time", async () => {
    const shop = await open({ hasMemory: false, script: () => [say("Hello.")] });
    const { threadId: _threadId, ...onNewThread } = request({ clientRunId: "mine" });
    const runs = [await shop.engine.start(ANN, onNewThread), await shop.engine.start(ANN, onNewThread)];
    expect(runs[0]?.id).not.toBe(runs[1]?.id);
    for (const run of runs) expect(await endOf(shop, run)).toBe("run-completed");
  });

  test("goes by the Idempotency-Key where there is one", async () => {
    const shop = await open({ hasMemory: false, script: () => [say("Hello.")] });
    const first = await shop.engine.start(ANN, request({ clientRunId: "mine", idempotencyKey: "k" }));
    await endOf(shop, first);
    expect((await shop.engine.start(ANN, request({ clientRunId: "other", idempotencyKey: "k" }))).id).toBe(first.id);
    const second = await shop.engine.start(ANN, request({ clientRunId: "mine" }));
    expect(second.id).not.toBe(first.id);
    expect(await endOf(shop, second)).toBe("run-completed");
  });
});
