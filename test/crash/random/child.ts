import { once } from "node:events";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isTerminal } from "../../../src/core/run.ts";
import type { BillingPolicy } from "../../../src/core/bill.ts";
import { createEngine } from "../../../src/holdfast.ts";
import { CONCURRENT, effectFile, randomWorld, SCENARIOS, SINK } from "./world.ts";

// A process of a deployment that is waiting to be killed. It loads, says so, and begins when it is told what to do: a line of JSON.

export interface Task {
  /** Runs that are to be there when it has started its own. */
  readonly runs: number;
  /** Kills itself when its runs have come by so many checkpoints. */
  readonly killAfter?: number;
  readonly policy: BillingPolicy;
  /** Works until every run has ended, and leaves. */
  readonly finish?: boolean;
}

const POLL_MS = 10;
const principal = { resourceId: "ann" };

const [directory = "."] = process.argv.slice(2);
// A process that is killed leaves nothing of its own accord.
flushCompileCache();
process.stdout.write("loaded\n");
const [line] = (await once(createInterface({ input: process.stdin }), "line")) as [string];
const task = JSON.parse(line) as Task;
const effects = effectFile(directory);
let checkpoints = 0;
const engine = await createEngine({
  mastra: randomWorld(directory, effects),
  store: `sqlite:${join(directory, "runs.db")}`,
  leaseTimes: { leaseMs: 400, sweepMs: 40 },
  billing: {
    policy: task.policy,
    sinks: [
      {
        name: SINK,
        send: ({ runId }) => {
          effects.note({ kind: "bill", runId });
          return Promise.resolve({ outcome: "accepted" });
        },
      },
    ],
  },
  onCheckpoint: () => {
    checkpoints += 1;
    if (checkpoints === task.killAfter) process.kill(process.pid, "SIGKILL");
  },
});
process.stdout.write("working\n");

/** Says yes to most questions, and the same whenever it is asked again. */
async function answerQuestions(): Promise<void> {
  const { interrupts } = await engine.listInterrupts(principal, { statuses: ["pending"], limit: 100 });
  for (const { id } of interrupts) {
    const approved = !id.endsWith("1") || id.charCodeAt(6) % 3 > 0;
    await engine.answer(principal, [{ interruptId: id, answer: { approved } }]);
  }
}

async function countRuns(): Promise<{ readonly started: number; readonly active: number; readonly open: number }> {
  let cursor: string | undefined;
  let started = 0;
  let active = 0;
  let open = 0;
  do {
    const page = await engine.listRuns(principal, { limit: 100, ...(cursor !== undefined && { cursor }) });
    started += page.runs.filter(({ parentRunId }) => parentRunId === undefined).length;
    active += page.runs.filter(({ status }) => !isTerminal(status)).length;
    for (const run of page.runs) if (run.status === "suspended" && (await engine.getChildRun(run)) === undefined) open += 1;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return { started, active, open };
}

for (;;) {
  await answerQuestions();
  const { started, active, open } = await countRuns();
  if (task.finish === true && active === 0 && open === 0) break;
  for (let next = started; next < task.runs && active + next - started < CONCURRENT; next += 1) {
    const scenario = SCENARIOS[next % SCENARIOS.length] ?? "chat";
    const messages = [{ id: `q-${next}`, role: "user", parts: [{ type: "text", text: `${scenario} ${next}` }] }];
    await engine.start(principal, { agentId: "clerk", threadId: `thread-${next}`, idempotencyKey: `start-${next}`, input: { messages, trigger: "submit" } });
  }
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
await engine.close();
process.stdout.write("finished\n");
process.exit(0);
