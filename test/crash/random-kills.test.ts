import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LibSQLStore } from "@mastra/libsql";
import { expect, test } from "vitest";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import type { RunStore } from "../../src/core/store.ts";
import { checkBills, checkLedger, checkTools, keptRuns, type KeptRun } from "./random/checks.ts";
import { DoomedProcess } from "./random/doomed-process.ts";
import { CONCURRENT, effectFile, SINK } from "./random/world.ts";

const KILLS = 200;
const RUNS = 240;
const MAX_CHECKPOINTS = 240;
const MAX_DELAY_MS = 500;
const MAX_LIFE_MS = 800;
const LATER_MS = 3_600_000;
const SEED = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** A generator of numbers from 0 to 1 that a seed repeats; mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Each thread holds its question once and its answer once, under the ids that the streams showed. */
async function checkThreads(directory: string, kept: readonly KeptRun[]): Promise<void> {
  const storage = new LibSQLStore({ id: "memory", url: `file:${join(directory, "memory.db")}` });
  const memory = await storage.getStore("memory");
  for (const { run } of kept.filter((each) => each.run.parentRunId === undefined)) {
    const { messages = [] } = (await memory?.listMessages({ threadId: run.threadId, perPage: false })) ?? {};
    const ids = messages.map(({ id }) => id);
    expect(ids, `thread ${run.threadId}`).toEqual([...new Set(ids)]);
    expect(ids[0]).toBe(run.input.messages[0]?.["id"]);
    // A run that was given up before a word was said has no answer.
    expect([run.messageId, undefined]).toContain(ids[1]);
    const last = kept.find((each) => each.run.messageId === run.messageId && each.run.status === "completed");
    if (last !== undefined) expect(ids).toEqual([run.input.messages[0]?.["id"], run.messageId]);
    expect(ids.length).toBeLessThanOrEqual(2);
  }
}

test(`nothing is lost and nothing is done twice over ${KILLS} kills at random points (HOLDFAST_SEED=${SEED})`, { timeout: 20 * 60_000 }, async () => {
  process.stdout.write(`HOLDFAST_SEED=${SEED}\n`);
  const random = randomFrom(SEED);
  const directory = mkdtempSync(join(tmpdir(), "holdfast-random-"));
  let next = new DoomedProcess(directory);
  let killed = 0;
  while (killed < KILLS) {
    const current = next;
    next = new DoomedProcess(directory);
    const isAtCheckpoint = random() < 0.6;
    const killAfter = 1 + Math.floor(random() * MAX_CHECKPOINTS);
    const delayMs = random() * MAX_DELAY_MS;
    const policy = random() < 0.5 ? "delivered" : "all-attempts";
    // The work is spread over the kills, so that there is some to be cut to the last.
    const runs = Math.ceil((RUNS * (killed + 1)) / KILLS) + CONCURRENT;
    await current.work({ runs, policy, ...(isAtCheckpoint && { killAfter }) });
    const end = isAtCheckpoint ? await Promise.race([current.ended(), after(MAX_LIFE_MS)]) : await after(delayMs);
    if (end === undefined) await current.kill();
    killed += 1;
  }
  await next.work({ runs: RUNS, policy: "delivered", finish: true });
  expect(await next.ended()).toBe(0);

  // Deliveries that a killed process had taken are nobody's until their leases end.
  const store = await openSqliteStore({ path: join(directory, "runs.db"), clock: { now: () => Date.now() + LATER_MS } });
  const file = effectFile(directory);
  await deliverTheRest(store, (runId) => file.note({ kind: "bill", runId }));
  const kept = await keptRuns(store);
  const effects = file.all();
  const ends = Object.groupBy(kept, ({ run }) => run.status);
  process.stdout.write(
    `${kept.length} runs: ${Object.entries(ends)
      .map(([status, runs]) => `${runs.length} ${status}`)
      .join(", ")}\n`,
  );
  expect(ends.completed?.length ?? 0, "the kills let some runs complete").toBeGreaterThan(RUNS / 10);
  checkBills(kept, effects);
  checkLedger(kept, effects, KILLS, CONCURRENT);
  checkTools(effects);
  await checkThreads(directory, kept);
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function deliverTheRest(store: RunStore, take: (runId: string) => void): Promise<void> {
  for (;;) {
    const taken = await store.claimDeliveries({ sinks: [SINK], limit: 100, leaseMs: 1_000 });
    if (taken.length === 0) return;
    for (const { runId, sink } of taken) {
      take(runId);
      await store.settleDelivery({ runId, sink, state: "sent" });
    }
  }
}

function after(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), milliseconds));
}
