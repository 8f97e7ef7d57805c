import { describe, expect, test, vi } from "vitest";
import type { Run } from "../../src/core/run.ts";
import { call, crash, hang, say, scriptedModel, type Move } from "../../src/testkit/scripted-model.ts";
import { ANN, textIn } from "../engine/shop.ts";
import { desksOn, expectThread, type Desk } from "./desk.ts";
import { isTitleCall } from "./host.ts";
import { STORAGES } from "./storage.ts";

const PROFILE = "# Profile\n- likes: apples";
const NOTE: readonly Move[] = [say("Noted."), call("updateWorkingMemory", { memory: PROFILE }, { id: "c1" })];
const HALF = say("Half an ans", { isCut: true });

describe.each(STORAGES)("with threads on %s", (kind) => {
  const open = desksOn(kind);

  const profile = (desk: Desk, threadId: string): Promise<string | null> => desk.memory.getWorkingMemory({ threadId, ...ANN });

  /** Mastra writes a title while the run ends or behind its end. */
  async function expectTitle(desk: Desk, title: string): Promise<void> {
    await vi.waitFor(async () => expect((await desk.engine.getThread(ANN, "t")).title).toBe(title), { timeout: 30_000, interval: 20 });
  }

  async function ended(desk: Desk, run: Run): Promise<string | undefined> {
    return (await desk.log(run)).at(-1)?.event.type;
  }

  describe.each(["resource", "thread"] as const)("working memory of a %s", (scope) => {
    const memory = { workingMemory: { enabled: true, scope } };

    test("has what the agent wrote, and the thread each message once", async () => {
      const desk = await open({ memory, script: [NOTE, [say("You like apples.")], [say("Apples, then.")]] });
      const first = await desk.ask("I like apples.", { threadId: "t", id: "one" });
      expect(await ended(desk, first)).toBe("run-completed");
      expect(await profile(desk, "t")).toBe(PROFILE);
      const second = await desk.ask("What shall I buy?", { threadId: "t", id: "two" });
      expect(await ended(desk, second)).toBe("run-completed");
      expect(JSON.stringify(desk.model.requests.at(-1)?.prompt)).toContain("likes: apples");
      expect(await profile(desk, "t")).toBe(PROFILE);
      await expectThread(desk, "t", [
        { question: "one", run: first, text: "Noted.You like apples." },
        { question: "two", run: second, text: "Apples, then." },
      ]);
      expect(await profile(desk, "u")).toBe(scope === "resource" ? PROFILE : null);
    });

    test("has what the agent wrote before its run failed or was canceled", async () => {
      const desk = await open({ memory, script: [NOTE, [HALF, crash(new Error("socket hang up"))], [HALF, hang()]] });
      const failed = await desk.ask("I like apples.", { threadId: "t", id: "one" });
      expect(await ended(desk, failed)).toBe("run-failed");
      const canceled = await desk.ask("And?", { threadId: "t", id: "two" });
      await desk.seen(canceled, (event) => event.type === "text-delta" && event.text.includes("ans"));
      await desk.engine.cancel(ANN, canceled.id);
      expect(await ended(desk, canceled)).toBe("run-canceled");
      expect(await profile(desk, "t")).toBe(PROFILE);
      await expectThread(desk, "t", [
        { question: "one", run: failed, text: "Noted.Half an ans" },
        { question: "two", run: canceled, text: "Half an ans" },
      ]);
    });
  });

  test("a thread gets its title from the model that the memory names, once", async () => {
    const titles = scriptedModel({ calls: [[say("Apples")], [say("never")]] });
    const desk = await open({ memory: { generateTitle: { model: titles as never } }, script: [[say("Hello.")], [say("Again.")]] });
    const first = await desk.ask("hi", { threadId: "t", id: "one" });
    expect(await ended(desk, first)).toBe("run-completed");
    await expectTitle(desk, "Apples");
    const second = await desk.ask("again", { threadId: "t", id: "two" });
    expect(await ended(desk, second)).toBe("run-completed");
    await expectThread(desk, "t", [
      { question: "one", run: first, text: "Hello." },
      { question: "two", run: second, text: "Again." },
    ]);
    await expectTitle(desk, "Apples");
    expect(titles.requests).toHaveLength(1);
  });

  test("a thread gets its title from the agent's own model, which the log does not show", async () => {
    const desk = await open({
      memory: { generateTitle: true, workingMemory: { enabled: true, scope: "thread" } },
      script: (prompt) => (isTitleCall(prompt) ? [say("Apples")] : JSON.stringify(prompt).includes("tool-result") ? [say("Hello.")] : NOTE),
    });
    const run = await desk.ask("hi", { threadId: "t", id: "one" });
    expect(await ended(desk, run)).toBe("run-completed");
    await expectTitle(desk, "Apples");
    expect(await profile(desk, "t")).toBe(PROFILE);
    await expectThread(desk, "t", [{ question: "one", run, text: "Noted.Hello." }]);
  });

  test("a thread whose first run was canceled gets its title from the next", async () => {
    const titles = scriptedModel({ calls: [[say("Apples")]] });
    const desk = await open({ memory: { generateTitle: { model: titles as never } }, script: [[HALF, hang()], [say("Hello.")]] });
    const canceled = await desk.ask("hi", { threadId: "t", id: "one" });
    await desk.seen(canceled, (event) => event.type === "text-delta" && event.text.includes("ans"));
    await desk.engine.cancel(ANN, canceled.id);
    expect(await ended(desk, canceled)).toBe("run-canceled");
    const second = await desk.ask("again", { threadId: "t", id: "two" });
    expect(await ended(desk, second)).toBe("run-completed");
    await expectTitle(desk, "Apples");
    await expectThread(desk, "t", [
      { question: "one", run: canceled, text: "Half an ans" },
      { question: "two", run: second, text: "Hello." },
    ]);
  });

  test("a conversation that stops for an approval keeps its question and its answer once, its title and its working memory", async () => {
    const titles = scriptedModel({ calls: [[say("Payments")], [say("never")]] });
    const desk = await open({
      memory: { generateTitle: { model: titles as never }, workingMemory: { enabled: true, scope: "thread" } },
      script: (prompt) => {
        const results = JSON.stringify(prompt);
        if (!results.includes("tool-result")) return [...NOTE, call("pay", { amount: 5 }, { id: "p1" })];
        return [say("Paid.")];
      },
    });
    const run = await desk.ask("pay", { threadId: "t", id: "one" });
    expect(await ended(desk, run)).toBe("run-suspended");
    expect((await desk.engine.messages(ANN, "t")).map(({ id }) => id)).toEqual(["one", run.messageId]);
    const { interrupts } = await desk.engine.listInterrupts(ANN, { runId: run.id, limit: 1 });
    const { run: child } = await desk.engine.answer(ANN, [{ interruptId: interrupts[0]?.id ?? "", answer: { approved: true } }]);
    if (child === undefined) throw new Error("no run goes on");
    expect(await ended(desk, child)).toBe("run-completed");
    const messages = await desk.engine.messages(ANN, "t");
    expect(messages.map(({ id }) => id)).toEqual(["one", run.messageId]);
    expect(textIn(messages[1])).toBe("Noted.Paid.");
    expect(desk.executed).toEqual(["pay"]);
    expect(await profile(desk, "t")).toBe(PROFILE);
    await expectTitle(desk, "Payments");
  });
});
