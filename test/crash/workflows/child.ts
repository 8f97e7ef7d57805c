import { join } from "node:path";
import { parseArgs } from "node:util";
import { Mastra } from "@mastra/core/mastra";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { LibSQLStore } from "@mastra/libsql";
import { z } from "zod";
import type { Entry } from "../../../src/core/entry.ts";
import { START } from "../../../src/core/offset.ts";
import type { Run } from "../../../src/core/run.ts";
import { createEngine } from "../../../src/holdfast.ts";
import { effectsIn } from "../world.ts";

// A process of a deployment: with --start it starts a run of a workflow, with --answer it answers what the newest run asks, and else it
// takes that run over. It prints every entry of the run that a reader saw, one JSON line each, and ends when the run has ended.

/** What this process prints, a line each. */
export interface Told {
  readonly entry?: Entry;
  readonly ended?: Run;
}

const { values } = parseArgs({
  options: {
    dir: { type: "string", default: "." },
    workflow: { type: "string", default: "steps" },
    start: { type: "boolean", default: false },
    answer: { type: "boolean", default: false },
    /** The second step may be executed again. */
    idempotent: { type: "boolean", default: false },
    "kill-at": { type: "string" },
    nth: { type: "string", default: "1" },
  },
});
const LEASE_MS = 600;
const principal = { resourceId: "ann" };
const effects = effectsIn(values.dir);
const count = z.object({ n: z.number() });

function step(id: string, work: () => void = () => undefined): never {
  return createStep({
    id,
    inputSchema: count,
    outputSchema: count,
    execute: async ({ inputData }) => {
      effects.note(`${id} ${inputData.n}`);
      work();
      return { n: inputData.n + 1 };
    },
  }) as never;
}

/** Dies the first time that it is reached. */
function dies(): void {
  if (values.start && values["kill-at"] === undefined) process.kill(process.pid, "SIGKILL");
}

/** Fails the first time that it is executed, in whichever process. */
const fails = createStep({
  id: "two",
  inputSchema: count,
  outputSchema: count,
  execute: async ({ inputData, retryCount }) => {
    effects.note(`two try ${retryCount}`);
    if (effects.all().filter((line) => line.startsWith("two try")).length === 1) throw new Error("not yet");
    return { n: inputData.n + 1 };
  },
});

const asks = createStep({
  id: "two",
  inputSchema: count,
  outputSchema: count,
  resumeSchema: count,
  execute: async ({ inputData, resumeData, suspend }) => {
    effects.note(resumeData === undefined ? "two asks" : `two got ${resumeData.n}`);
    return resumeData === undefined ? suspend({}) : { n: inputData.n + resumeData.n };
  },
});

const flow = (id: string): ReturnType<typeof createWorkflow> => createWorkflow({ id, inputSchema: count, outputSchema: count }) as never;
const workflows = {
  steps: flow("steps").then(step("one")).then(step("two", dies)).then(step("three")).commit(),
  tries: createWorkflow({ id: "tries", inputSchema: count, outputSchema: count, retryConfig: { attempts: 2, delay: 50 } })
    .then(step("one"))
    .then(fails as never)
    .then(step("three"))
    .commit() as never,
  asks: flow("asks")
    .then(step("one"))
    .then(asks as never)
    .then(step("three"))
    .commit(),
};
let reached = 0;
const engine = await createEngine({
  mastra: new Mastra({ workflows, logger: false, storage: new LibSQLStore({ id: "mastra", url: `file:${join(values.dir, "mastra.db")}` }) }),
  store: `sqlite:${join(values.dir, "runs.db")}`,
  leaseTimes: { leaseMs: LEASE_MS, sweepMs: LEASE_MS / 8 },
  ...(values.idempotent && { idempotentTools: ["steps/two"] }),
  onCheckpoint: (name) => {
    if (name !== values["kill-at"]) return;
    reached += 1;
    if (reached === Number(values.nth)) process.kill(process.pid, "SIGKILL");
  },
});
const tell = (line: Told): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function newest(): Promise<Run> {
  const [run] = (await engine.listRuns(principal, { limit: 1 })).runs;
  if (run === undefined) throw new Error("there is no run");
  return run;
}

async function answer(): Promise<Run> {
  const { interrupts } = await engine.listInterrupts(principal, { runId: (await newest()).id, statuses: ["pending"], limit: 10 });
  const { run } = await engine.answer(
    principal,
    interrupts.map(({ id }) => ({ interruptId: id, answer: { n: 10 } })),
  );
  if (run === undefined) throw new Error("no run goes on");
  return run;
}

const start = (): Promise<Run> =>
  engine.start(principal, { agentId: values.workflow, input: { messages: [], trigger: "submit", workflow: { input: { n: 0 } } } });
const run = await (values.start ? start() : values.answer ? answer() : newest());
for await (const batch of engine.tail(run, START, new AbortController().signal)) for (const entry of batch) tell({ entry });
tell({ ended: await engine.getRun(principal, run.id) });
await engine.close();
process.exit(0);
