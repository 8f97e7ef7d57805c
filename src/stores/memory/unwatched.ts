import { SYSTEM_ACTOR } from "../../core/audit.ts";
import { isTerminal } from "../../core/run.ts";
import type { UnwatchedRequest } from "../../core/store.ts";
import { cancelAudit } from "../answer-rules.ts";
import { insertAudit } from "./audit.ts";
import { allRuns, type MemoryData, type StoredRun } from "./data.ts";

export function noteFollowed(data: MemoryData, runIds: readonly string[], until: number): void {
  for (const runId of runIds) {
    const stored = data.runs.get(runId);
    if (stored && !isTerminal(stored.run.status)) stored.followedUntil = Math.max(stored.followedUntil ?? 0, until);
  }
}

export function cancelUnwatched(data: MemoryData, request: UnwatchedRequest, now: number): readonly string[] {
  const unwatched = allRuns(data)
    .filter((stored) => isUnwatched(stored, request, now))
    .slice(0, request.limit);
  for (const stored of unwatched) {
    stored.run = { ...stored.run, cancelRequested: true, cancelReason: request.reason };
    insertAudit(data, cancelAudit(stored.run, SYSTEM_ACTOR, now));
  }
  return unwatched.map(({ run }) => run.id);
}

function isUnwatched({ run, holder, followedUntil }: StoredRun, { owner, unwatchedMs }: UnwatchedRequest, now: number): boolean {
  const isLookedAt = run.status === "waiting" || (run.status === "running" && holder?.owner === owner);
  return isLookedAt && !run.cancelRequested && (followedUntil ?? run.createdAt) <= now - unwatchedMs;
}
