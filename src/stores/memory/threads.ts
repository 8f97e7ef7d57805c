import type { Run } from "../../core/run.ts";
import type { ThreadOwner, ThreadPage, ThreadQuery } from "../../core/store.ts";
import { pageOf, parseCursor } from "../cursor.ts";
import { activeOn, allRuns, type MemoryData } from "./data.ts";

/** Makes a run the newest one of its thread, and makes the thread with its first run. */
export function recordRunOfThread(data: MemoryData, { threadId, resourceId, agentId, createdAt }: Run): void {
  const known = data.threads.get(threadId);
  data.threads.set(threadId, { threadId, resourceId, agentId, createdAt: known?.createdAt ?? createdAt, lastRunAt: createdAt });
}

export function listThreads(data: MemoryData, query: ThreadQuery): ThreadPage {
  const before = parseCursor(query.cursor);
  const newestRun = new Map(allRuns(data).map(({ run, sequence }) => [run.threadId, sequence]));
  const sortKeyOf = (thread: ThreadOwner): number => newestRun.get(thread.threadId) ?? 0;
  const wanted = [...data.threads.values()]
    .filter((thread) => thread.resourceId === query.resourceId && sortKeyOf(thread) < before)
    .toSorted((left, right) => sortKeyOf(right) - sortKeyOf(left));
  const { rows, ...page } = pageOf(wanted.slice(0, query.limit + 1), query.limit, sortKeyOf);
  return { threads: rows, ...page };
}

export function deleteThread(data: MemoryData, threadId: string): "deleted" | "busy" | "unknown" {
  if (!data.threads.has(threadId)) return "unknown";
  if (activeOn(data, threadId).length > 0) return "busy";
  for (const { run } of allRuns(data)) if (run.threadId === threadId) data.runs.delete(run.id);
  data.threads.delete(threadId);
  return "deleted";
}
