import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { offsetOf, START } from "../../src/core/offset.ts";
import type { RunStore } from "../../src/core/store.ts";
import { Tail } from "../../src/reader/tail.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { newRun } from "../runner/node.ts";

const tails: Tail[] = [];
afterEach(() => {
  for (const tail of tails.splice(0)) tail.close();
});

interface Fixture {
  readonly store: RunStore;
  readonly tail: Tail;
  readonly runId: string;
  reads: number;
  /** Appends; `isLocal`: by this process, so that its readers are woken. */
  append(events: readonly RunEvent[], isLocal?: boolean): Promise<void>;
}

async function fixture(options: { pollMs?: number; pageSize?: number } = {}): Promise<Fixture> {
  const store = await MemoryRunStore.open();
  const run = newRun();
  await store.createRun(run, { owner: "o", leaseMs: 60_000 });
  const read = store.readEntries.bind(store);
  const tail = new Tail({ store, pollMs: 20, ...options });
  tails.push(tail);
  const fixed: Fixture = {
    store,
    tail,
    runId: run.id,
    reads: 0,
    async append(events, isLocal = true) {
      const [result] = await store.append([{ runId: run.id, epoch: 1, events }]);
      if (isLocal && result?.outcome === "appended") tail.publish(run.id, result.entries);
    },
  };
  store.readEntries = (...given): Promise<readonly Entry[]> => {
    fixed.reads += 1;
    return read(...given);
  };
  return fixed;
}

const data = (value: number): RunEvent => ({ type: "data", name: "n", data: value });
const end: RunEvent = { type: "run-completed" };

async function collect(batches: AsyncIterable<readonly Entry[]>): Promise<number[]> {
  const offsets: number[] = [];
  for await (const batch of batches) offsets.push(...batch.map((entry) => entry.offset));
  return offsets;
}

test("a reader replays what is there, follows what comes, and ends at the terminal event", async () => {
  const { tail, runId, append } = await fixture();
  await append([data(1), data(2)]);
  const reading = collect(tail.follow(runId, START, new AbortController().signal));
  await append([data(3)]);
  await append([end]);
  expect(await reading).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a reader learns of entries and of the end without ever being woken", async () => {
  const { tail, runId, append } = await fixture();
  const reading = collect(tail.follow(runId, START, new AbortController().signal));
  await append([data(1)], false);
  await append([end], false);
  expect(await reading).toEqual([1, 2, 3, 4]);
});

test("readers at the same place share one store read, and none where the window holds the batch", async () => {
  const fixed = await fixture({ pollMs: 60_000 });
  const { tail, runId, append } = fixed;
  const readings = Array.from({ length: 50 }, () => collect(tail.follow(runId, START, new AbortController().signal)));
  await Promise.resolve();
  for (let value = 0; value < 20; value += 1) await append([data(value)]);
  await append([end]);
  const all = await Promise.all(readings);
  expect(new Set(all.map((offsets) => offsets.join()))).toEqual(new Set([Array.from({ length: 23 }, (_, index) => index + 1).join()]));
  expect(fixed.reads).toBeLessThan(10);
});

test("a slow reader costs no buffer: it reads the store when the window has moved on", async () => {
  const fixed = await fixture({ pageSize: 500 });
  const { tail, runId, append } = fixed;
  const iterator = tail.follow(runId, START, new AbortController().signal)[Symbol.asyncIterator]();
  const first = await iterator.next();
  for (let value = 0; value < 5_000; value += 1) await append([data(value)]);
  await append([end]);
  const offsets = (first.value as readonly Entry[]).map((entry) => entry.offset as number);
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) offsets.push(...next.value.map((entry) => entry.offset));
  expect(offsets).toEqual(Array.from({ length: 5_003 }, (_, index) => index + 1));
  expect(fixed.reads).toBeGreaterThan(3);
});

test("a reader that is aborted while it waits ends at once", async () => {
  const { tail, runId } = await fixture({ pollMs: 60_000 });
  const abort = new AbortController();
  const reading = collect(tail.follow(runId, START, abort.signal));
  await new Promise((resolve) => setImmediate(resolve));
  abort.abort();
  expect(await reading).toEqual([1, 2]);
});

test("whoever asks what is followed is told of the readers there are, and of those that came and left since it asked last", async () => {
  const { store, tail, runId } = await fixture();
  const other = newRun();
  await store.createRun(other);
  const read = async (id: string): Promise<AsyncGenerator<readonly Entry[], void, void>> => {
    const reading = tail.follow(id, START, new AbortController().signal);
    await reading.next();
    return reading;
  };
  await (await read(other.id)).return();
  expect(tail.takeFollowed()).toEqual([]);
  const stays = await read(runId);
  await (await read(other.id)).return();
  expect(tail.takeFollowed()).toEqual([runId, other.id]);
  expect(tail.takeFollowed()).toEqual([runId]);
  await stays.return();
  expect(tail.takeFollowed()).toEqual([runId]);
  expect(tail.takeFollowed()).toEqual([]);
});

test("a store that fails for a moment does not end a reader", async () => {
  const fixed = await fixture();
  const { tail, runId, append, store } = fixed;
  const read = store.readEntries.bind(store);
  let failures = 3;
  const { HoldfastError } = await import("../../src/core/error.ts");
  store.readEntries = (...given): Promise<readonly Entry[]> => {
    failures -= 1;
    return failures >= 0 ? Promise.reject(new HoldfastError("STORE_UNAVAILABLE", "down")) : read(...given);
  };
  await append([end]);
  expect(await collect(tail.follow(runId, START, new AbortController().signal))).toEqual([1, 2, 3]);
});

test("whatever the order of appends, wake-ups and reads, every reader gets every entry once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.boolean()), { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 4 }),
      fc.scheduler(),
      async (appends, starts, scheduler) => {
        const { tail, runId, append } = await fixture({ pollMs: 5, pageSize: 4 });
        const writing = scheduler.scheduleSequence([
          ...appends.map(
            ([count, isLocal]) =>
              () =>
                append(
                  Array.from({ length: count }, (_, index) => data(index)),
                  isLocal,
                ),
          ),
          () => append([end]),
        ]);
        const readings = starts.map((after) =>
          scheduler.schedule(Promise.resolve(after)).then((from) => collect(tail.follow(runId, offsetOf(from), new AbortController().signal))),
        );
        await scheduler.waitAll();
        await writing.task;
        const total = 3 + appends.reduce((sum, [count]) => sum + count, 0);
        for (const [index, reading] of readings.entries()) {
          const after = starts[index] ?? 0;
          expect(await reading).toEqual(Array.from({ length: Math.max(0, total - after) }, (_, step) => after + step + 1));
        }
      },
    ),
    { numRuns: 60 },
  );
});
