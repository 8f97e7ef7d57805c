import { expect, test } from "vitest";
import type { Entry } from "../core/entry.ts";
import type { RunEvent } from "../core/event.ts";
import type { Append, AppendResult, RunStore } from "../core/store.ts";
import { Appender } from "./appender.ts";

function recordingStore(): { readonly store: RunStore; readonly batches: (readonly Append[])[] } {
  const batches: (readonly Append[])[] = [];
  const numbers = new Map<string, number>();
  const append = (batch: readonly Append[]): Promise<readonly AppendResult[]> => {
    batches.push(batch);
    return Promise.resolve(
      batch.map((item) => {
        const entries = item.events.map((event) => {
          const offset = (numbers.get(item.runId) ?? 0) + 1;
          numbers.set(item.runId, offset);
          return { offset, event, attempt: item.epoch, at: 0 } as Entry;
        });
        return { outcome: "appended" as const, entries };
      }),
    );
  };
  return { store: { append } as unknown as RunStore, batches };
}

const delta = (text: string, id = "t"): RunEvent => ({ type: "text-delta", id, text });

test("events of all runs that gather in one turn commit as one transaction", async () => {
  const { store, batches } = recordingStore();
  const appender = new Appender({ store, onCommitted: () => undefined, monotonicMs: () => 0 });
  const logs = ["a", "b"].map((runId) => appender.open({ runId, epoch: 1 }, () => undefined));
  for (const log of logs) for (const text of ["1", "2", "3"]) void log.append(delta(text));
  await Promise.all(logs.map((log) => log.commit()));
  expect(batches).toHaveLength(1);
  expect(batches[0]?.map((item) => item.events)).toEqual([[delta("123")], [delta("123")]]);
});

test("a producer that never pauses is flushed in bounded pieces while it goes on", async () => {
  const { store, batches } = recordingStore();
  let nowMs = 0;
  const appender = new Appender({ store, onCommitted: () => undefined, monotonicMs: () => nowMs });
  const log = appender.open({ runId: "a", epoch: 1 }, () => undefined);
  const quiet = appender.open({ runId: "b", epoch: 1 }, () => undefined);
  void quiet.append(delta("one"));
  let wait = 0;
  for (let index = 0; index < 100; index += 1) {
    nowMs += 0.1;
    const behind = log.append(delta(String(index), `t${index}`));
    if (behind) {
      wait = Math.max(wait, nowMs);
      break;
    }
  }
  // The commit was made inside the loop, without the event loop having had a turn.
  expect(batches).toHaveLength(1);
  expect(batches[0]?.map((item) => item.runId)).toEqual(["b", "a"]);
  expect(wait).toBeLessThanOrEqual(5);
  for (let index = 0; index < 5_000; index += 1) void log.append(delta("x", `u${index}`));
  await log.commit();
  expect(Math.max(...batches.flatMap((batch) => batch.map((item) => item.events.length)))).toBeLessThanOrEqual(1_024);
});

test("a commit resolves only when what was appended before it is written, in order", async () => {
  const { store, batches } = recordingStore();
  const seen: number[] = [];
  const appender = new Appender({ store, onCommitted: (_, entries) => seen.push(...entries.map((entry) => entry.offset)) });
  const log = appender.open({ runId: "a", epoch: 3 }, () => undefined);
  for (let index = 0; index < 10; index += 1) void log.append(delta("x", `t${index}`));
  await log.commit();
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(batches.every((batch) => batch.every((item) => item.epoch === 3))).toBe(true);
  expect(batches[0]?.[0]?.isDurable).toBe(true);
});

test.each([
  { type: "tool-started", toolCallId: "c", toolName: "pay", attempt: 1, idempotencyKey: "k" },
  { type: "workflow-step-started", callId: "pay", stepId: "pay" },
  { type: "workflow-step-finished", callId: "pay", stepId: "pay", status: "success" },
] as const)("what must not be done twice is on the disk before it is acknowledged: $type", async (event) => {
  const { store, batches } = recordingStore();
  const appender = new Appender({ store, onCommitted: () => undefined, monotonicMs: () => 0 });
  const log = appender.open({ runId: "a", epoch: 1 }, () => undefined);
  void log.append(event);
  // The piece is taken in the same turn of the event loop, before anybody says that they wait.
  await new Promise((resolve) => setImmediate(resolve));
  expect(batches.map((batch) => batch[0]?.isDurable)).toEqual([true]);
});

test("a fenced log rejects those who wait and drops what waits", async () => {
  const store = { append: (batch: readonly Append[]) => Promise.resolve(batch.map(() => ({ outcome: "fenced" as const }))) } as unknown as RunStore;
  let fenced = 0;
  const appender = new Appender({ store, onCommitted: () => expect.unreachable("nothing is committed"), monotonicMs: () => 0 });
  const log = appender.open({ runId: "a", epoch: 1 }, () => (fenced += 1));
  void log.append(delta("x"));
  await expect(log.commit()).rejects.toThrow("no longer holds the lease");
  void log.append(delta("y"));
  await expect(log.commit()).rejects.toThrow("no longer holds the lease");
  expect(fenced).toBe(1);
  expect(log.size).toBe(0);
});
