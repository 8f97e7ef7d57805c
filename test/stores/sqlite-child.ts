/**
 * A process that shares a database file with others. Waits for a line on stdin before it touches the file, so that several
 * begin at once; prints one JSON value per line.
 */
import { writeSync } from "node:fs";
import { once } from "node:events";
import type { LeaseClaim } from "../../src/core/lease.ts";
import type { RunStore } from "../../src/core/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { appendOf, sampleRun, textDelta } from "../../src/testkit/store-samples.ts";

const [path = "", task = "", name = ""] = process.argv.slice(2);
const claim: LeaseClaim = { owner: name, leaseMs: 600_000 };

/** Written before it returns. A pipe that is full, since its reader is slow, takes no more for the moment. */
function print(value: unknown): void {
  let rest = Buffer.from(`${JSON.stringify(value)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}

async function startOnThreads(store: RunStore): Promise<void> {
  for (let thread = 0; thread < 40; thread += 1) {
    const result = await store.createRun(sampleRun(`${name}-${thread}`, { threadId: `thread-${thread}`, messageId: "m" }), claim);
    print(result.outcome === "thread-busy" ? { busyWith: result.activeRunId } : { outcome: result.outcome, runId: `${name}-${thread}` });
  }
}

async function claimUntilNoneIsLeft(store: RunStore): Promise<void> {
  for (;;) {
    const claimed = await store.claimRuns(claim, { limit: 3, pendingLimit: 2 });
    if (claimed.length === 0) return;
    for (const { lease } of claimed) print(lease);
  }
}

/** Answers the question of each run in a way of its own, and says which it was the one to answer. */
async function answerAll(store: RunStore): Promise<void> {
  for (let run = 0; run < 40; run += 1) {
    const answers = [{ interruptId: `question-${run}`, answer: name }];
    const result = await store.answerInterrupts({ answers, answeredBy: name, childRunId: `${name}-${run}` }, claim);
    print({ outcome: result.outcome, ...(result.outcome === "answered" && { childRunId: result.child?.run.id, epoch: result.child?.lease?.epoch }) });
  }
}

async function dispatchUntilNoneIsLeft(store: RunStore): Promise<void> {
  for (;;) {
    const claimed = await store.claimDeliveries({ sinks: ["meter"], limit: 3, leaseMs: 600_000 });
    if (claimed.length === 0) return;
    for (const { runId, attempts } of claimed) print({ runId, attempts });
  }
}

/** Appends numbered deltas for ever and prints the offset of the last one of each batch once it is acknowledged. */
async function appendForEver(store: RunStore): Promise<void> {
  const result = await store.createRun(sampleRun(name, { messageId: "m" }), claim);
  if (result.outcome !== "created" || result.lease === undefined) throw new Error(`Run ${name} was not created.`);
  let last = 2;
  for (let round = 0; ; round += 1) {
    const events = Array.from({ length: 1 + (round % 5) }, (_, index) => textDelta(String(last + 1 + index)));
    const [appended] = await store.append([appendOf(result.lease, ...events)]);
    if (appended?.outcome !== "appended") throw new Error(`Run ${name} was fenced.`);
    last += events.length;
    print(appended.entries.at(-1)?.offset);
  }
}

const tasks: Readonly<Record<string, (store: RunStore) => Promise<void>>> = {
  startOnThreads,
  claimUntilNoneIsLeft,
  answerAll,
  dispatchUntilNoneIsLeft,
  appendForEver,
};

print("ready");
await once(process.stdin, "data");
const store = await openSqliteStore({ path });
await tasks[task]?.(store);
await store.close();
process.stdin.destroy();
