import { expect, test, vi } from "vitest";
import type { RunObserver } from "../../src/core/run-observer.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { newRun, openNode } from "./node.ts";
import { say, scriptedSource, stopped } from "./scripted-source.ts";

/** Notes what it is told, in order. */
function noting(): { readonly told: string[]; readonly observer: RunObserver } {
  const told: string[] = [];
  const observer: RunObserver = {
    started: ({ id }) => void told.push(`started ${id}`),
    attemptBegan: ({ id }, attempt, kind) => void told.push(`began ${id} ${attempt} ${kind}`),
    attemptEnded: (runId, attempt) => void told.push(`ended ${runId} ${attempt}`),
    committed: () => undefined,
    appended: (durationMs) => void (durationMs >= 0 && told.push("appended")),
    delivered: () => undefined,
  };
  return { told, observer };
}

test("an observer is told of the start of a run, of each attempt's beginning and end, and of each commit", async () => {
  const store = await MemoryRunStore.open();
  const first = noting();
  const node = openNode(store, scriptedSource(stopped), { observer: first.observer });
  await node.runner.start(newRun({ id: "run_seen" }));
  await vi.waitFor(() => expect(first.told).toContain("began run_seen 1 first"));
  await node.close();
  expect(first.told.filter((line) => line !== "appended")).toEqual(["started run_seen", "began run_seen 1 first", "ended run_seen 1"]);
  const second = noting();
  const next = openNode(
    store,
    scriptedSource((attempt) => say(attempt, ["hi"])),
    { observer: second.observer },
  );
  await next.readToEnd("run_seen");
  await next.close();
  expect(second.told.filter((line) => line !== "appended")).toEqual(["began run_seen 2 takeover", "ended run_seen 2"]);
  expect(second.told).toContain("appended");
});
