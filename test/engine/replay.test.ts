import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { AgentSource, AttemptContext, AttemptOutcome } from "../../src/core/agent-source.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { offsetOf } from "../../src/core/offset.ts";
import type { Run } from "../../src/core/run.ts";
import { resetPoint, textOf, type Transcript } from "../../src/core/transcript.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";
import { mastraSource } from "../../src/mastra/agent-source.ts";
import { call, say, scriptedModel, think, toolResultsIn } from "../../src/testkit/scripted-model.ts";

/** One attempt over a log that ends at some event, without a runner: what is emitted, what was committed, what was done. */
interface Replay {
  readonly outcome: AttemptOutcome;
  readonly log: readonly Entry[];
  readonly modelSteps: readonly number[];
  readonly executed: readonly string[];
  readonly executedUncommitted: readonly string[];
}

const run: Run = {
  id: "run_1",
  threadId: "thread-1",
  resourceId: "ann",
  agentId: "clerk",
  status: "running",
  attempt: 1,
  crashes: 0,
  messageId: "msg_1",
  input: { messages: [{ id: "u1", role: "user", parts: [{ type: "text", text: "1 + 2, then 3 + 4?" }] }], trigger: "submit" },
  billingPolicy: "delivered",
  cancelRequested: false,
  createdAt: Date.now(),
};

const stamped = (events: readonly RunEvent[]): Entry[] => events.map((event, index) => ({ offset: offsetOf(index + 1), event, attempt: 1, at: 0 }));

interface World {
  readonly source: AgentSource;
  readonly memory: Memory;
  readonly modelSteps: number[];
  readonly executed: string[];
  /** Asked as each tool executes. */
  isStartCommitted: (toolCallId: string) => boolean;
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
    isStartCommitted: (): boolean => false,
  };
  const tool = (id: string): unknown =>
    createTool({
      id,
      description: id,
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      execute: ({ a, b }, context) => {
        const toolCallId = context.agent?.toolCallId ?? "";
        world.executed.push(toolCallId);
        if (!world.isStartCommitted(toolCallId)) world.executedUncommitted.push(toolCallId);
        return Promise.resolve({ sum: a + b });
      },
    });
  const model = scriptedModel({
    onCall: ({ prompt }) => void world.modelSteps.push(Math.max(0, toolResultsIn(prompt).length - 1)),
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

async function replay(world: World, prefix: readonly RunEvent[], attempt = 2): Promise<Replay> {
  const before = transcriptOf(stamped(prefix));
  const resetTo = resetPoint(before);
  const events: RunEvent[] = [...prefix];
  if (attempt > 1) events.push({ type: "attempt-started", attempt, ...(resetTo !== undefined && { resetTo }) });
  const transcript: Transcript = transcriptOf(stamped(events));
  let committed = events.length;
  world.isStartCommitted = (toolCallId) => events.slice(0, committed).some((event) => event.type === "tool-started" && event.toolCallId === toolCallId);
  world.modelSteps.length = 0;
  world.executed.length = 0;
  const taken = { ...run, attempt };
  const context: AttemptContext = {
    run: taken,
    attempt,
    rootRunId: run.id,
    transcript,
    signal: new AbortController().signal,
    emit: (event) => {
      events.push(event);
      return undefined;
    },
    commit: async () => {
      const upTo = events.length;
      // As a store would: acknowledged some time after it was asked for.
      await new Promise((resolve) => setImmediate(resolve));
      committed = Math.max(committed, upTo);
    },
    noteUsage: () => undefined,
    checkpoint: () => undefined,
  };
  if (attempt > 1) await world.source.begin({ ...run, attempt: 1 }, transcriptOf([]));
  await world.source.begin(taken, transcript);
  const outcome = await world.source.execute(context);
  await world.source.settle(taken, outcome, () => Promise.resolve(transcriptOf(stamped(events))));
  return {
    outcome,
    log: stamped(events),
    modelSteps: [...world.modelSteps],
    executed: [...world.executed],
    executedUncommitted: [...world.executedUncommitted],
  };
}

const BEGIN: readonly RunEvent[] = [
  { type: "run-started", messageId: run.messageId, threadId: run.threadId, agentId: run.agentId },
  { type: "attempt-started", attempt: 1 },
];

describe("an attempt that goes on from a log, cut at every event", () => {
  let whole: readonly RunEvent[] = [];
  let cuts: readonly { readonly prefix: readonly RunEvent[]; readonly after: Replay; readonly thread: readonly unknown[] }[] = [];

  beforeAll(async () => {
    whole = (await replay(openWorld(), BEGIN, 1)).log.map((entry) => entry.event);
    const done: { prefix: readonly RunEvent[]; after: Replay; thread: readonly unknown[] }[] = [];
    for (let end = BEGIN.length; end <= whole.length; end += 1) {
      const world = openWorld();
      const prefix = whole.slice(0, end);
      const after = await replay(world, prefix);
      done.push({ prefix, after, thread: await world.source.threads({ resourceId: run.resourceId }).messages("clerk", run.threadId, run.resourceId) });
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
      expect(messages.map((message) => message.id)).toEqual(["u1", run.messageId]);
      const text = messages[1]?.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
      expect(text).toBe(textOf(transcriptOf(after.log)));
      expect(messages[1]?.parts.filter((part) => part.type.startsWith("tool-"))).toHaveLength(3);
    }
  });

  test("a tool that had started and not ended is reported as unknown to the model, or runs again where it is idempotent", async () => {
    const upToStart = whole.slice(0, whole.findIndex((event) => event.type === "tool-started" && event.toolCallId === "c1") + 1);
    const unknown = await replay(openWorld(), upToStart);
    expect(unknown.log.filter(({ event }) => event.type === "tool-error")).toMatchObject([{ event: { toolCallId: "c1", outcomeUnknown: true } }]);
    expect(unknown.executed).not.toContain("c1");
    const again = await replay(openWorld(["add"]), upToStart);
    expect(again.executed).toContain("c1");
    const keys = again.log.flatMap(({ event }) => (event.type === "tool-started" && event.toolCallId === "c1" ? [event.idempotencyKey] : []));
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });
});
