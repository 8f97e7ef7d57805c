import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Run } from "../../src/core/run.ts";
import { call, say, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { endOf, questionsOf } from "../engine/asking.ts";
import { ANN, openShop, question, textIn, type Shop } from "../engine/shop.ts";

// What happens to a run whose hold is over while an attempt writes its half of an answer into the thread.

const HOLD_MS = 50;
/** Far longer than what would overtake the write takes. */
const OVERTAKE_MS = 400;

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

interface Ending {
  readonly shop: Shop;
  readonly run: Run;
  readonly interruptId: string;
  /** Lets the thread take the half of the answer. */
  readonly letWrite: () => void;
}

/** A run whose hold is over, and whose thread does not take the half of its answer until it is let. */
async function ending(store: "memory" | "sqlite"): Promise<Ending> {
  const pick = createTool({ id: "pick", description: "The page picks a color.", inputSchema: z.object({}) });
  const shop = await openShop({
    store,
    tools: { pick },
    script: (prompt) => (toolResultsIn(prompt).length === 0 ? [say("Pick."), call("pick", {}, { id: "c1" })] : [say("Thanks.")]),
  });
  shops.push(shop);
  const { promise: written, resolve: letWrite } = Promise.withResolvers<void>();
  const { promise: isWriting, resolve: begin } = Promise.withResolvers<void>();
  const save = shop.memory.saveMessages.bind(shop.memory);
  shop.memory.saveMessages = async (given: Parameters<typeof save>[0]) => {
    if (JSON.stringify(given.messages).includes('"suspended"')) {
      begin();
      await written;
    }
    return save(given);
  };
  const run = await shop.engine.start(ANN, { agentId: "clerk", threadId: "t", input: { messages: [question("hi", "q")], trigger: "submit", holdMs: HOLD_MS } });
  await isWriting;
  const [asked] = await questionsOf(shop, run);
  return { shop, run, interruptId: asked?.id ?? expect.fail(), letWrite };
}

async function threadOf({ shop }: Ending): Promise<readonly string[]> {
  return (await shop.engine.messages(ANN, "t")).map((message) => textIn(message));
}

describe.each(["memory", "sqlite"] as const)("a run whose hold ends while its thread is written, on the %s store", (store) => {
  test("goes on with an answer that comes then, and the thread gets the whole of what it says", async () => {
    const held = await ending(store);
    const { shop, run, interruptId, letWrite } = held;
    const given = [{ interruptId, answer: { output: "red" } }];
    expect((await shop.engine.answer(ANN, given)).run).toMatchObject({ id: run.id, status: "running" });
    const ended = endOf(shop, run);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, OVERTAKE_MS))]);
    letWrite();
    expect(await ended).toBe("run-completed");
    await expect.poll(() => threadOf(held)).toEqual(["hi", "Pick.Thanks."]);
    const types = (await shop.log(run)).map(({ event }) => event.type).filter((type) => /^(run|attempt|interrupt)-/.test(type));
    expect(types).toEqual(["run-started", "attempt-started", "run-waiting", "attempt-started", "interrupt-answered", "attempt-started", "run-completed"]);
    expect(shop.model.requests).toHaveLength(2);
    expect(await shop.engine.getRun(ANN, run.id)).toMatchObject({ attempt: 3, crashes: 0 });
    expect((await shop.engine.answer(ANN, given)).run).toMatchObject({ id: run.id, status: "completed" });
  });

  test("is canceled by a wish that comes then, also behind an answer, and takes none behind it", async () => {
    for (const isAnswered of [false, true]) {
      const held = await ending(store);
      const { shop, run, interruptId, letWrite } = held;
      const given = [{ interruptId, answer: { output: "red" } }];
      if (isAnswered) await shop.engine.answer(ANN, given);
      expect(await shop.engine.cancel(ANN, run.id)).toMatchObject({ id: run.id, cancelRequested: true });
      if (!isAnswered) await expect(shop.engine.answer(ANN, given)).rejects.toMatchObject({ code: "INTERRUPT_CLOSED" });
      letWrite();
      expect(await endOf(shop, run)).toBe("run-canceled");
      expect(shop.model.requests).toHaveLength(1);
      expect(await threadOf(held)).toEqual(["hi", "Pick."]);
      const actions = (await shop.engine.listAudit(ANN, run.id)).map(({ action }) => action);
      expect(actions).toEqual(isAnswered ? ["answered", "canceled"] : ["canceled"]);
    }
  });
});
