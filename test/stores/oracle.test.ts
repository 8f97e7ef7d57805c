import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { HoldfastError } from "../../src/core/error.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { Lease } from "../../src/core/lease.ts";
import { START } from "../../src/core/offset.ts";
import type { RunStore } from "../../src/core/store.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { sampleInterrupt, sampleRun, settableClock, textDelta, type SettableClock } from "../../src/testkit/store-samples.ts";

const SEED = Number(process.env["FAST_CHECK_SEED"] ?? Date.now() % 2 ** 31);
const RUN_IDS = Array.from({ length: 8 }, (_, index) => `run-${index}`);

/** A lease that was given out before, by its place among them, or one that never was. */
type LeaseChoice = { readonly given: number } | Lease;

type Command =
  | { readonly type: "create"; readonly run: Parameters<typeof sampleRun>; readonly owner: string | undefined }
  | { readonly type: "claim"; readonly owner: string; readonly limit: number; readonly pendingLimit: number }
  | { readonly type: "append"; readonly batch: readonly { readonly lease: LeaseChoice; readonly events: readonly RunEvent[]; readonly isDurable: boolean }[] }
  | { readonly type: "renew"; readonly owner: string; readonly leases: readonly LeaseChoice[] }
  | { readonly type: "release"; readonly lease: LeaseChoice }
  | { readonly type: "cancel"; readonly runId: string }
  | { readonly type: "delete"; readonly threadId: string }
  | { readonly type: "list"; readonly limit: number; readonly page: number }
  | { readonly type: "advance"; readonly milliseconds: number }
  | { readonly type: "reopen" };

const runId = fc.constantFrom(...RUN_IDS);
const owner = fc.constantFrom("node-a", "node-b");
const threadId = fc.constantFrom("t-1", "t-2", "t-3");
const lease: fc.Arbitrary<LeaseChoice> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ given: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ runId, epoch: fc.nat(4) }) },
);
const end: fc.Arbitrary<RunEvent> = fc.constantFrom<RunEvent[]>(
  { type: "run-completed" },
  { type: "run-failed", error: { code: "AGENT_FAILED", message: "It failed." } },
  { type: "run-canceled" },
  { type: "run-suspended", interrupts: [sampleInterrupt("i-1"), sampleInterrupt("i-2")] },
);
const text: fc.Arbitrary<RunEvent> = fc.string({ unit: "binary", maxLength: 5 }).map(textDelta);
const events = fc
  .tuple(fc.array(text, { maxLength: 3 }), fc.option(end, { freq: 3, nil: undefined }), fc.option(text, { freq: 20, nil: undefined }))
  .map(([before, last, behind]) => [...before, ...(last ? [last] : []), ...(behind ? [behind] : [])]);

const idempotency = fc.record({ key: fc.constantFrom("k-1", "k-2"), fingerprint: fc.constantFrom("f-1", "f-2") });
const newRun = fc
  .record({
    id: runId,
    threadId,
    resourceId: fc.constantFrom("resource-1", "resource-1", "resource-1", "resource-2"),
    agentId: fc.constantFrom("agent-1", "agent-2"),
    onBusyThread: fc.constantFrom("reject", "queue", "cancel-previous"),
    idempotency: fc.option(idempotency, { freq: 3, nil: undefined }),
  })
  .map(({ id, idempotency: key, ...change }): Parameters<typeof sampleRun> => [id, { ...change, ...(key && { idempotency: key }) }]);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("create" as const), run: newRun, owner: fc.option(owner, { nil: undefined }) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("claim" as const), owner, limit: fc.nat(3), pendingLimit: fc.nat(3) }) },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant("append" as const), batch: fc.array(fc.record({ lease, events, isDurable: fc.boolean() }), { maxLength: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("renew" as const), owner, leases: fc.array(lease, { maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("release" as const), lease }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("cancel" as const), runId }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("delete" as const), threadId }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("list" as const), limit: fc.integer({ min: 1, max: 3 }), page: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("advance" as const), milliseconds: fc.constantFrom(1, 400, 1_000, 2_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("reopen" as const) }) },
);

