import { expect, test } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import { START } from "../../src/core/offset.ts";
import type { RunStore } from "../../src/core/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { newRun, openNode } from "./node.ts";
import { say, scriptedSource } from "./scripted-source.ts";

test.each([
  ["memory", (): Promise<RunStore> => MemoryRunStore.open()],
  ["sqlite", (): Promise<RunStore> => openSqliteStore({ path: ":memory:" })],
])("a reader gets an entry only after it is committed, on the %s store", async (_, open) => {
  const store = await open();
  const committed = new Set<number>([1, 2]);
  const early: number[] = [];
  const append = store.append.bind(store);
  store.append = async (batch) => {
    const results = await append(batch);
    // A slow acknowledgement: whoever hears of the entries before it was told too early.
    await new Promise((resolve) => setTimeout(resolve, 3));
    for (const result of results) if (result.outcome === "appended") for (const entry of result.entries) committed.add(entry.offset);
    return results;
  };
  // Reading the store itself would show what is written before it is acknowledged; the promise is about what the process hands on.
  const seen: Entry[] = [];
  const node = openNode(
    store,
    scriptedSource((attempt) =>
      say(
        attempt,
        Array.from({ length: 40 }, (__, index) => ` ${index}`),
      ),
    ),
    {
      onCommitted: (runId, entries) => {
        for (const entry of entries) {
          if (!committed.has(entry.offset)) early.push(entry.offset);
          seen.push(entry);
        }
        node.tail.publish(runId, entries);
      },
    },
  );
  const run = newRun();
  await node.runner.start(run);
  const entries = await node.readToEnd(run.id);
  expect(early).toEqual([]);
  expect(entries.slice(2)).toEqual(seen);
  expect(await store.readEntries(run.id, START, 1_000)).toEqual(entries);
  await node.close();
  await store.close();
});
