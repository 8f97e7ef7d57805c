import { join } from "node:path";
import { parseArgs } from "node:util";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { z } from "zod";
import type { Entry } from "../../../src/core/entry.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import { START } from "../../../src/core/offset.ts";
import type { Run } from "../../../src/core/run.ts";
import { createEngine } from "../../../src/holdfast.ts";
import { call, say, scriptedModel, toolResultsIn } from "../../../src/testkit/scripted-model.ts";
import { effectsIn, QUESTION } from "../world.ts";

// A process of a deployment: with --start it starts a run that asks the page for something, and else it answers what the newest run asks.
// It prints every entry of the run that a reader saw, one JSON line each, and ends when the run has ended.

/** What this process prints, a line each. */
export interface Told {
  readonly found?: Run;
  readonly entry?: Entry;
  readonly thread?: readonly JsonObject[];
  readonly ended?: Run;
}

const { values } = parseArgs({ options: { dir: { type: "string", default: "." }, start: { type: "boolean", default: false } } });
const principal = { resourceId: "ann" };
const effects = effectsIn(values.dir);
const storage = new LibSQLStore({ id: "memory", url: `file:${join(values.dir, "memory.db")}` });
const agent = new Agent({
  id: "clerk",
  name: "clerk",
  instructions: "You sell fruit.",
  model: scriptedModel({
    calls: (prompt) => (toolResultsIn(prompt).length === 0 ? [say("Which one?"), call("pick", {}, { id: "c1" })] : [say("A good one.")]),
    onCall: ({ prompt }) => effects.note(`model ${toolResultsIn(prompt).length}`),
  }),
  tools: { pick: createTool({ id: "pick", description: "The page lets somebody pick.", inputSchema: z.object({}) }) },
  memory: new Memory({ storage, options: { lastMessages: 10 } }),
});
const engine = await createEngine({ mastra: new Mastra({ agents: { clerk: agent }, logger: false, storage }), store: `sqlite:${join(values.dir, "runs.db")}` });
const tell = (line: Told): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function start(): Promise<Run> {
  return engine.start(principal, { agentId: "clerk", threadId: "thread-1", input: { messages: [QUESTION], trigger: "submit", holdMs: 3_600_000 } });
}

async function answer(): Promise<Run> {
  const [run] = (await engine.listRuns(principal, { limit: 1 })).runs;
  if (run === undefined) throw new Error("there is no run to answer");
  tell({ found: run });
  const { interrupts } = await engine.listInterrupts(principal, { runId: run.id, statuses: ["pending"], limit: 10 });
  await engine.answer(
    principal,
    interrupts.map(({ id }) => ({ interruptId: id, answer: { output: "the red one" } })),
  );
  return run;
}

const run = await (values.start ? start() : answer());
for await (const batch of engine.tail(run, START, new AbortController().signal)) for (const entry of batch) tell({ entry });
tell({ thread: await engine.messages(principal, "thread-1") });
tell({ ended: await engine.getRun(principal, run.id) });
await engine.close();
process.exit(0);