/** What a call gave, or the code that it threw. */
async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (HoldfastError.is(error)) return { threw: error.code };
    throw error;
  }
}

async function listPage(store: RunStore, limit: number, page: number): Promise<unknown> {
  let listed = await store.listRuns({ resourceId: "resource-1", limit });
  for (let turned = 0; turned < page && listed.nextCursor !== undefined; turned += 1) {
    listed = await store.listRuns({ resourceId: "resource-1", limit, cursor: listed.nextCursor });
  }
  return [listed, await store.listThreads({ resourceId: "resource-1", limit })];
}

function execute(store: RunStore, given: readonly Lease[], next: Command): Promise<unknown> {
  const leaseOf = (choice: LeaseChoice): Lease => {
    if ("runId" in choice) return choice;
    return given[given.length - 1 - (choice.given % Math.max(1, given.length))] ?? { runId: "run-0", epoch: 1 };
  };
  switch (next.type) {
    case "create":
      return store.createRun(sampleRun(...next.run), next.owner === undefined ? undefined : { owner: next.owner, leaseMs: 1_000 });
    case "claim":
      return store.claimRuns({ owner: next.owner, leaseMs: 1_000 }, next);
    case "append":
      return store.append(next.batch.map((append) => ({ ...leaseOf(append.lease), events: append.events, isDurable: append.isDurable })));
    case "renew":
      return store.renewLeases({ owner: next.owner, leaseMs: 1_000 }, next.leases.map(leaseOf));
    case "release":
      return store.releaseLease(leaseOf(next.lease));
    case "cancel":
      return store.requestCancel(next.runId);
    case "delete":
      return store.deleteThread(next.threadId);
    case "list":
      return listPage(store, next.limit, next.page);
    case "advance":
    case "reopen":
      return Promise.resolve();
  }
}

/** All that can be read from a store. */
async function contentOf(store: RunStore): Promise<unknown> {
  return {
    runs: await store.listRuns({ limit: 100 }),
    threads: await Promise.all(["resource-1", "resource-2"].map((resourceId) => store.listThreads({ resourceId, limit: 100 }))),
    logs: await Promise.all(RUN_IDS.map((id) => store.readEntries(id, START, 1_000))),
    ends: await Promise.all(RUN_IDS.map((id) => store.lastOffset(id))),
    interrupts: await Promise.all(RUN_IDS.map((id) => store.listInterrupts(id))),
  };
}

/** Leases in what a call gave. */
function leasesIn(result: unknown): readonly Lease[] {
  const found: Lease[] = [];
  JSON.stringify(result, (key, value: unknown) => {
    if (key === "lease") found.push(value as Lease);
    return value;
  });
  return found;
}

async function runInLockStep(commands: readonly Command[], open: (clock: Clock) => Promise<RunStore>): Promise<void> {
  const clock: SettableClock = settableClock();
  const oracle = await MemoryRunStore.open({ clock });
  let store = await open(clock);
  try {
    let given: readonly Lease[] = [];
    for (const next of commands) {
      if (next.type === "advance") clock.advance(next.milliseconds);
      if (next.type === "reopen") {
        await store.close();
        store = await open(clock);
      }
      const expected = await outcomeOf(execute(oracle, given, next));
      expect(await outcomeOf(execute(store, given, next)), JSON.stringify(next)).toStrictEqual(expected);
      given = [...given, ...leasesIn(expected)];
    }
    expect(await contentOf(store)).toStrictEqual(await contentOf(oracle));
  } finally {
    await store.close();
  }
}

test(`the SQLite store answers every sequence of calls as the memory store does (seed ${SEED})`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-oracle-"));
  let files = 0;
  const property = fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 60, size: "max" }), async (commands) => {
    const path = join(folder, `${(files += 1)}.db`);
    await runInLockStep(commands, (clock) => openSqliteStore({ path, clock }));
    await Promise.all(["", "-wal", "-shm"].map((suffix) => rm(path + suffix, { force: true })));
  });
  try {
    await fc.assert(property, { seed: SEED, numRuns: 150, endOnFailure: false });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
