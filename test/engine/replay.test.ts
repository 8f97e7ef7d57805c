import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { AgentSource } from "../../src/core/agent-source.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { textOf } from "../../src/core/transcript.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";
import { mastraSource } from "../../src/mastra/agent-source.ts";
import { call, say, scriptedModel, think, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { BEGIN, replay, RUN, stamped, type Replayed } from "./replaying.ts";

/** One attempt, and what was done in it. */
interface Replay extends Replayed {
  readonly modelSteps: readonly number[];
  readonly calledUncommitted: readonly number[];
  readonly executed: readonly string[];
  readonly executedUncommitted: readonly string[];
}

interface World {
  readonly source: AgentSource;
  readonly memory: Memory;
  readonly modelSteps: number[];
  readonly executed: string[];
  /** What is on the disk while the attempt executes. */
  committed: () => readonly RunEvent[];
  readonly calledUncommitted: number[];
  readonly executedUncommitted: string[];
}

function openWorld(idempotentTools: readonly string[] = []): World {
  const storage = new LibSQLStore({ id: "memory", url: ":memory:" });
  const memory = new Memory({ storage });
  const world: Omit<World, "source"> = {
    memory,
    modelSteps: [] as number[],
    executed: [] as string[],
    executedUncommitted: [] as string[],
    calledUncommitted: [] as number[],
    committed: () => [],
  };
  const tool = (id: string): unknown =>
    createTool({
      id,
      description: id,
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      execute: ({ a, b }, context) => {
        const toolCallId = context.agent?.toolCallId ?? "";
        world.executed.push(toolCallId);
        const isStarted = world.committed().some((event) => event.type === "tool-started" && event.toolCallId === toolCallId);
        if (!isStarted) world.executedUncommitted.push(toolCallId);
        return Promise.resolve({ sum: a + b });
      },
    });
  const model = scriptedModel({
    onCall: ({ prompt }) => {
      const step = Math.max(0, toolResultsIn(prompt).length - 1);
      world.modelSteps.push(step);
      const last = world.committed().findLast((event) => event.type === "model-called" || event.type === "model-finished");
      if (last?.type !== "model-called" || last.step !== step) world.calledUncommitted.push(step);
    },
    calls: (prompt) => {
      const results = toolResultsIn(prompt).length;
      if (results < 2)
        return [think("Two sums."), say("First."), call("add", { a: 1, b: 2 }, { id: "c1", pieces: 2 }), call("plus", { a: 3, b: 4 }, { id: "c2" })];
      return results < 3 ? [say("Then."), call("add", { a: 3, b: 7 }, { id: "c3" })] : [say("Ten in all.")];
    },
  });
  const agent = new Agent({
    id: "clerk",
    name: "clerk",
    instructions: "x",
    model,
    tools: { add: tool("add"), plus: tool("plus") } as never,
    memory,
  });
  const source = mastraSource(new Mastra({ agents: { clerk: agent }, logger: false, storage }), { idempotentTools });
  return Object.assign(world, { source });
}

async function replayIn(world: World, prefix: readonly RunEvent[], attempt = 2): Promise<Replay> {
  world.modelSteps.length = 0;
  world.executed.length = 0;
  const replayed = await replay(world.source, prefix, { attempt, watch: (committed) => (world.committed = committed) });
  const { modelSteps, executed, calledUncommitted, executedUncommitted } = world;
  return { ...replayed, modelSteps: [...modelSteps], executed: [...executed], calledUncommitted, executedUncommitted };
}

describe("an attempt that goes on from a log, cut at every event", () => {
  let whole: readonly RunEvent[] = [];
  let cuts: readonly { readonly prefix: readonly RunEvent[]; readonly after: Replay; readonly thread: readonly unknown[] }[] = [];

  beforeAll(async () => {
    whole = (await replayIn(openWorld(), BEGIN, 1)).log.map((entry) => entry.event);
    const done: { prefix: readonly RunEvent[]; after: Replay; thread: readonly unknown[] }[] = [];
    for (let end = BEGIN.length; end <= whole.length; end += 1) {
      const world = openWorld();
      const prefix = whole.slice(0, end);
      const after = await replayIn(world, prefix);
      done.push({ prefix, after, thread: await world.source.threads({ resourceId: RUN.resourceId }).messages("clerk", RUN.threadId, RUN.resourceId) });
    }
    cuts = done;
  });

  test("a model call whose end the transcript holds is not issued again", () => {
    expect(cuts.length).toBeGreaterThan(30);
    for (const { prefix, after } of cuts) {
      const finished = prefix.flatMap((event) => (event.type === "model-finished" ? [event.step] : []));
      expect(after.modelSteps).toEqual([0, 1, 2].filter((step) => !finished.includes(step)));
    }
  });

  test("a tool whose result the transcript holds is not executed again", () => {
    for (const { prefix, after } of cuts) {
      const begun = new Set(prefix.flatMap((event) => (event.type === "tool-started" || event.type === "tool-result" ? [event.toolCallId] : [])));
      const complete = prefix.flatMap((event) => (event.type === "model-finished" ? [event.step] : []));
      // A start that stands in a step whose model call was not complete cannot be: starts wait for it.
      expect(complete.length > 0 || begun.size === 0).toBe(true);
      expect(after.executed).toEqual(["c1", "c2", "c3"].filter((toolCallId) => !begun.has(toolCallId)));
    }
  });

  test("a tool executes only after its start is committed", () => {
    for (const { after } of cuts) expect(after.executedUncommitted).toEqual([]);
  });

  test("a model is called only after the call is committed", () => {
    for (const { after } of cuts) expect(after.calledUncommitted).toEqual([]);
  });

  test("the log ends up with every step once, and with the same text", () => {
    const expected = transcriptOf(stamped(whole));
    for (const { after } of cuts) {
      expect(after.outcome).toEqual({ outcome: "completed", finishReason: "stop" });
      const transcript = transcriptOf(after.log);
      expect(textOf(transcript)).toBe(textOf(expected));
      expect(transcript.steps.map((step) => [step.step, step.isFinished, step.parts.length])).toEqual(
        expected.steps.map((step) => [step.step, true, step.parts.length]),
      );
    }
  });

  test("after settle the thread holds the user's message once and the answer once, as the log has it", () => {
    for (const { after, thread } of cuts) {
      const messages = thread as readonly { id: string; parts: readonly { type: string; text?: string }[] }[];
      expect(messages.map((message) => message.id)).toEqual(["u1", RUN.messageId]);
      const text = messages[1]?.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
      expect(text).toBe(textOf(transcriptOf(after.log)));
      expect(messages[1]?.parts.filter((part) => part.type.startsWith("tool-"))).toHaveLength(3);
    }
  });

  test("a tool that had started and not ended is reported as unknown to the model, or runs again where it is idempotent", async () => {
    const upToStart = whole.slice(0, whole.findIndex((event) => event.type === "tool-started" && event.toolCallId === "c1") + 1);
    const unknown = await replayIn(openWorld(), upToStart);
    expect(unknown.log.filter(({ event }) => event.type === "tool-error")).toMatchObject([{ event: { toolCallId: "c1", outcomeUnknown: true } }]);
    expect(unknown.executed).not.toContain("c1");
    const again = await replayIn(openWorld(["add"]), upToStart);
    expect(again.executed).toContain("c1");
    const keys = again.log.flatMap(({ event }) => (event.type === "tool-started" && event.toolCallId === "c1" ? [event.idempotencyKey] : []));
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });
});
