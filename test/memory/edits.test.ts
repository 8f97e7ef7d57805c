import { describe, expect, test } from "vitest";
import type { Run, RunInput } from "../../src/core/run.ts";
import { crash, hang, say } from "../../src/testkit/scripted-model.ts";
import { ANN, question, textIn, type ShopOptions } from "../engine/shop.ts";
import { desksOn, expectThread, type Desk } from "./desk.ts";
import { STORAGES } from "./storage.ts";

const HALF = say("Half an ans", { isCut: true });

describe.each(STORAGES)("a thread on %s", (kind) => {
  const openDesk = desksOn(kind);
  const open = (...script: ShopOptions["script"] & object[]): Promise<Desk> => openDesk({ script });

  /** Asks and waits for the end. The text of a question is its id. */
  async function ask(desk: Desk, id: string, text: string = id, threadId: string = "t"): Promise<Run> {
    const run = await desk.ask(text, { threadId, id });
    await desk.log(run);
    return run;
  }

  const regenerate = (desk: Desk, id: string, replaces: Pick<RunInput, "replacesMessageId"> = {}): Promise<Run> =>
    desk.engine.start(ANN, { agentId: "clerk", threadId: "t", input: { messages: [question(id, id)], trigger: "regenerate", ...replaces } });

  async function cancelAtHalf(desk: Desk, run: Run): Promise<void> {
    await desk.seen(run, (event) => event.type === "text-delta" && event.text.includes("ans"));
    await desk.engine.cancel(ANN, run.id);
    expect((await desk.log(run)).at(-1)?.event.type).toBe("run-canceled");
  }

  test("keeps one question and the later answer when a message is sent again", async () => {
    const desk = await open([say("First.")], [say("Second.")]);
    await ask(desk, "one");
    const run = await ask(desk, "one");
    await expectThread(desk, "t", [{ question: "one", run, text: "Second." }]);
    expect(JSON.stringify(desk.model.requests.at(-1)?.prompt)).not.toContain("First.");
  });

  test("keeps nothing of a failed or canceled answer when its message is sent again", async () => {
    const desk = await open([HALF, crash(new Error("socket hang up"))], [HALF, hang()], [say("Whole.")]);
    await ask(desk, "one");
    await cancelAtHalf(desk, await desk.ask("one", { threadId: "t", id: "one" }));
    const run = await ask(desk, "one");
    await expectThread(desk, "t", [{ question: "one", run, text: "Whole." }]);
    expect(JSON.stringify(desk.model.requests.at(-1)?.prompt)).not.toContain("Half");
  });

  test("goes on from a message in its middle that is edited, without what stood behind it", async () => {
    const desk = await open([say("First.")], [say("Second.")], [say("Third.")], [say("Other.")], [say("Last.")]);
    const first = await ask(desk, "one");
    await ask(desk, "two");
    await ask(desk, "three");
    const edited = await ask(desk, "two", "two, but better");
    const turns = [
      { question: "one", run: first, text: "First." },
      { question: "two", run: edited, text: "Other." },
    ];
    await expectThread(desk, "t", turns);
    expect((await desk.engine.messages(ANN, "t")).map((message) => textIn(message))).toEqual(["one", "First.", "two, but better", "Other."]);
    const last = await ask(desk, "four");
    await expectThread(desk, "t", [...turns, { question: "four", run: last, text: "Last." }]);
  });

  test("replaces the last answer when it is regenerated, named or not", async () => {
    const desk = await open([say("First.")], [say("Second.")], [say("Better.")], [say("Best.")]);
    const first = await ask(desk, "one");
    const second = await ask(desk, "two");
    const better = await regenerate(desk, "two", { replacesMessageId: second.messageId });
    await desk.log(better);
    const turns = [{ question: "one", run: first, text: "First." }];
    await expectThread(desk, "t", [...turns, { question: "two", run: better, text: "Better." }]);
    const best = await regenerate(desk, "two");
    await desk.log(best);
    await expectThread(desk, "t", [...turns, { question: "two", run: best, text: "Best." }]);
    expect(JSON.stringify(desk.model.requests.at(-1)?.prompt)).not.toMatch(/Second|Better/);
  });

  test("keeps what a canceled regeneration said, and not the answer that it replaced", async () => {
    const desk = await open([say("First.")], [HALF, hang()]);
    const first = await ask(desk, "one");
    const again = await regenerate(desk, "one", { replacesMessageId: first.messageId });
    await cancelAtHalf(desk, again);
    await expectThread(desk, "t", [{ question: "one", run: again, text: "Half an ans" }]);
  });

  test("keeps a question under an id that another thread has, in both", async () => {
    const desk = await open([say("First.")], [say("Second.")], [say("Third.")]);
    const first = await ask(desk, "one", "one", "t");
    const copied = await ask(desk, "one", "one", "u");
    await expectThread(desk, "t", [{ question: "one", run: first, text: "First." }]);
    const standIn = (await desk.engine.messages(ANN, "u"))[0]?.["id"] as string;
    expect(standIn).not.toBe("one");
    await expectThread(desk, "u", [{ question: standIn, run: copied, text: "Second." }]);
    const again = await ask(desk, "one", "one", "u");
    await expectThread(desk, "u", [{ question: standIn, run: again, text: "Third." }]);
    await expectThread(desk, "t", [{ question: "one", run: first, text: "First." }]);
  });

  test("keeps its messages in order when they are many", async () => {
    const desk = await open([say("Answer.")]);
    const turns = [];
    for (let number = 0; number < 30; number += 1) turns.push({ question: `q${number}`, run: await ask(desk, `q${number}`), text: "Answer." });
    await expectThread(desk, "t", turns);
  });
});
