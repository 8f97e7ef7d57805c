import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Entry } from "../../src/core/entry.ts";
import { START } from "../../src/core/offset.ts";
import type { Run } from "../../src/core/run.ts";
import { createEngine } from "../../src/holdfast.ts";
import { QUESTION, world } from "./world.ts";

// A process of a deployment: with --start it starts the run; with --kill-at it kills itself at the nth time a run reaches that
// point. It prints every entry of the run that a reader saw, one JSON line each, and ends when the run has ended.

const { values } = parseArgs({
  options: {
    dir: { type: "string", default: "." },
    start: { type: "boolean", default: false },
    "kill-at": { type: "string" },
    nth: { type: "string", default: "1" },
    memory: { type: "boolean", default: false },
    /** The storage of the memory; default: a LibSQL file in the directory. */
    "memory-url": { type: "string" },
    agent: { type: "string", default: "clerk" },
    /** `submit` or `regenerate`: with --start, asks the same once more when the first run has ended. */
    again: { type: "string" },
    /** Stay until the thread has a title, which comes behind the end of the run. */
    titled: { type: "boolean", default: false },
    "pace-ms": { type: "string", default: "0" },
    "lease-ms": { type: "string" },
    /** Stay after the run has ended, until the input closes. */
    stay: { type: "boolean", default: false },
  },
});

const principal = { resourceId: "ann" };
const { mastra, memory } = world(values.dir, { hasMemory: values.memory, paceMs: Number(values["pace-ms"]), memoryUrl: values["memory-url"] });
let reached = 0;
const engine = await createEngine({
  mastra,
  store: `sqlite:${join(values.dir, "runs.db")}`,
  ...(values["lease-ms"] !== undefined && { leaseTimes: { leaseMs: Number(values["lease-ms"]), sweepMs: Math.ceil(Number(values["lease-ms"]) / 8) } }),
  onCheckpoint: (name) => {
    if (name !== values["kill-at"]) return;
    reached += 1;
    if (reached === Number(values.nth)) process.kill(process.pid, "SIGKILL");
  },
});
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
say({ ready: process.pid });

const ask = (trigger: "submit" | "regenerate"): Promise<Run> =>
  engine.start(principal, { agentId: values.agent, threadId: "thread-1", input: { messages: [QUESTION], trigger } });
const follow = (run: Run): AsyncIterable<readonly Entry[]> => engine.tail(run, START, new AbortController().signal);

if (values.start) {
  const run = await ask("submit");
  if (values.again !== undefined) {
    for await (const _ of follow(run));
    await ask(values.again === "regenerate" ? "regenerate" : "submit");
  }
}
const newest = async (): Promise<string | undefined> => (await engine.listRuns(principal, { limit: 1 })).runs[0]?.id;
let runId = await newest();
while (runId === undefined) {
  await new Promise((resolve) => setTimeout(resolve, 20));
  runId = await newest();
}
const run = await engine.getRun(principal, runId);
for await (const batch of follow(run)) for (const entry of batch) say({ entry });
if (memory) say({ thread: await engine.messages(principal, "thread-1") });
say({ run: await engine.getRun(principal, runId) });
const isTitled = async (): Promise<boolean> => (await engine.getThread(principal, "thread-1")).title !== undefined;
// A bound against hanging: a title takes one call of the scripted model.
const titledBy = performance.now() + 30_000;
while (values.titled && !(await isTitled())) {
  if (performance.now() > titledBy) throw new Error("the thread has no title");
  await new Promise((resolve) => setTimeout(resolve, 20));
}
if (values.stay) await new Promise((resolve) => process.stdin.on("end", resolve).resume());
await engine.close();
process.exit(0);
