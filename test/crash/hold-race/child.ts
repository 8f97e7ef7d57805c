import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { z } from "zod";
import { START } from "../../../src/core/offset.ts";
import { createEngine } from "../../../src/holdfast.ts";
import { call, say, scriptedModel, toolResultsIn } from "../../../src/testkit/scripted-model.ts";
import { textIn } from "../../engine/shop.ts";

// One of several processes on one store, which look for runs all the time. Each line that it is told is a command; each line that it says is
// what came of one.

export type Command =
  /** Starts a run and waits until it is held open for its page. */
  | { readonly do: "ask"; readonly threadId: string; readonly holdMs: number }
  /** Answers at a moment, in milliseconds since the Unix epoch. */
  | { readonly do: "answer"; readonly interruptId: string; readonly at: number }
  /** Waits for the end of a run, and reads its thread. */
  | { readonly do: "follow"; readonly runId: string };

export interface Told {
  readonly interruptId?: string;
  readonly runId?: string;
  /** The end of the hold, in milliseconds since the Unix epoch. */
  readonly until?: number;
  /** What was in the log of the run, and what its thread says. */
  readonly types?: readonly string[];
  readonly thread?: readonly string[];
}

const [directory = "."] = process.argv.slice(2);
const principal = { resourceId: "ann" };
const note = (line: string): void => appendFileSync(join(directory, "done.log"), `${line}\n`);
const pay = createTool({
  id: "pay",
  description: "pays",
  inputSchema: z.object({ for: z.string() }),
  execute: ({ for: paidFor }) => {
    note(`pay ${paidFor}`);
    return Promise.resolve({ paid: true });
  },
});
const pick = createTool({ id: "pick", description: "The page lets somebody pick.", inputSchema: z.object({}) });

/** The question of each run is the id of its thread. */
function questionIn(prompt: readonly unknown[]): string {
  return /thread-\d+/.exec(JSON.stringify(prompt))?.[0] ?? "none";
}

/** How long the thread takes to take the half of an answer: longer than the rest of the answer takes. */
const SLOW_SAVE_MS = 250;

const storage = new LibSQLStore({ id: "memory", url: `file:${join(directory, "memory.db")}` });
const memory = new Memory({ storage, options: { lastMessages: 10 } });
const save = memory.saveMessages.bind(memory);
memory.saveMessages = async (given: Parameters<typeof save>[0]) => {
  if (JSON.stringify(given.messages).includes('"suspended"')) await new Promise((resolve) => setTimeout(resolve, SLOW_SAVE_MS));
  return save(given);
};
const agent = new Agent({
  id: "clerk",
  name: "clerk",
  instructions: "You sell fruit.",
  model: scriptedModel({
    calls: (prompt) => {
      const count = toolResultsIn(prompt).length;
      if (count === 0) return [say("Pick."), call("pick", {}, { id: "c1" })];
      return count === 1 ? [call("pay", { for: questionIn(prompt) }, { id: "c2" })] : [say("Thanks.")];
    },
    onCall: ({ prompt }) => note(`model ${questionIn(prompt)} ${toolResultsIn(prompt).length}`),
  }),
  tools: { pay, pick },
  memory,
});
const engine = await createEngine({
  mastra: new Mastra({ agents: { clerk: agent }, logger: false, storage }),
  store: `sqlite:${join(directory, "runs.db")}`,
  leaseTimes: { leaseMs: 5_000, sweepMs: 2 },
});

async function ask(threadId: string, holdMs: number): Promise<Told> {
  const messages = [{ id: `q-${threadId}`, role: "user", parts: [{ type: "text", text: threadId }] }];
  const run = await engine.start(principal, { agentId: "clerk", threadId, input: { messages, trigger: "submit", holdMs } });
  for await (const batch of engine.tail(run, START, new AbortController().signal)) {
    for (const { event } of batch) {
      if (event.type === "run-waiting") return { runId: run.id, interruptId: event.interrupts[0]?.id ?? "none", until: event.until };
    }
  }
  throw new Error("the run was not held open");
}

async function answer(interruptId: string, at: number): Promise<Told> {
  while (Date.now() < at) await new Promise((resolve) => setImmediate(resolve));
  const { run } = await engine.answer(principal, [{ interruptId, answer: { output: "red" } }]);
  return { runId: run?.id ?? "none" };
}

async function follow(runId: string): Promise<Told> {
  const run = await engine.getRun(principal, runId);
  const types: string[] = [];
  for await (const batch of engine.tail(run, START, new AbortController().signal)) types.push(...batch.map(({ event }) => event.type));
  return { types, thread: (await engine.messages(principal, run.threadId)).map((message) => textIn(message)) };
}

function obey(command: Command): Promise<Told> {
  switch (command.do) {
    case "ask":
      return ask(command.threadId, command.holdMs);
    case "answer":
      return answer(command.interruptId, command.at);
    case "follow":
      return follow(command.runId);
  }
}

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) process.stdout.write(`${JSON.stringify(await obey(JSON.parse(line) as Command))}\n`);
await engine.close();
process.exit(0);
