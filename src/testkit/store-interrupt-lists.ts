import { expect } from "vitest";
import type { InterruptQuery } from "../core/interrupt-store.ts";
import type { RunStore } from "../core/store.ts";
import type { StoreCases } from "./store-case.ts";
import { answers } from "./store-interrupts.ts";
import { complete, sampleInterrupt, sampleRun, startedRun, suspendedRun } from "./store-samples.ts";

/** Ids of the interrupts, page by page. */
async function pagesOf(store: RunStore, query: Omit<InterruptQuery, "cursor">): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.listInterrupts({ ...query, ...(cursor !== undefined && { cursor }) });
    pages.push(page.interrupts.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return pages;
}

export const interruptListCases: StoreCases = {
  "interrupts are listed by run, newest first, and of one run as they were asked, in pages": async ({ store, other }) => {
    await startedRun(store, sampleRun("first"));
    await suspendedRun(store, sampleRun("second"), ["d", "c", "b"]);
    await suspendedRun(store, sampleRun("third"), ["a"]);
    // The order is that of the runs, and not that in which they suspended.
    await store.append([{ runId: "first", epoch: 1, events: [{ type: "run-suspended", interrupts: [sampleInterrupt("f"), sampleInterrupt("e")] }] }]);
    const order = ["a", "d", "c", "b", "f", "e"];
    expect(await pagesOf(other, { limit: 10 })).toEqual([order]);
    expect(await pagesOf(other, { limit: 1 })).toEqual(order.map((id) => [id]));
    expect(await pagesOf(other, { limit: 4 })).toEqual([order.slice(0, 4), order.slice(4)]);
    expect(await pagesOf(store, { limit: 6 })).toEqual([order]);
    const { nextCursor } = await store.listInterrupts({ limit: 2 });
    await suspendedRun(store, sampleRun("fourth"), ["newer"]);
    const next = await store.listInterrupts({ limit: 2, ...(nextCursor !== undefined && { cursor: nextCursor }) });
    expect(next.interrupts.map(({ id }) => id)).toEqual(["c", "b"]);
    expect(next.interrupts[0]).toEqual(await store.getInterrupt("c"));
    expect(await store.getInterrupt("nowhere")).toBeUndefined();
  },

  "interrupts are listed by resource, run, thread and the status that they have by then": async ({ store, clock }) => {
    const expiresAt = clock.now() + 10;
    await suspendedRun(store, sampleRun("run", { threadId: "t" }), ["answered", { ...sampleInterrupt("expiring"), expiresAt }]);
    await suspendedRun(store, sampleRun("next", { threadId: "t" }), ["open"]);
    await suspendedRun(store, sampleRun("canceled"), ["canceled"]);
    await suspendedRun(store, sampleRun("foreign", { resourceId: "resource-2" }), ["foreign"]);
    await store.answerInterrupts(answers({ answered: true }));
    await store.cancelSuspended({ runId: "canceled", canceledBy: "resource-1", childRunId: "end" });
    const list = async (query: Omit<InterruptQuery, "limit">): Promise<readonly string[]> => (await pagesOf(store, { ...query, limit: 10 })).flat();
    expect(await list({ statuses: ["pending"] })).toEqual(["foreign", "open", "expiring"]);
    expect(await list({ statuses: ["expired"] })).toEqual([]);
    clock.advance(10);
    expect(await list({ statuses: ["pending"] })).toEqual(["foreign", "open"]);
    expect(await list({ statuses: ["expired", "canceled"] })).toEqual(["canceled", "expiring"]);
    expect(await list({ statuses: ["answered"] })).toEqual(["answered"]);
    expect(await list({ statuses: [] })).toEqual([]);
    expect(await list({ resourceId: "resource-2" })).toEqual(["foreign"]);
    expect(await list({ threadId: "t" })).toEqual(["open", "answered", "expiring"]);
    expect(await list({ threadId: "t", runId: "run", resourceId: "resource-1" })).toEqual(["answered", "expiring"]);
    expect(await list({ threadId: "t", resourceId: "resource-2" })).toEqual([]);
    expect(await list({ runId: "nowhere" })).toEqual([]);
  },

  "a cursor of another list is refused": async ({ store }) => {
    await suspendedRun(store, sampleRun("run"), ["a", "b"]);
    await complete(store, (await startedRun(store, sampleRun("done"))).lease);
    const ofRuns = (await store.listRuns({ limit: 1 })).nextCursor ?? expect.fail();
    const ofInterrupts = (await store.listInterrupts({ limit: 1 })).nextCursor ?? expect.fail();
    for (const cursor of [ofRuns, "garbage", "", "MC4x", "MS4x=", "MS4xLjE"]) {
      await expect(store.listInterrupts({ limit: 10, cursor }), cursor).rejects.toMatchObject({ code: "INPUT_INVALID" });
    }
    for (const cursor of [ofInterrupts, "garbage", ""]) {
      await expect(store.listDeliveries({ limit: 10, cursor }), cursor).rejects.toMatchObject({ code: "INPUT_INVALID" });
      await expect(store.listRuns({ limit: 10, cursor }), cursor).rejects.toMatchObject({ code: "INPUT_INVALID" });
    }
  },
};
