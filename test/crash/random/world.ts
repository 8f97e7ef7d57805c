import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { z } from "zod";
import { call, lastUserText, say, scriptedModel, stop, toolResultsIn, type Move, type PromptMessage } from "../../../src/testkit/scripted-model.ts";

/** One line of what happened outside the store; written at once, so that it outlives a kill. */
export type Effect =
  | { readonly kind: "call"; readonly call: number }
  | { readonly kind: "finish"; readonly call: number }
  | { readonly kind: "tool"; readonly tool: string; readonly key: string }
  | { readonly kind: "bill"; readonly runId: string };

export interface EffectFile {
  note(effect: Effect): void;
  all(): readonly Effect[];
}

export function effectFile(directory: string): EffectFile {
  const file = join(directory, "effects.jsonl");
  return {
    note: (effect) => appendFileSync(file, `${JSON.stringify(effect)}\n`),
    all: () => (existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : []).map((line) => JSON.parse(line) as Effect),
  };
}

/** What the questions ask for; each is a conversation of several steps, tools and agents. */
export const SCENARIOS = ["chat", "tools", "delegate", "approve", "repeat"] as const;

/** Runs that a process works on at once. */
export const CONCURRENT = 5;

/** Where every bill goes. */
export const SINK = "books";

/** The tool that may execute again. */
export const IDEMPOTENT_TOOL = "ping";

type Script = (prompt: readonly PromptMessage[]) => readonly Move[];

const WORDS = "The quick brown fox jumps over the lazy dog and goes home.";

const clerk: Script = (prompt) => {
  const results = toolResultsIn(prompt).length;
  const asked = lastUserText(prompt);
  if (asked.startsWith("tools")) {
    if (results === 0) return [say("First."), call("lookup", { n: 1 }, { id: "t1" }), call("weigh", { n: 2 }, { id: "t2" })];
    if (results === 2) return [say("Then."), call("lookup", { n: 3 }, { id: "t3" })];
  }
  if (asked.startsWith("delegate") && results === 0) {
    return [call("agent-researcher", { prompt: "one" }, { id: "d1" }), call("agent-researcher", { prompt: "two" }, { id: "d2" })];
  }
  if (asked.startsWith("approve") && results === 0)
    return [call("pay", { n: 1 }, { id: "p1" }), call("weigh", { n: 2 }, { id: "p2" }), call("pay", { n: 3 }, { id: "p3" })];
  if (asked.startsWith("repeat") && results === 0) return [call(IDEMPOTENT_TOOL, { n: 1 }, { id: "i1" })];
  return [say(WORDS)];
};

const researcher: Script = (prompt) => {
  const results = toolResultsIn(prompt).length;
  if (results === 0) return [say("Searching."), call("lookup", { n: 4 }, { id: "r1" })];
  if (results === 1) return [call("agent-archivist", { prompt: "deep" }, { id: "r2" })];
  return [say("Found it in the archive.")];
};

const archivist: Script = (prompt) => (toolResultsIn(prompt).length === 0 ? [call("weigh", { n: 5 }, { id: "a1" })] : [say("Archived.")]);

/** Agents on a LibSQL memory whose provider counts its own calls and whose tools count their executions. */
export function randomWorld(directory: string, effects: EffectFile): Mastra {
  // A provider's own number for each call; it is the call's input tokens, so that a figure tells its call.
  const model = (modelId: string, script: Script): ReturnType<typeof scriptedModel> => {
    return scriptedModel({
      modelId,
      pace: () => new Promise((resolve) => setImmediate(resolve)),
      calls: (prompt) => {
        const number = Math.floor(Math.random() * 1e12);
        effects.note({ kind: "call", call: number });
        const finished: Move = { move: "wait", until: () => Promise.resolve(effects.note({ kind: "finish", call: number })) };
        return [...script(prompt), finished, stop({ usage: { inputTokens: number, outputTokens: 7 } })];
      },
    });
  };
  const tool = (id: string, traits: object = {}): ReturnType<typeof createTool> =>
    createTool({
      id,
      description: id,
      inputSchema: z.object({ n: z.number() }),
      execute: async (_input, context) => {
        const { idempotencyKey }: { idempotencyKey: string } = context.requestContext?.get("holdfast") ?? { idempotencyKey: "none" };
        effects.note({ kind: "tool", tool: id, key: idempotencyKey });
        await new Promise((resolve) => setTimeout(resolve, 2));
        return { id };
      },
      ...traits,
    }) as ReturnType<typeof createTool>;
  const storage = new LibSQLStore({ id: "memory", url: `file:${join(directory, "memory.db")}` });
  const lookup = tool("lookup");
  const weigh = tool("weigh");
  const archive = new Agent({
    id: "archivist",
    name: "archivist",
    description: "Archives.",
    instructions: "Archive.",
    model: model("archivist", archivist),
    tools: { weigh },
  });
  const research = new Agent({
    id: "researcher",
    name: "researcher",
    description: "Researches.",
    instructions: "Research.",
    model: model("researcher", researcher),
    tools: { lookup },
    agents: { archivist: archive },
  });
  const agent = new Agent({
    id: "clerk",
    name: "clerk",
    instructions: "You sell fruit.",
    model: model("clerk", clerk),
    tools: {
      lookup,
      weigh,
      pay: tool("pay", { requireApproval: true }),
      [IDEMPOTENT_TOOL]: tool(IDEMPOTENT_TOOL, { mcp: { annotations: { idempotentHint: true } } }),
    },
    agents: { researcher: research },
    memory: new Memory({ storage, options: { lastMessages: 10 } }),
  });
  return new Mastra({ agents: { clerk: agent }, logger: false, storage });
}
