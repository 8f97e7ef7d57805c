import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { AgentSource } from "../../src/core/agent-source.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { innermost } from "../../src/core/ledger.ts";
import { mastraSource } from "../../src/mastra/agent-source.ts";
import { call, say, scriptedModel, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { BEGIN, replay, RUN, type Replayed } from "./replaying.ts";

const COUNT = z.object({ n: z.number() });
const RESULT = { pages: [{ n: 11 }, { n: 21 }], n: 4, text: "Looking.Found." };

interface World {
  readonly source: AgentSource;
  /** Calls of steps and tools that were executed, and model calls. */
  readonly executed: string[];
  /** Those whose start was not on the disk. */
  readonly unannounced: string[];
  committed: () => readonly RunEvent[];
}

interface Context {
  readonly requestContext?: { get(key: string): unknown } | undefined;
}

/** A workflow with a loop, a list, siblings, one inside it, and an agent that looks something up. */
function openWorld(): World {
  const world: Omit<World, "source"> = { executed: [], unannounced: [], committed: () => [] };
  const note = ({ requestContext }: Context): void => {
    const { toolCallId } = (requestContext?.get("holdfast") ?? { toolCallId: "?" }) as { toolCallId: string };
    world.executed.push(toolCallId);
    const isStarted = world.committed().some((event) => {
      const { inner } = innermost(event);
      return (inner.type === "workflow-step-started" && inner.callId === toolCallId) || (inner.type === "tool-started" && inner.toolCallId === toolCallId);
    });
    if (!isStarted) world.unannounced.push(toolCallId);
  };
  const step = (id: string): never =>
    createStep({
      id,
      inputSchema: COUNT,
      outputSchema: COUNT,
      execute: async ({ inputData, ...context }) => {
        note(context);
        return { n: inputData.n + 1 };
      },
    }) as never;
  const lookup = createTool({
    id: "lookup",
    description: "looks up",
    inputSchema: z.object({}),
    execute: async (_input, context) => {
      note(context);
      return { found: true };
    },
  });
  const model = scriptedModel({
    onCall: ({ prompt }) => void world.executed.push(`model ${toolResultsIn(prompt).length}`),
    calls: (prompt) => (toolResultsIn(prompt).length === 0 ? [say("Looking."), call("lookup", {}, { id: "c1" })] : [say("Found.")]),
  });
  const writer = new Agent({ id: "writer", name: "writer", instructions: "x", model, tools: { lookup } });
  const inner = createWorkflow({ id: "inner", inputSchema: COUNT, outputSchema: COUNT }).then(step("deep")).commit();
  const workflow = createWorkflow({ id: RUN.agentId, inputSchema: COUNT, outputSchema: z.any() })
    .dountil(step("turn"), async ({ inputData }) => (inputData as { n: number }).n >= 3)
    .parallel([step("left"), inner] as never)
    .map(async ({ inputData }) => [{ n: 10 }, { n: (inputData as { left: { n: number } }).left.n * 5 }])
    .foreach(step("page"), { concurrency: 2 })
    .map(async () => ({ prompt: "go" }))
    .then(createStep(writer))
    .map(async ({ inputData, getStepResult }) => ({
      pages: getStepResult("page"),
      n: getStepResult<{ n: number }>("inner").n,
      text: inputData.text,
    }))
    .commit();
  const source = mastraSource(new Mastra({ agents: { writer }, workflows: { [RUN.agentId]: workflow as never }, logger: false }));
  return Object.assign(world, { source });
}

const INPUT = { input: { messages: [], workflow: { input: { n: 1 } } } } as const;
const ALL = ["turn", "turn#2", "left", "inner/deep", "page", "page#2", "model 0", "writer/c1", "model 1"];

/** Plain steps that a log holds the start of, and not the end. */
function openSteps(events: readonly RunEvent[]): readonly string[] {
  const ended = new Set(events.flatMap((event) => (event.type === "workflow-step-finished" ? [event.callId] : [])));
  return events.flatMap((event) =>
    event.type === "workflow-step-started" && !ended.has(event.callId) && !["map", "inner", "writer"].includes(event.stepId) ? [event.callId] : [],
  );
}

/** What of the world a log holds the end of: it must not be done again. */
function doneIn(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => {
    const { inner } = innermost(event);
    if (inner.type === "workflow-step-finished") return [inner.callId];
    if (inner.type === "tool-started") return [inner.toolCallId];
    return inner.type === "model-finished" ? [`model ${inner.step}`] : [];
  });
}

describe("an attempt at a workflow over a log that ends at any event", () => {
  let whole: Replayed;
  const cuts: { readonly upTo: number; readonly prefix: readonly RunEvent[]; readonly world: World; readonly replayed: Replayed }[] = [];

  beforeAll(async () => {
    const first = openWorld();
    whole = await replay(first.source, BEGIN, { ...INPUT, attempt: 1, watch: (committed) => void (first.committed = committed) });
    const events = whole.log.map(({ event }) => event);
    for (let upTo = BEGIN.length; upTo <= events.length; upTo += 1) {
      const world = openWorld();
      const prefix = events.slice(0, upTo);
      const replayed = await replay(world.source, prefix, { ...INPUT, watch: (committed) => void (world.committed = committed) });
      cuts.push({ upTo, prefix, world, replayed });
    }
    expect(first.executed.toSorted()).toEqual(ALL.toSorted());
    expect(first.unannounced).toEqual([]);
  }, 60_000);

  test("a step whose end the transcript holds is not executed again", () => {
    for (const { prefix, world, upTo } of cuts) expect(world.executed.filter((name) => doneIn(prefix).includes(name), `cut at ${upTo}`)).toEqual([]);
  });

  test("a step executes only after its start is committed", () => {
    for (const { world, upTo } of cuts) expect(world.unannounced, `cut at ${upTo}`).toEqual([]);
  });

  test("ends as the whole one did, unless a step was under way, which it does not execute again", () => {
    for (const { prefix, world, replayed, upTo } of cuts) {
      const open = openSteps(prefix);
      const objects = replayed.log.flatMap(({ event }) => (event.type === "object" ? [event.object] : []));
      expect(world.executed.filter((name) => open.includes(name))).toEqual([]);
      expect([replayed.outcome.outcome, objects.length], `cut at ${upTo}`).toEqual(open.length > 0 ? ["failed", 0] : ["completed", 1]);
      if (open.length === 0) expect(objects, `cut at ${upTo}`).toEqual([RESULT]);
    }
  });

  test("tells of each step once", () => {
    for (const { replayed, upTo } of cuts) {
      const told = replayed.log.flatMap(({ event }) =>
        event.type === "workflow-step-started" || event.type === "workflow-step-finished" ? [`${event.type} ${event.callId}`] : [],
      );
      expect(new Set(told).size, `cut at ${upTo}`).toBe(told.length);
    }
  });
});
