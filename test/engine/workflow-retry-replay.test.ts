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
import { call, refuse, say, scriptedModel, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { BEGIN, replay, RUN, type Replayed } from "./replaying.ts";

const COUNT = z.object({ n: z.number() });

interface World {
  readonly source: AgentSource;
  /** What was executed, by the ids of the calls. */
  readonly executed: string[];
}

interface Context {
  readonly retryCount?: number;
  readonly requestContext?: { get(key: string): unknown } | undefined;
}

/** A workflow whose step, whose workflow inside and whose agent each fail the first time that they are tried. */
function openWorld(): World {
  const executed: string[] = [];
  const note = ({ requestContext }: Context): string => {
    const { toolCallId } = (requestContext?.get("holdfast") ?? { toolCallId: "?" }) as { toolCallId: string };
    executed.push(toolCallId);
    return toolCallId;
  };
  const flaky = createStep({
    id: "flaky",
    inputSchema: COUNT,
    outputSchema: COUNT,
    execute: async ({ inputData, ...context }) => {
      note(context);
      if (context.retryCount === 0) throw new Error("not yet");
      return { n: inputData.n + 1 };
    },
  });
  const deep = createStep({
    id: "deep",
    inputSchema: COUNT,
    outputSchema: COUNT,
    retries: 0,
    execute: async ({ inputData, ...context }) => {
      if (note(context).startsWith("inner/")) throw new Error("not the first time");
      return { n: inputData.n * 10 };
    },
  });
  const inner = createWorkflow({ id: "inner", inputSchema: COUNT, outputSchema: COUNT }).then(deep).commit();
  const lookup = createTool({
    id: "lookup",
    description: "looks up",
    inputSchema: z.object({}),
    execute: async (_input, context) => {
      note(context);
      return { found: true };
    },
  });
  // The second try is the one whose tool has found something under its own id.
  const model = scriptedModel({
    calls: (prompt) => {
      if (toolResultsIn(prompt).length === 0) return [say("Looking."), call("lookup", {}, { id: "c1" })];
      return executed.includes("writer~2/c1") || JSON.stringify(prompt).includes("second") ? [say("Found.")] : [refuse(new Error("busy"))];
    },
  });
  const writer = new Agent({ id: "writer", name: "writer", instructions: "x", model, maxRetries: 0, tools: { lookup } });
  const workflow = createWorkflow({ id: RUN.agentId, inputSchema: COUNT, outputSchema: z.any(), retryConfig: { attempts: 1, delay: 1 } })
    .then(flaky)
    .then(inner as never)
    .map(async () => ({ prompt: "go" }))
    .then(createStep(writer))
    .commit();
  return { source: mastraSource(new Mastra({ agents: { writer }, workflows: { [RUN.agentId]: workflow as never }, logger: false })), executed };
}

const INPUT = { input: { messages: [], workflow: { input: { n: 1 } } } } as const;
const ALL = ["flaky", "flaky~2", "inner/deep", "inner~2/deep", "writer/c1", "writer~2/c1"];

/** Plain steps that a log holds the start of, and not the end. */
function openSteps(events: readonly RunEvent[]): readonly string[] {
  const ended = new Set(events.flatMap((event) => (event.type === "workflow-step-finished" ? [event.callId] : [])));
  return events.flatMap((event) =>
    event.type === "workflow-step-started" && !ended.has(event.callId) && ["flaky", "deep"].includes(event.stepId) ? [event.callId] : [],
  );
}

function begunIn(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => {
    const { inner } = innermost(event);
    if (inner.type === "workflow-step-started") return [inner.callId];
    return inner.type === "tool-started" ? [inner.toolCallId] : [];
  });
}

describe("an attempt at a workflow that tries again, over a log that ends at any event", () => {
  const cuts: { readonly upTo: number; readonly prefix: readonly RunEvent[]; readonly world: World; readonly replayed: Replayed }[] = [];

  beforeAll(async () => {
    const first = openWorld();
    const whole = await replay(first.source, BEGIN, { ...INPUT, attempt: 1 });
    expect(first.executed).toEqual(ALL);
    const events = whole.log.map(({ event }) => event);
    for (let upTo = BEGIN.length; upTo <= events.length; upTo += 1) {
      const world = openWorld();
      const prefix = events.slice(0, upTo);
      // What the tool had found stands in the log.
      if (begunIn(prefix).includes("writer~2/c1")) world.executed.push("writer~2/c1");
      cuts.push({ upTo, prefix, world, replayed: await replay(world.source, prefix, INPUT) });
    }
  }, 60_000);

  test("executes no call of a step or a tool that the log knows to have begun", () => {
    for (const { prefix, world, upTo } of cuts) {
      const begun = begunIn(prefix);
      const again = world.executed.filter((name, index) => begun.includes(name) && !(index === 0 && name === "writer~2/c1"));
      expect(again, `cut at ${upTo}`).toEqual([]);
    }
  });

  test("ends as the whole one did, unless a step was under way, which no try of what is around it makes up for", () => {
    for (const { prefix, replayed, upTo } of cuts) {
      const isOpen = openSteps(prefix).length > 0;
      const objects = replayed.log.flatMap(({ event }) => (event.type === "object" ? [event.object] : []));
      if (isOpen) expect([replayed.outcome.outcome, objects], `cut at ${upTo}`).toEqual(["failed", []]);
      else expect([replayed.outcome.outcome, objects], `cut at ${upTo}`).toEqual(["completed", [{ text: "Looking.Found." }]]);
    }
  });
});
