import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { AgentSource } from "../../src/core/agent-source.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { InterruptRequest } from "../../src/core/interrupt.ts";
import { innermost } from "../../src/core/ledger.ts";
import { textOf } from "../../src/core/transcript.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";
import { mastraSource } from "../../src/mastra/agent-source.ts";
import { call, say, scriptedModel, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { BEGIN, replay, RUN, stamped, type Replayed } from "./replaying.ts";

interface World {
  readonly source: AgentSource;
  readonly executed: string[];
  readonly called: string[];
  committed: () => readonly RunEvent[];
  readonly executedUnanswered: string[];
}

/** A clerk who pays with an approval, and has a researcher who looks up without one and pays with one. */
function openWorld(): World {
  const storage = new LibSQLStore({ id: "memory", url: ":memory:" });
  const world: Omit<World, "source"> = { executed: [], called: [], committed: () => [], executedUnanswered: [] };
  const tool = (id: string, requireApproval: boolean): ReturnType<typeof createTool> =>
    createTool({
      id,
      description: id,
      inputSchema: z.object({}),
      requireApproval,
      execute: (_input, context) => {
        const { toolCallId }: { toolCallId: string } = context.requestContext?.get("holdfast") ?? { toolCallId: "?" };
        world.executed.push(toolCallId);
        const isAnswered = world.committed().some((event) => event.type === "interrupt-answered" && event.toolCallId === toolCallId);
        if (requireApproval && !isAnswered) world.executedUnanswered.push(toolCallId);
        return Promise.resolve({ id });
      },
    }) as ReturnType<typeof createTool>;
  const model = (
    name: string,
    first: Parameters<typeof say>[0],
    calls: readonly (readonly [string, string])[],
    last: string,
  ): ReturnType<typeof scriptedModel> =>
    scriptedModel({
      onCall: ({ prompt }) => void world.called.push(`${name} ${toolResultsIn(prompt).length === 0 ? 0 : 1}`),
      calls: (prompt) =>
        toolResultsIn(prompt).length === 0
          ? [say(first), ...calls.map(([toolName, id]) => call(toolName, toolName.startsWith("agent-") ? { prompt: "x" } : {}, { id }))]
          : [say(last)],
    });
  const researcher = new Agent({
    id: "researcher",
    name: "researcher",
    description: "Researches.",
    instructions: "x",
    model: model(
      "researcher",
      "Looking.",
      [
        ["lookup", "n1"],
        ["pay", "n2"],
      ],
      "Found.",
    ),
    tools: { lookup: tool("lookup", false), pay: tool("pay", true) },
  });
  const agent = new Agent({
    id: "clerk",
    name: "clerk",
    instructions: "x",
    model: model(
      "clerk",
      "Starting.",
      [
        ["agent-researcher", "c1"],
        ["pay", "c2"],
        ["free", "c3"],
      ],
      "All done.",
    ),
    tools: { pay: tool("pay", true), free: tool("free", false) },
    agents: { researcher },
    memory: new Memory({ storage }),
  });
  const source = mastraSource(new Mastra({ agents: { clerk: agent }, logger: false, storage }));
  return Object.assign(world, { source });
}

async function attemptIn(world: World, prefix: readonly RunEvent[], attempt: number, ancestry: readonly RunEvent[] = []): Promise<Replayed> {
  return replay(world.source, prefix, { attempt, ancestry: stamped(ancestry), watch: (committed) => (world.committed = committed) });
}

function asked(events: readonly RunEvent[]): readonly InterruptRequest[] {
  return events.flatMap((event) => {
    const { inner } = innermost(event);
    return inner.type === "tool-interrupted" ? [inner.request] : [];
  });
}

/** The log of the run that goes on, as the store begins it. */
function answeredLog(requests: readonly InterruptRequest[]): readonly RunEvent[] {
  const answers = requests.map(({ id, kind, toolCallId, toolName }): RunEvent => {
    return { type: "interrupt-answered", interruptId: id, kind, toolCallId, toolName, answer: { approved: true } };
  });
  return [
    { type: "run-started", messageId: RUN.messageId, threadId: RUN.threadId, agentId: RUN.agentId, parentRunId: RUN.id },
    ...answers,
    { type: "attempt-started", attempt: 1 },
  ];
}

const eventsOf = ({ log }: Replayed): readonly RunEvent[] => log.map(({ event }) => event);

describe("a run that asks and the one that goes on, each cut at every event", () => {
  let asking: readonly RunEvent[] = [];
  let goingOn: readonly RunEvent[] = [];
  const askingCuts: { readonly after: Replayed; readonly world: World; readonly prefix: readonly RunEvent[] }[] = [];
  const goingOnCuts: { readonly after: Replayed; readonly world: World; readonly prefix: readonly RunEvent[] }[] = [];

  beforeAll(async () => {
    asking = eventsOf(await attemptIn(openWorld(), BEGIN, 1));
    const begin = answeredLog(asked(asking));
    goingOn = eventsOf(await attemptIn(openWorld(), begin, 1, asking));
    for (let end = BEGIN.length; end <= asking.length; end += 1) {
      const world = openWorld();
      askingCuts.push({ world, prefix: asking.slice(0, end), after: await attemptIn(world, asking.slice(0, end), 2) });
    }
    for (let end = begin.length; end <= goingOn.length; end += 1) {
      const world = openWorld();
      goingOnCuts.push({ world, prefix: goingOn.slice(0, end), after: await attemptIn(world, goingOn.slice(0, end), 2, asking) });
    }
  });

  test("asks the same questions however often it is cut, those of a sub-agent too", () => {
    expect(asked(asking).map(({ toolCallId }) => toolCallId)).toEqual(["c1/n2", "c2"]);
    expect(askingCuts.length).toBeGreaterThan(20);
    for (const { after } of askingCuts) {
      expect(after.outcome.outcome).toBe("suspended");
      const { interrupts } = after.outcome as { readonly interrupts: readonly InterruptRequest[] };
      expect(interrupts.map(({ toolCallId }) => toolCallId).toSorted()).toEqual(["c1/n2", "c2"]);
      // A question that is in the log keeps its id.
      expect(new Set(interrupts.map(({ id }) => id)).size).toBe(2);
      for (const request of asked(eventsOf(after))) expect(interrupts.map(({ id }) => id)).toContain(request.id);
    }
  });

  test("a tool call that needs an answer does not execute before the transcript holds it", () => {
    for (const { world } of [...askingCuts, ...goingOnCuts]) expect(world.executedUnanswered).toEqual([]);
    for (const { world } of askingCuts) expect(world.executed.filter((id) => id === "c2" || id === "c1/n2")).toEqual([]);
  });

  test("what had finished is not done again by the attempt that follows, in a sub-agent neither", () => {
    for (const { prefix, world } of [...askingCuts, ...goingOnCuts]) {
      const begun = prefix.flatMap((event) => {
        const { inner } = innermost(event);
        return inner.type === "tool-started" && inner.toolName !== "agent-researcher" ? [inner.toolCallId] : [];
      });
      expect(world.executed.filter((id) => begun.includes(id))).toEqual([]);
      const finished = prefix.flatMap((event) => {
        const { path, inner } = innermost(event);
        return inner.type === "model-finished" ? [`${path === "" ? "clerk" : "researcher"} ${inner.step}`] : [];
      });
      expect(world.called.filter((each) => finished.includes(each))).toEqual([]);
    }
  });

  test("ends with the same answer, each call with its outcome or known to have none", () => {
    const expected = textOf(transcriptOf(stamped(goingOn), stamped(asking)));
    expect(expected).toBe("Starting.All done.");
    for (const { prefix, after } of goingOnCuts) {
      expect(after.outcome).toEqual({ outcome: "completed", finishReason: "stop" });
      const transcript = transcriptOf(after.log, stamped(asking));
      expect(textOf(transcript)).toBe(expected);
      const cutInTool = prefix.at(-1)?.type === "tool-started";
      const tools = transcript.steps.flatMap((step) => step.parts.flatMap((part) => (part.type === "tool" ? [part] : [])));
      expect(tools.map(({ toolCallId }) => toolCallId)).toEqual(["c1", "c2", "c3"]);
      for (const part of tools)
        expect(part.state === "result" || (cutInTool && part.outcomeUnknown === true), `${part.toolCallId} is ${part.state}`).toBe(true);
    }
  });
});
