import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { Memory } from "@mastra/memory";
import { z } from "zod";
import { call, say, scriptedModel, think, toolResultsIn, type Move, type PromptMessage } from "../../src/testkit/scripted-model.ts";
import { hostAgent } from "../memory/host.ts";
import { storageAt } from "../memory/storage.ts";

/** What happened outside the log: one line per model call and per executed tool, kept over kills. */
export interface Effects {
  note(line: string): void;
  all(): readonly string[];
}

export function effectsIn(directory: string): Effects {
  const file = join(directory, "effects.log");
  return {
    note: (line) => appendFileSync(file, `${line}\n`),
    all: () => (existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : []),
  };
}

export const QUESTION: { readonly id: string; readonly role: string; readonly parts: readonly { readonly type: string; readonly text: string }[] } = {
  id: "question-1",
  role: "user",
  parts: [{ type: "text", text: "What is the price of 3 kg of apples?" }],
};

/** The steps of the scripted answer: reasoning and two tools, one tool, text. */
export const TOOLS_OF_STEP: readonly (readonly string[])[] = [["lookup", "weigh"], ["multiply"], []];

/** Deltas before the end of each step, to kill between. */
function script(prompt: readonly PromptMessage[]): readonly Move[] {
  const results = toolResultsIn(prompt).length;
  if (results < 2) {
    return [
      think("The price and the weight are needed.", { signature: "signed" }),
      say("Let me look that up."),
      call("lookup", { item: "apples" }, { pieces: 3, id: "call_lookup" }),
      call("weigh", { item: "apples" }, { id: "call_weigh" }),
    ];
  }
  if (results < 3) return [say("Now the sum."), call("multiply", { a: 3, b: 2 }, { id: "call_multiply" })];
  return [say("Three kilograms of apples cost six euros in all.")];
}

/** `hasMemory`: the clerk keeps threads, in a LibSQL file of the directory or in the storage that `memoryUrl` names. */
export interface WorldOptions {
  readonly hasMemory: boolean;
  readonly paceMs: number;
  readonly memoryUrl?: string | undefined;
}

/** An instance with an agent that sells, and one that greets. */
export function world(directory: string, options: WorldOptions): { readonly mastra: Mastra; readonly memory: Memory | undefined; readonly effects: Effects } {
  const effects = effectsIn(directory);
  const tool = (id: string, output: object) =>
    createTool({
      id,
      description: id,
      inputSchema: z.looseObject({}),
      execute: async () => {
        effects.note(`tool ${id}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return output;
      },
    });
  const storage = storageAt(options.memoryUrl ?? `file:${join(directory, "memory.db")}`);
  const memory = options.hasMemory ? new Memory({ storage, options: { lastMessages: 20 } }) : undefined;
  const model = scriptedModel({
    calls: script,
    pace: options.paceMs,
    onCall: ({ prompt }) => effects.note(`model ${Math.max(0, toolResultsIn(prompt).length - 1)}`),
  });
  const agent = new Agent({
    id: "clerk",
    name: "clerk",
    instructions: "You sell fruit.",
    model,
    tools: { lookup: tool("lookup", { price: 2 }), weigh: tool("weigh", { kg: 3 }), multiply: tool("multiply", { product: 6 }) },
    ...(memory && { memory }),
  });
  const host = hostAgent(storage, options.paceMs);
  return { mastra: new Mastra({ agents: { clerk: agent, host }, logger: false, ...(memory && { storage }) }), memory, effects };
}
