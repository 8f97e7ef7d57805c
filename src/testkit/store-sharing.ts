import { expect, vi } from "vitest";
import type { StoreCases } from "./store-case.ts";
import { appendOf, claimedIds, complete, eventsOf, NODE_B, sampleRun, startedRun, textDelta } from "./store-samples.ts";

export const sharedCases: StoreCases = {
  "an append through one handle wakes the listeners of the other": async ({ store, other }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    await new Promise<void>((resolve) => {
      const stop = other.onForeignAppend(() => {
        stop();
        resolve();
      });
      void store.append([appendOf(lease, textDelta("a"))]);
    });
    expect((await eventsOf(other, "run")).at(-1)).toEqual(textDelta("a"));
  },

  "a listener is not called once it was stopped": async ({ store, other }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    const stopped = vi.fn<() => void>();
    const listening = vi.fn<() => void>();
    other.onForeignAppend(stopped)();
    other.onForeignAppend(listening);
    await store.append([appendOf(lease, textDelta("a"))]);
    await vi.waitFor(() => expect(listening).toHaveBeenCalled(), 5_000);
    expect(stopped).not.toHaveBeenCalled();
  },

  "what one handle ended, canceled or forgot, the other sees at once": async ({ store, other }) => {
    const { lease } = await startedRun(store, sampleRun("run", { threadId: "t" }));
    await other.requestCancel("run", "resource-1");
    expect((await store.getRun("run"))?.cancelRequested).toBe(true);
    await complete(other, lease);
    expect(await store.append([appendOf(lease, textDelta("late"))])).toEqual([{ outcome: "fenced" }]);
    expect(await claimedIds(store, NODE_B)).toEqual([]);
    await other.deleteThread("t");
    expect(await store.getRun("run")).toBeUndefined();
  },
};
