import type { Interrupt } from "../../core/interrupt.ts";
import type { StartedChild } from "../../core/interrupt-store.ts";
import type { LeaseClaim } from "../../core/lease.ts";
import { isTerminal, type Run } from "../../core/run.ts";
import type { CreateRunResult, NewRun, RunPage, RunQuery } from "../../core/store.ts";
import { cancelAudit } from "../answer-rules.ts";
import { pageOf, parseCursor } from "../cursor.ts";
import { openingEvents, refuseUsedRunId } from "../log-rules.ts";
import { insertAudit } from "./audit.ts";
import { activeOn, allRuns, jsonCopy, type MemoryData, type StoredRun } from "./data.ts";
import { recordRunOfThread } from "./threads.ts";

export function createRun(data: MemoryData, request: NewRun, claim: LeaseClaim | undefined, now: number): CreateRunResult {
  const used = request.idempotency && usedKey(data, request.resourceId, request.idempotency.key);
  if (used) {
    const isSame = used.idempotency?.fingerprint === request.idempotency?.fingerprint;
    return isSame ? { outcome: "existing", run: used.run } : { outcome: "idempotency-mismatch" };
  }
  const thread = data.threads.get(request.threadId);
  if (thread && thread.resourceId !== request.resourceId) return { outcome: "foreign-thread" };
  const active = activeOn(data, request.threadId);
  if (active[0] && request.onBusyThread === "reject") return { outcome: "thread-busy", activeRunId: active[0].run.id };
  assertFreeId(data, request.id);

  if (request.onBusyThread === "cancel-previous") for (const stored of active) stored.run = { ...stored.run, cancelRequested: true };
  return { outcome: "created", ...addRun(data, request, { claim, now }) };
}

/** How a run that is created begins. */
interface RunStart {
  /** Whoever would hold it at once; not where the thread is busy. */
  readonly claim: LeaseClaim | undefined;
  readonly now: number;
  readonly answered?: readonly Interrupt[];
  readonly cancelRequested?: boolean;
}

/** Adds a run behind the active ones of its thread; that it may be there is for the caller to know. */
export function addRun(data: MemoryData, request: NewRun, start: RunStart): StartedChild {
  assertFreeId(data, request.id);
  const { onBusyThread: _policy, idempotency, ...identity } = request;
  const claim = activeOn(data, request.threadId).length === 0 ? start.claim : undefined;
  const { now: createdAt, cancelRequested = false } = start;
  const state = { status: claim ? "running" : "pending", attempt: claim ? 1 : 0, crashes: 0, cancelRequested } as const;
  const stored: StoredRun = {
    sequence: (data.newestRun += 1),
    run: { ...identity, input: jsonCopy(request.input), ...state, createdAt },
    idempotency,
    holder: claim && { owner: claim.owner, expiresAt: createdAt + claim.leaseMs },
    clientRunIds: new Set(request.clientRunId === undefined ? [] : [request.clientRunId]),
    isAnswered: false,
    waitsUntil: undefined,
    followedUntil: undefined,
    entries: openingEvents(request, claim !== undefined, start.answered).map(({ event, attempt }) => ({
      text: JSON.stringify(event),
      attempt,
      at: createdAt,
    })),
    interrupts: [],
  };
  data.runs.set(request.id, stored);
  recordRunOfThread(data, stored.run);
  return { run: stored.run, ...(claim && { lease: { runId: request.id, epoch: 1 } }) };
}

/** A run that was forgotten leaves its bill behind, so its id stays used. */
export function assertFreeId(data: MemoryData, runId: string): void {
  if (data.runs.has(runId) || data.bills.has(runId)) refuseUsedRunId(runId);
}

function usedKey(data: MemoryData, resourceId: string, key: string): StoredRun | undefined {
  return allRuns(data).find(({ run, idempotency }) => run.resourceId === resourceId && idempotency?.key === key);
}

export function getChildRun(data: MemoryData, runId: string): Run | undefined {
  return allRuns(data).find(({ run }) => run.parentRunId === runId)?.run;
}

export function listRuns(data: MemoryData, query: RunQuery): RunPage {
  const before = parseCursor(query.cursor);
  const wanted = allRuns(data).filter(
    ({ run, sequence, clientRunIds }) =>
      sequence < before &&
      (query.resourceId === undefined || run.resourceId === query.resourceId) &&
      (query.threadId === undefined || run.threadId === query.threadId) &&
      (query.clientRunId === undefined || clientRunIds.has(query.clientRunId)) &&
      (query.statuses === undefined || query.statuses.includes(run.status)),
  );
  const { rows, ...page } = pageOf(wanted.toReversed().slice(0, query.limit + 1), query.limit, (stored) => stored.sequence);
  return { runs: rows.map((stored) => stored.run), ...page };
}

export function requestCancel(data: MemoryData, runId: string, by: string, now: number): Run | undefined {
  const stored = data.runs.get(runId);
  if (stored === undefined || stored.run.cancelRequested || isTerminal(stored.run.status)) return stored?.run;
  stored.run = { ...stored.run, cancelRequested: true };
  insertAudit(data, cancelAudit(stored.run, by, now));
  return stored.run;
}
