import { createTool } from "@mastra/core/tools";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { call, crash, cut, hang, raise, refuse, say, type Move } from "../../src/testkit/scripted-model.ts";
import { ANN } from "../engine/shop.ts";
import { desksOn, expectThread, type Desk, type Turn } from "./desk.ts";
import { STORAGES } from "./storage.ts";

const ADD: readonly Move[] = [say("Adding."), call("add", { a: 1, b: 2 }, { id: "c1" })];
const HALF = say("Half an ans", { isCut: true });
const FAILURES: readonly (readonly [string, readonly Move[], string])[] = [
  ["whose provider reports an error", [HALF, raise(new Error("overloaded"))], "Half an ans"],
  ["whose provider's stream throws", [HALF, crash(new Error("socket hang up"))], "Half an ans"],
  ["whose provider's stream ends early", [HALF, cut()], "Half an ans"],
  ["whose provider refuses", [refuse(new Error("invalid api key"))], ""],
];

describe.each(STORAGES)("a thread on %s", (kind) => {
  const open = desksOn(kind);

  const endOf = async (desk: Desk, run: Turn["run"]): Promise<string | undefined> => (await desk.log(run)).at(-1)?.event.type;

  test("has the question from the start, and the answer once it is whole", async () => {
    const gate = Promise.withResolvers<void>();
    const desk = await open({ script: [ADD, [HALF, { move: "wait", until: () => gate.promise }, say("wer.")]] });
    const run = await desk.ask("1 + 2?", { threadId: "t", id: "q" });
    await desk.seen(run, (event) => event.type === "text-delta" && event.text.includes("ans"));
    expect((await desk.memory.recall({ threadId: "t", ...ANN })).messages.map(({ id }) => id)).toEqual(["q"]);
    expect((await desk.engine.messages(ANN, "t")).map((message) => message["id"])).toEqual(["q"]);
    gate.resolve();
    expect(await endOf(desk, run)).toBe("run-completed");
    await expectThread(desk, "t", [{ question: "q", run, text: "Adding.Half an answer." }]);
  });

  test.each(FAILURES)("keeps what was said by a run %s in its second step", async (_, ending, partial) => {
    const desk = await open({ script: [ADD, ending] });
    const run = await desk.ask("1 + 2?", { threadId: "t", id: "q" });
    expect(await endOf(desk, run)).toBe("run-failed");
    await expectThread(desk, "t", [{ question: "q", run, text: `Adding.${partial}` }]);
  });

  test.each(FAILURES)("keeps what was said by a run %s at once", async (_, ending, partial) => {
    const desk = await open({ script: [ending] });
    const run = await desk.ask("1 + 2?", { threadId: "t", id: "q" });
    expect(await endOf(desk, run)).toBe("run-failed");
    await expectThread(desk, "t", [{ question: "q", run, text: partial }]);
  });

  test("keeps nothing of the note that Mastra saves of a model's failure under an id of its own", async () => {
    const gate = Promise.withResolvers<void>();
    const desk = await open({ script: [[HALF, { move: "wait", until: () => gate.promise }, crash(new Error("socket hang up"))]] });
    const run = await desk.ask("1 + 2?", { threadId: "t", id: "q" });
    await desk.seen(run, (event) => event.type === "text-delta" && event.text.includes("ans"));
    const content = { format: 2 as const, parts: [{ type: "error" as const, error: { name: "Error", message: "socket hang up" } }] };
    await desk.memory.saveMessages({ messages: [{ id: "note", role: "assistant", createdAt: new Date(), threadId: "t", ...ANN, content }] });
    gate.resolve();
    expect(await endOf(desk, run)).toBe("run-failed");
    await expectThread(desk, "t", [{ question: "q", run, text: "Half an ans" }]);
  });

  test("keeps what was said by a run that is canceled in its second step", async () => {
    const desk = await open({ script: [ADD, [HALF, hang()]] });
    const run = await desk.ask("1 + 2?", { threadId: "t", id: "q" });
    await desk.seen(run, (event) => event.type === "text-delta" && event.text.includes("ans"));
    await desk.engine.cancel(ANN, run.id);
    expect(await endOf(desk, run)).toBe("run-canceled");
    await expectThread(desk, "t", [{ question: "q", run, text: "Adding.Half an ans" }]);
  });

  test("keeps what was said by a run that is canceled while its tool executes", async () => {
    const wait = createTool({ id: "wait", description: "waits", inputSchema: z.object({}), execute: () => new Promise(() => undefined) });
    const desk = await open({ script: [[say("Waiting."), call("wait", {}, { id: "c1" })], [say("never")]], tools: { wait } });
    const run = await desk.ask("wait", { threadId: "t", id: "q" });
    await desk.seen(run, (event) => event.type === "tool-started");
    await desk.engine.cancel(ANN, run.id);
    expect(await endOf(desk, run)).toBe("run-canceled");
    await expectThread(desk, "t", [{ question: "q", run, text: "Waiting." }]);
  });

  test("has the question alone when the run is canceled before the model answers", async () => {
    const called = Promise.withResolvers<void>();
    const onCall = (): Promise<void> => {
      called.resolve();
      return new Promise(() => undefined);
    };
    const desk = await open({ script: [[say("never")]], model: { onCall } });
    const run = await desk.ask("hello", { threadId: "t", id: "q" });
    await called.promise;
    await desk.engine.cancel(ANN, run.id);
    expect(await endOf(desk, run)).toBe("run-canceled");
    await expectThread(desk, "t", [{ question: "q", run, text: "" }]);
  });

  test("goes on in order over runs that end in every way", async () => {
    const desk = await open({ script: [ADD, [say("Three.")], [HALF, raise(new Error("overloaded"))], [HALF, hang()], [say("Whole.")]] });
    const turns: Turn[] = [];
    const ask = async (question: string, text: string): Promise<void> => {
      const run = await desk.ask(question, { threadId: "t", id: question });
      if (question === "canceled") {
        await desk.seen(run, (event) => event.type === "text-delta" && event.text.includes("ans"));
        await desk.engine.cancel(ANN, run.id);
      }
      expect(await endOf(desk, run)).toBe(`run-${question === "again" ? "completed" : question}`);
      turns.push({ question, run, text });
      await expectThread(desk, "t", turns);
    };
    await ask("completed", "Adding.Three.");
    await ask("failed", "Half an ans");
    await ask("canceled", "Half an ans");
    await ask("again", "Whole.");
    const prompt = JSON.stringify(desk.model.requests.at(-1)?.prompt);
    expect(prompt.match(/Half an ans/g)).toHaveLength(2);
  });

  test("keeps characters that databases treat in their own ways", async () => {
    const odd = "quote ' \" \\ dollar $1 ${x} nul \u0000 surrogate \ud800 astral 🍎 rtl \u202e line\u2028end";
    const echo = createTool({
      id: "echo",
      description: "echoes",
      inputSchema: z.object({ text: z.string() }),
      execute: ({ text }) => Promise.resolve({ text }),
    });
    const desk = await open({
      script: [[say(odd, { deltas: 1 }), call("echo", { text: odd }, { id: "c1" })], [say(`${odd}!`, { deltas: 1 })]],
      tools: { echo },
    });
    const run = await desk.ask(odd, { threadId: "t", id: "q" });
    expect(await endOf(desk, run)).toBe("run-completed");
    await expectThread(desk, "t", [{ question: "q", run, text: `${odd}${odd}!` }]);
  });

  test("is one of many whose runs go on at once, each with its own question and answer", async () => {
    const desk = await open({ script: (prompt) => (JSON.stringify(prompt).includes("tool-result") ? [say("Three.")] : ADD) });
    const names = Array.from({ length: 24 }, (_, index) => `t${index}`);
    const runs = await Promise.all(names.map((threadId) => desk.ask("1 + 2?", { threadId, id: `q-${threadId}` })));
    expect(new Set(await Promise.all(runs.map((run) => endOf(desk, run))))).toEqual(new Set(["run-completed"]));
    for (const run of runs) await expectThread(desk, run.threadId, [{ question: `q-${run.threadId}`, run, text: "Adding.Three." }]);
  });
});
