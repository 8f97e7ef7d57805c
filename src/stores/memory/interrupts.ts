import type { Interrupt, InterruptRequest } from "../../core/interrupt.ts";
import type { InterruptPage, InterruptQuery } from "../../core/interrupt-store.ts";
import { statusAt, type GivenAnswer } from "../answer-rules.ts";
import { pageOf, parsePairCursor } from "../cursor.ts";
import { refuseUsedInterruptId } from "../log-rules.ts";
import { allRuns, jsonCopy, type MemoryData, type StoredInterrupt, type StoredRun } from "./data.ts";

/** Puts what a run asks behind what it has asked; a question that was held before stays as it is. */
export function insertInterrupts(stored: StoredRun, requests: readonly InterruptRequest[], now: number): void {
  const held = new Set(stored.interrupts.map(({ request }) => request.id));
  const fresh = jsonCopy(requests.filter(({ id }) => !held.has(id)));
  stored.interrupts = [...stored.interrupts, ...fresh.map((request) => ({ request, status: "pending", createdAt: now }) as const)];
}

/** @throws {HoldfastError} INTERNAL when an id is in use by another run */
export function assertFreeInterrupts(data: MemoryData, questions: readonly { readonly id: string; readonly runId: string }[]): void {
  if (questions.length === 0) return;
  const users = new Map(allRuns(data).flatMap(({ run, interrupts }) => interrupts.map(({ request }) => [request.id, run.id])));
  for (const { id, runId } of questions) {
    if ((users.get(id) ?? runId) !== runId) refuseUsedInterruptId(id);
    users.set(id, runId);
  }
}

function interruptOf(stored: StoredRun, { request, status, isTold: _isTold, ...rest }: StoredInterrupt, now: number): Interrupt {
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
export function answerInterrupt(stored: StoredRun, { interrupt: { id }, answer, isDeclined }: GivenAnswer, answeredBy: string, now: number): void {
  const answered = { status: "answered", answer: jsonCopy(answer), ...(isDeclined && { isDeclined }), answeredAt: now, answeredBy } as const;
  stored.interrupts = stored.interrupts.map((interrupt) => (interrupt.request.id === id ? { ...interrupt, ...answered } : interrupt));
}

/** Closes the questions of a run that nobody answered. `canceledBy` is left out where they end with the run. */
export function cancelInterrupts(stored: StoredRun, canceledBy: string | undefined, now: number): void {
  const canceled = { status: "canceled", answeredAt: now, ...(canceledBy !== undefined && { answeredBy: canceledBy }) } as const;
  stored.interrupts = stored.interrupts.map((interrupt) => (interrupt.status === "pending" ? { ...interrupt, ...canceled } : interrupt));
}

/** Whether the log of the run that asked these holds their answers. */
export function areTold({ interrupts }: StoredRun, interruptIds: readonly string[]): boolean {
  return interrupts.every(({ request, isTold }) => !interruptIds.includes(request.id) || isTold === true);
}

/** What a run was answered and its log does not hold. */
export function untoldOf(stored: StoredRun, now: number): readonly Interrupt[] {
  return stored.interrupts.filter(({ status, isTold }) => status === "answered" && !isTold).map((interrupt) => interruptOf(stored, interrupt, now));
}

/** Notes that the log of the run holds what it was answered. */
export function markTold(stored: StoredRun): void {
  stored.interrupts = stored.interrupts.map((interrupt) => (interrupt.status === "answered" ? { ...interrupt, isTold: true } : interrupt));
}
