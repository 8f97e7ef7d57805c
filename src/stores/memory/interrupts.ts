import type { Interrupt, InterruptRequest } from "../../core/interrupt.ts";
import type { InterruptPage, InterruptQuery } from "../../core/interrupt-store.ts";
import type { Json } from "../../core/json.ts";
import { statusAt } from "../answer-rules.ts";
import { pageOf, parsePairCursor } from "../cursor.ts";
import { refuseUsedInterruptId } from "../log-rules.ts";
import { allRuns, jsonCopy, type MemoryData, type StoredInterrupt, type StoredRun } from "./data.ts";

export function insertInterrupts(stored: StoredRun, requests: readonly InterruptRequest[], now: number): void {
  stored.interrupts = jsonCopy(requests).map((request) => ({ request, status: "pending", createdAt: now }));
}

/** @throws {HoldfastError} INTERNAL when an id is in use, or stands there twice */
export function assertFreeInterrupts(data: MemoryData, requests: readonly InterruptRequest[]): void {
  if (requests.length === 0) return;
  const used = new Set(allRuns(data).flatMap(({ interrupts }) => interrupts.map(({ request }) => request.id)));
  for (const { id } of requests) {
    if (used.has(id)) refuseUsedInterruptId(id);
    used.add(id);
  }
}

function interruptOf(stored: StoredRun, { request, status, ...rest }: StoredInterrupt, now: number): Interrupt {
  const { id: runId, threadId, agentId, resourceId } = stored.run;
  return { ...request, runId, threadId, agentId, resourceId, status: statusAt(status, request, now), ...rest };
}

/** What a run asked, in the order in which it asked. */
export function interruptsOf(data: MemoryData, runId: string, now: number): readonly Interrupt[] {
  const stored = data.runs.get(runId);
  return stored?.interrupts.map((interrupt) => interruptOf(stored, interrupt, now)) ?? [];
}

export function getInterrupt(data: MemoryData, interruptId: string, now: number): Interrupt | undefined {
  return listAll(data, now).find(({ interrupt }) => interrupt.id === interruptId)?.interrupt;
}

interface Place {
  readonly sequence: number;
  /** From 1. */
  readonly position: number;
  readonly interrupt: Interrupt;
}

/** Those of the newest run first. */
function listAll(data: MemoryData, now: number): readonly Place[] {
  return allRuns(data)
    .toReversed()
    .flatMap(({ run, sequence }) => interruptsOf(data, run.id, now).map((interrupt, index) => ({ sequence, position: index + 1, interrupt })));
}

export function listInterrupts(data: MemoryData, query: InterruptQuery, now: number): InterruptPage {
  const [lastSequence, lastPosition] = parsePairCursor(query.cursor);
  const wanted = listAll(data, now).filter(
    ({ sequence, position, interrupt }) =>
      (sequence < lastSequence || (sequence === lastSequence && position > lastPosition)) &&
      (query.resourceId === undefined || interrupt.resourceId === query.resourceId) &&
      (query.runId === undefined || interrupt.runId === query.runId) &&
      (query.threadId === undefined || interrupt.threadId === query.threadId) &&
      (query.statuses === undefined || query.statuses.includes(interrupt.status)),
  );
  const { rows, ...page } = pageOf(wanted.slice(0, query.limit + 1), query.limit, ({ sequence, position }) => [sequence, position]);
  return { interrupts: rows.map(({ interrupt }) => interrupt), ...page };
}

/** Writes an answer down. */
export function answerInterrupt(data: MemoryData, { id, runId }: Interrupt, answer: Json, answeredBy: string, now: number): void {
  const stored = data.runs.get(runId);
  if (stored === undefined) return;
  stored.interrupts = stored.interrupts.map((interrupt) =>
    interrupt.request.id === id ? { ...interrupt, status: "answered", answer: jsonCopy(answer), answeredAt: now, answeredBy } : interrupt,
  );
}

/** Closes the questions of a run that nobody answered. */
export function cancelInterrupts(stored: StoredRun, canceledBy: string, now: number): void {
  stored.interrupts = stored.interrupts.map((interrupt) =>
    interrupt.status === "pending" ? { ...interrupt, status: "canceled", answeredAt: now, answeredBy: canceledBy } : interrupt,
  );
}
