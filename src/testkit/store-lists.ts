import { expect } from "vitest";
import type { RunQuery, RunStore } from "../core/store.ts";
import type { StoreCases } from "./store-case.ts";
import { complete, eventsOf, interruptsOf, sampleInterrupt, sampleRun, startedRun, appendOf } from "./store-samples.ts";

const WRONG_CURSORS = ["garbage", "", "MQ==", "LTE", "MS41", "MDAx", "OTk5OTk5OTk5OTk5OTk5OTk5OTk", "💥"];

async function allRunIds(store: RunStore, query: Omit<RunQuery, "cursor">): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.listRuns({ ...query, ...(cursor !== undefined && { cursor }) });
    pages.push(page.runs.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return pages;
}

export const listCases: StoreCases = {
  "runs are listed newest first, in pages that neither repeat nor leave out": async ({ store, other, clock }) => {
    for (let index = 1; index <= 5; index += 1) {
      await store.createRun(sampleRun(`run-${index}`));
      // Runs of one millisecond are in order too.
      if (index === 3) clock.advance(1);
    }
    await store.createRun(sampleRun("foreign", { resourceId: "resource-2" }));
    const query = { resourceId: "resource-1" };
    expect(await allRunIds(other, { ...query, limit: 2 })).toEqual([["run-5", "run-4"], ["run-3", "run-2"], ["run-1"]]);
    expect(await allRunIds(other, { ...query, limit: 5 })).toEqual([["run-5", "run-4", "run-3", "run-2", "run-1"]]);
    expect(await allRunIds(other, { limit: 100 })).toEqual([["foreign", "run-5", "run-4", "run-3", "run-2", "run-1"]]);
    expect(await allRunIds(other, { resourceId: "nobody", limit: 10 })).toEqual([[]]);
    const { nextCursor } = await store.listRuns({ ...query, limit: 2 });
    await store.createRun(sampleRun("run-6"));
    const next = await store.listRuns({ ...query, limit: 2, ...(nextCursor !== undefined && { cursor: nextCursor }) });
    expect(next.runs.map(({ id }) => id)).toEqual(["run-3", "run-2"]);
    expect(next.runs[0]).toEqual(await store.getRun("run-3"));
  },

  "runs are listed by thread and by status": async ({ store }) => {
    const ended = await startedRun(store, sampleRun("ended", { threadId: "t" }));
    await complete(store, ended.lease);
    await startedRun(store, sampleRun("running", { threadId: "t" }));
    await store.createRun(sampleRun("pending", { threadId: "t", onBusyThread: "queue" }));
    await store.createRun(sampleRun("elsewhere"));
    const list = async (query: Omit<RunQuery, "limit">): Promise<readonly string[]> => (await store.listRuns({ ...query, limit: 10 })).runs.map(({ id }) => id);
    expect(await list({ threadId: "t" })).toEqual(["pending", "running", "ended"]);
    expect(await list({ threadId: "t", resourceId: "resource-2" })).toEqual([]);
    expect(await list({ statuses: ["pending"] })).toEqual(["elsewhere", "pending"]);
    expect(await list({ resourceId: "resource-1", threadId: "t", statuses: ["running", "completed"] })).toEqual(["running", "ended"]);
    expect(await list({ statuses: [] })).toEqual([]);
    expect(await allRunIds(store, { statuses: ["pending", "running"], limit: 1 })).toEqual([["elsewhere"], ["pending"], ["running"]]);
  },

  "runs are found by the id that their client gave them, newest first": async ({ store, other }) => {
    const called = (id: string, change: Parameters<typeof sampleRun>[1] = {}): ReturnType<typeof sampleRun> =>
      sampleRun(id, { clientRunId: "mine", ...change });
    await store.createRun(called("first"));
    await store.createRun(called("second", { threadId: "t" }));
    await store.createRun(called("foreign", { resourceId: "resource-2" }));
    await store.createRun(called("other", { clientRunId: "Mine" }));
    await store.createRun(sampleRun("unnamed"));
    const list = async (query: Omit<RunQuery, "limit">): Promise<readonly string[]> => (await allRunIds(other, { ...query, limit: 1 })).flat();
    expect(await list({ clientRunId: "mine", resourceId: "resource-1" })).toEqual(["second", "first"]);
    expect(await list({ clientRunId: "mine", resourceId: "resource-1", threadId: "t" })).toEqual(["second"]);
    expect(await list({ clientRunId: "mine" })).toEqual(["foreign", "second", "first"]);
    expect(await list({ clientRunId: "unknown" })).toEqual([]);
    expect((await store.getRun("first"))?.clientRunId).toBe("mine");
    expect(await store.getRun("unnamed")).not.toHaveProperty("clientRunId");
  },

  "a thread is remembered with its owner, and with the agent and the time of its newest run": async ({ store, other, clock }) => {
    expect(await store.getThread("t")).toBeUndefined();
    const createdAt = clock.now();
    await store.createRun(sampleRun("first", { threadId: "t" }));
    clock.advance(70);
    await store.createRun(sampleRun("second", { threadId: "t", agentId: "agent-2", onBusyThread: "queue" }));
    const thread = { threadId: "t", resourceId: "resource-1", agentId: "agent-2", createdAt, lastRunAt: createdAt + 70 };
    expect(await other.getThread("t")).toEqual(thread);
    expect(await other.listThreads({ resourceId: "resource-1", limit: 10 })).toEqual({ threads: [thread] });
  },

  "threads are listed by their newest run, in pages": async ({ store, other }) => {
    for (const id of ["a", "b", "c"]) await store.createRun(sampleRun(id, { threadId: id }));
    await store.createRun(sampleRun("a-2", { threadId: "a", onBusyThread: "queue" }));
    await store.createRun(sampleRun("foreign", { resourceId: "resource-2" }));
    const first = await other.listThreads({ resourceId: "resource-1", limit: 2 });
    expect(first.threads.map(({ threadId }) => threadId)).toEqual(["a", "c"]);
    const second = await other.listThreads({ resourceId: "resource-1", limit: 2, ...(first.nextCursor !== undefined && { cursor: first.nextCursor }) });
    expect(second.threads.map(({ threadId }) => threadId)).toEqual(["b"]);
    expect(second.nextCursor).toBeUndefined();
    expect(await other.listThreads({ resourceId: "nobody", limit: 2 })).toEqual({ threads: [] });
  },

  "a cursor that no page gave out is refused": async ({ store }) => {
    await store.createRun(sampleRun("run"));
    for (const cursor of WRONG_CURSORS) {
      await expect(store.listRuns({ limit: 10, cursor }), cursor).rejects.toMatchObject({ code: "INPUT_INVALID" });
      await expect(store.listThreads({ resourceId: "resource-1", limit: 10, cursor }), cursor).rejects.toMatchObject({ code: "INPUT_INVALID" });
    }
  },

  "a thread is forgotten with its runs, logs, interrupts and keys": async ({ store, other }) => {
    const idempotency = { key: "key", fingerprint: "print" };
    const kept = await startedRun(store, sampleRun("kept"));
    const { lease } = await startedRun(store, sampleRun("run", { threadId: "t", idempotency }));
    await store.append([appendOf(lease, { type: "run-suspended", interrupts: [sampleInterrupt("i")] })]);
    expect(await other.deleteThread("t")).toBe("deleted");
    expect(await store.getThread("t")).toBeUndefined();
    expect(await store.getRun("run")).toBeUndefined();
    expect(await eventsOf(store, "run")).toEqual([]);
    expect(await interruptsOf(store, "run")).toEqual([]);
    expect(await store.deleteThread("t")).toBe("unknown");
    expect(await eventsOf(store, "kept")).toHaveLength(2);
    expect((await store.getRun("kept"))?.status).toBe("running");
    // What comes after it begins from nothing, also for another resource.
    const again = await startedRun(store, sampleRun("again", { threadId: "t", resourceId: "resource-2", idempotency }));
    expect(await eventsOf(store, "again")).toHaveLength(2);
    expect(await interruptsOf(store, "again")).toEqual([]);
    expect(again.run.attempt).toBe(1);
    await complete(store, kept.lease);
  },

  "a thread with an active run is not forgotten": async ({ store }) => {
    const { lease } = await startedRun(store, sampleRun("run", { threadId: "t" }));
    await store.createRun(sampleRun("queued", { threadId: "t", onBusyThread: "queue" }));
    expect(await store.deleteThread("t")).toBe("busy");
    await complete(store, lease);
    expect(await store.deleteThread("t")).toBe("busy");
    expect(await eventsOf(store, "run")).toHaveLength(3);
    expect(await store.getThread("t")).toBeDefined();
    expect(await store.deleteThread("nowhere")).toBe("unknown");
  },
};
