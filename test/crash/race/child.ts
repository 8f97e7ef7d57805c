import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { z } from "zod";
import { HoldfastError } from "../../../src/core/error.ts";
import type { Json } from "../../../src/core/json.ts";
import { START } from "../../../src/core/offset.ts";
import { createEngine } from "../../../src/holdfast.ts";
import { call, say, scriptedModel, toolResultsIn } from "../../../src/testkit/scripted-model.ts";

// One of several processes on one store. Each line that it is told is a command; each line that it says is what came of one.

export type Command =
  /** Starts a run and waits until it asks. */
  | { readonly do: "ask"; readonly threadId: string }
  /** Answers at a moment, in milliseconds since the Unix epoch, so that others can do so at the same one. */
  | { readonly do: "answer"; readonly interruptId: string; readonly answer: Json; readonly at: number }
  /** Waits for the end of a run. */
  | { readonly do: "follow"; readonly runId: string };

export interface Told {
  readonly interruptId?: string;
  /** As the routes would answer. */
  readonly status?: number;
  readonly runId?: string;
  readonly end?: string;
}

const [directory = "."] = process.argv.slice(2);
const principal = { resourceId: "ann" };
const pay = createTool({
  id: "pay",
  description: "pays",
  inputSchema: z.object({}),
  requireApproval: true,
  execute: (_input, context) => {
    const { idempotencyKey }: { idempotencyKey: string } = context.requestContext?.get("holdfast") ?? { idempotencyKey: "none" };
    appendFileSync(join(directory, "paid.log"), `${idempotencyKey}\n`);
    return Promise.resolve({ paid: true });
  },
});
const storage = new LibSQLStore({ id: "memory", url: `file:${join(directory, "memory.db")}` });
const agent = new Agent({
  id: "clerk",
  name: "clerk",
  instructions: "You sell fruit.",
  model: scriptedModel({ calls: (prompt) => (toolResultsIn(prompt).length === 0 ? [call("pay", {}, { id: "c1" })] : [say("Done.")]) }),
  tools: { pay },
  memory: new Memory({ storage, options: { lastMessages: 10 } }),
});
const engine = await createEngine({ mastra: new Mastra({ agents: { clerk: agent }, logger: false, storage }), store: `sqlite:${join(directory, "runs.db")}` });

async function endOf(runId: string): Promise<string | undefined> {
  let end: string | undefined;
  const run = await engine.getRun(principal, runId);
  for await (const batch of engine.tail(run, START, new AbortController().signal)) end = batch.at(-1)?.event.type;
  return end;
}

async function obey(command: Command): Promise<Told> {
  switch (command.do) {
    case "ask": {
      const messages = [{ id: `q-${command.threadId}`, role: "user", parts: [{ type: "text", text: "pay" }] }];
      const run = await engine.start(principal, { agentId: "clerk", threadId: command.threadId, input: { messages, trigger: "submit" } });
      await endOf(run.id);
      const { interrupts } = await engine.listInterrupts(principal, { runId: run.id, limit: 1 });
      return { interruptId: interrupts[0]?.id ?? "none", runId: run.id };
    }
    case "answer": {
      while (Date.now() < command.at) await new Promise((resolve) => setImmediate(resolve));
      try {
        const { run } = await engine.answer(principal, [{ interruptId: command.interruptId, answer: command.answer }]);
        return { status: 200, ...(run && { runId: run.id }) };
      } catch (error) {
        if (HoldfastError.is(error) && error.code === "ALREADY_ANSWERED") return { status: 409 };
        throw error;
      }
    }
    case "follow":
      return { end: (await endOf(command.runId)) ?? "none" };
  }
}

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) process.stdout.write(`${JSON.stringify(await obey(JSON.parse(line) as Command))}\n`);
await engine.close();
process.exit(0);
