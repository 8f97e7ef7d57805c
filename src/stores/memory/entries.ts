import type { Entry } from "../../core/entry.ts";
import { statusAfter, type RunEvent, type TerminalEvent } from "../../core/event.ts";
import { offsetOf, type Offset } from "../../core/offset.ts";
import type { Append, AppendResult } from "../../core/store.ts";
import { ledgerEvents, usageOf } from "../ledger-rules.ts";
import { endOf } from "../log-rules.ts";
import { insertBill } from "./bills.ts";
import { jsonCopy, type MemoryData, type StoredRun } from "./data.ts";
import { insertInterrupts, assertFreeInterrupts } from "./interrupts.ts";
import { insertUsage } from "./ledger.ts";
import { heldUnder } from "./leases.ts";
import { insertDeliveries } from "./outbox.ts";

interface CheckedAppend {
  readonly append: Append;
  readonly end: TerminalEvent | undefined;
  readonly texts: readonly string[];
  /** The run, unless the append is refused. */
  readonly stored: StoredRun | undefined;
}

/** Nothing here takes back what was written, so all that can go wrong with a batch goes wrong before its first write. */
export function appendBatch(data: MemoryData, batch: readonly Append[], now: number): readonly AppendResult[] {
  const ending = new Set<string>();
  const checked = batch.map((append): CheckedAppend => {
    const end = endOf(append);
    const stored = ending.has(append.runId) ? undefined : heldUnder(data, append);
    if (stored && end) ending.add(append.runId);
    return { append, end, stored, texts: append.events.map((event) => JSON.stringify(event)) };
  });
  assertFreeInterrupts(
    data,
    checked.flatMap(({ stored, end }) => (stored && end?.type === "run-suspended" ? end.interrupts : [])),
  );
  return checked.map((one) => (one.stored === undefined ? { outcome: "fenced" } : appendTo(data, one.stored, one, now)));
}

function appendTo(data: MemoryData, stored: StoredRun, { append, end, texts }: CheckedAppend, at: number): AppendResult {
  const attempt = append.epoch;
  const entries = append.events.map((event, index) => ({ offset: offsetOf(stored.entries.length + index + 1), event, attempt, at }));
  stored.entries.push(...texts.map((text) => ({ text, attempt, at })));
  insertUsage(data, usageOf(append, ledgerEvents(append.events), at));
  if (end === undefined) return { outcome: "appended", entries };
  endRun(data, stored, end, append.billing, at);
  return { outcome: "appended", entries, end };
}

function endRun(data: MemoryData, stored: StoredRun, end: TerminalEvent, billing: Append["billing"], now: number): void {
  const error = end.type === "run-failed" ? { error: jsonCopy(end.error) } : {};
  stored.run = { ...stored.run, status: statusAfter(end), endedAt: now, ...error };
  stored.holder = undefined;
  if (end.type === "run-suspended") insertInterrupts(stored, end.interrupts, now);
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
