import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { HoldfastError } from "../../src/core/error.ts";
import type { Lease } from "../../src/core/lease.ts";
import type { RunStore } from "../../src/core/store.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { settableClock, type SettableClock } from "../../src/testkit/store-samples.ts";
import { command, heldCommands, type Command } from "./oracle-commands.ts";
import { contentOf, execute, knownOf, leasesIn } from "./oracle-execution.ts";

const SEED = Number(process.env["FAST_CHECK_SEED"] ?? Date.now() % 2 ** 31);

/** What a call gave, or the code that it threw. */
async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (HoldfastError.is(error)) return { threw: error.code };
    throw error;
  }
}

async function runInLockStep(commands: readonly Command[], open: (clock: Clock) => Promise<RunStore>): Promise<void> {
  const clock: SettableClock = settableClock();
  const oracle = await MemoryRunStore.open({ clock });
  let store = await open(clock);
  try {
    let leases: readonly Lease[] = [];
    for (const next of commands) {
      if (next.type === "advance") clock.advance(next.milliseconds);
      if (next.type === "reopen") {
        await store.close();
        store = await open(clock);
      }
      const known = await knownOf(oracle, leases);
      const expected = await outcomeOf(execute(oracle, known, next));
      expect(await outcomeOf(execute(store, known, next)), JSON.stringify(next)).toStrictEqual(expected);
      leases = [...leases, ...leasesIn(expected)];
    }
    expect(await contentOf(store)).toStrictEqual(await contentOf(oracle));
  } finally {
    await store.close();
  }
}

test.each([
  ["every sequence of calls", fc.array(command, { minLength: 10, maxLength: 80, size: "max" }), 120],
  ["what comes while a run waits and its hold ends", heldCommands, 120],
] as const)(`the SQLite store answers %s as the memory store does (seed ${SEED})`, async (_title, sequences: fc.Arbitrary<readonly Command[]>, numRuns) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-oracle-"));
  let files = 0;
  const property = fc.asyncProperty(sequences, async (commands) => {
    const path = join(folder, `${(files += 1)}.db`);
    await runInLockStep(commands, (clock) => openSqliteStore({ path, clock }));
    await Promise.all(["", "-wal", "-shm"].map((suffix) => rm(path + suffix, { force: true })));
  });
  try {
    await fc.assert(property, { seed: SEED, numRuns, endOnFailure: false });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
