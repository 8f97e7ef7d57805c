import type { Entry } from "../../core/entry.ts";
import { isTerminalEvent, statusAfter, type RunEvent, type TerminalEvent } from "../../core/event.ts";
import { offsetOf, type Offset } from "../../core/offset.ts";
import type { Append, AppendResult } from "../../core/store.ts";
import { ledgerEvents, usageOf } from "../ledger-rules.ts";
import { answersInsteadOf, leavingEvent, questionsIn, type LeavingEvent } from "../log-rules.ts";
import { insertBill } from "./bills.ts";
import { jsonCopy, type MemoryData, type StoredRun } from "./data.ts";
import { assertFreeInterrupts, cancelInterrupts, insertInterrupts, interruptsOf, markTold, untoldOf } from "./interrupts.ts";
import { insertUsage } from "./ledger.ts";
import { heldUnder } from "./leases.ts";
import { insertDeliveries } from "./outbox.ts";

interface CheckedAppend {
  readonly append: Append;
  readonly leaving: LeavingEvent | undefined;
  readonly texts: readonly string[];
  /** The run, unless the append is refused. */
  readonly stored: StoredRun | undefined;
}

/** Nothing here takes back what was written, so all that can go wrong with a batch goes wrong before its first write. */
export function appendBatch(data: MemoryData, batch: readonly Append[], now: number): readonly AppendResult[] {
  const left = new Set<string>();
  const checked = batch.map((append): CheckedAppend => {
    const leaving = leavingEvent(append);
    const stored = left.has(append.runId) ? undefined : heldUnder(data, append);
    if (stored && leaving) left.add(append.runId);
    return { append, leaving, stored, texts: append.events.map((event) => JSON.stringify(event)) };
  });
  assertFreeInterrupts(
    data,
    checked.flatMap(({ stored, leaving }) => (stored && leaving ? questionsIn(leaving).map(({ id }) => ({ id, runId: stored.run.id })) : [])),
  );
  return checked.map((one) => (one.stored === undefined ? { outcome: "fenced" } : appendTo(data, one.stored, one, now)));
}

function appendTo(data: MemoryData, stored: StoredRun, { append, leaving, texts }: CheckedAppend, at: number): AppendResult {
  const attempt = append.epoch;
  const write = (events: readonly RunEvent[], as: readonly string[]): readonly Entry[] => {
    const entries = events.map((event, index) => ({ offset: offsetOf(stored.entries.length + index + 1), event, attempt, at }));
    stored.entries.push(...as.map((text) => ({ text, attempt, at })));
    return entries;
  };
  insertUsage(data, usageOf(append, ledgerEvents(append.events), at));
  if (leaving === undefined) return { outcome: "appended", entries: write(append.events, texts) };
  insertInterrupts(stored, questionsIn(leaving), at);
  const told = answersInsteadOf(leaving, interruptsOf(data, append.runId, at), untoldOf(stored, at));
  if (told.length > 0) {
    const entries = write([...append.events.slice(0, -1), ...told], [...texts.slice(0, -1), ...told.map((event) => JSON.stringify(event))]);
    letGoOn(stored);
    return { outcome: "appended", entries, goesOn: true };
  }
  const entries = write(append.events, texts);
  stored.holder = undefined;
  if (!isTerminalEvent(leaving)) {
    stored.run = { ...stored.run, status: "waiting" };
    stored.waitsUntil = leaving.until;
    return { outcome: "appended", entries };
  }
  endRun(data, stored, leaving, append.billing, at);
  return { outcome: "appended", entries, end: leaving };
}

/** Lets whoever comes first go on with a run whose log holds all that it was answered. */
export function letGoOn(stored: StoredRun): void {
  markTold(stored);
  stored.run = { ...stored.run, status: "running" };
  stored.holder = undefined;
  stored.waitsUntil = undefined;
  stored.isAnswered = true;
}

function endRun(data: MemoryData, stored: StoredRun, end: TerminalEvent, billing: Append["billing"], now: number): void {
  const error = end.type === "run-failed" ? { error: jsonCopy(end.error) } : {};
  stored.run = { ...stored.run, status: statusAfter(end), endedAt: now, ...error };
  if (end.type !== "run-suspended") cancelInterrupts(stored, undefined, now);
  insertBill(data, stored.run, end, billing, now);
  insertDeliveries(data, stored.run.id, billing?.sinks ?? [], now);
}

export function readEntries(data: MemoryData, runId: string, after: Offset, limit: number): readonly Entry[] {
  const kept = data.runs.get(runId)?.entries.slice(after, after + limit) ?? [];
  return kept.map(({ text, attempt, at }, index) => ({ offset: offsetOf(after + index + 1), event: JSON.parse(text) as RunEvent, attempt, at }));
}

export function lastOffset(data: MemoryData, runId: string): Offset | undefined {
  const stored = data.runs.get(runId);
  return stored && offsetOf(stored.entries.length);
}
