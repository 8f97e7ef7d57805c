import type { Entry } from "../../core/entry.ts";
import { isTerminalEvent, statusAfter, type RunEvent, type TerminalEvent } from "../../core/event.ts";
import { offsetOf, type Offset } from "../../core/offset.ts";
import type { Append, AppendResult } from "../../core/store.ts";
import { billAtEnd, ledgerEvents, usageOf, type BilledSubject } from "../ledger-rules.ts";
import { answersInsteadOf, leavingEvent, questionsIn, type LeavingEvent } from "../log-rules.ts";
import { insertBill } from "./bills.ts";
import type { SqliteConnection } from "./connection.ts";
import { cancelInterrupts, insertInterrupts, interruptsOf, markTold, untoldOf } from "./interrupts.ts";
import { insertUsage, listUsage } from "./ledger.ts";
import { insertDeliveries } from "./outbox.ts";

/** An append with what can be worked out before the transaction, so that the file is locked for less time. */
export interface PreparedAppend {
  readonly append: Append;
  readonly leaving: LeavingEvent | undefined;
  readonly texts: readonly string[];
  /** Those that may add rows to the ledger. */
  readonly usageEvents: readonly RunEvent[];
}

/** @throws {HoldfastError} INTERNAL when events stand behind one that lets go of the run */
export function prepareAppend(append: Append): PreparedAppend {
  const texts = append.events.map((event) => JSON.stringify(event));
  return { append, leaving: leavingEvent(append), texts, usageEvents: ledgerEvents(append.events) };
}

/** Whether it must be on the disk before it is acknowledged: what is paid for is not lost in a power cut. */
export function isFlushed({ append, leaving, usageEvents }: PreparedAppend): boolean {
  return append.isDurable === true || leaving !== undefined || usageEvents.length > 0;
}

interface EntryRow {
  readonly run: number;
  readonly number: number;
  readonly attempt: number;
  readonly at: number;
  readonly text: string;
}

/** Puts one event into a log. `run` is the run's sequence. One row per statement: 500,000 rows/s, as fast as many rows in one. */
export function insertEntry(connection: SqliteConnection, row: EntryRow): void {
  connection.run("INSERT INTO entries (run, number, attempt, at, event) VALUES (?, ?, ?, ?, ?)", row.run, row.number, row.attempt, row.at, row.text);
}

// The end of a log is looked up in the key of the log itself: quicker than a count kept beside it, and never in disagreement.
const LOG_END = "SELECT sequence, coalesce((SELECT max(number) FROM entries WHERE run = sequence), 0) AS last FROM runs WHERE id = ?";
const FENCE = `${LOG_END} AND attempt = ? AND lease_owner IS NOT NULL`;

/** Appends for one run, inside the transaction of the batch. */
export function appendPrepared(connection: SqliteConnection, { append, leaving, texts, usageEvents }: PreparedAppend, now: number): AppendResult {
  const held = connection.get(FENCE, append.runId, append.epoch) as { sequence: number; last: number } | undefined;
  if (held === undefined) return { outcome: "fenced" };
  const write = (events: readonly RunEvent[], as: readonly string[]): readonly Entry[] =>
    events.map((event, index): Entry => {
      const number = held.last + index + 1;
      insertEntry(connection, { run: held.sequence, number, attempt: append.epoch, at: now, text: as[index] ?? "" });
      return { offset: offsetOf(number), event, attempt: append.epoch, at: now };
    });
  if (usageEvents.length > 0) insertUsage(connection, usageOf(append, usageEvents, now));
  if (leaving === undefined) return { outcome: "appended", entries: write(append.events, texts) };
  insertInterrupts(connection, held.sequence, questionsIn(leaving), now);
  const told = leaving.type === "run-suspended" ? answersInstead(connection, append.runId, leaving, now) : [];
  if (told.length > 0) {
    const entries = write([...append.events.slice(0, -1), ...told], [...texts.slice(0, -1), ...told.map((event) => JSON.stringify(event))]);
    letGoOn(connection, append.runId);
    return { outcome: "appended", entries, goesOn: true };
  }
  const entries = write(append.events, texts);
  if (!isTerminalEvent(leaving)) {
    // The clock gives whole milliseconds, so rounding up changes no comparison with it.
    connection.run(WAIT, Math.ceil(leaving.until), held.sequence);
    return { outcome: "appended", entries };
  }
  endRun(connection, held.sequence, leaving, append.billing, now);
  return { outcome: "appended", entries, end: leaving };
}

const WAIT = "UPDATE runs SET status = 'waiting', waits_until = ?, lease_owner = NULL, lease_expires_at = NULL WHERE sequence = ?";

function answersInstead(connection: SqliteConnection, runId: string, leaving: LeavingEvent, now: number): readonly RunEvent[] {
  return answersInsteadOf(leaving, interruptsOf(connection, runId, now), untoldOf(connection, runId, now));
}

const GO_ON = "UPDATE runs SET status = 'running', is_answered = 1, waits_until = NULL, lease_owner = NULL, lease_expires_at = NULL WHERE id = ?";

/** Lets whoever comes first go on with a run whose log holds all that it was answered. Part of a transaction. */
export function letGoOn(connection: SqliteConnection, runId: string): void {
  markTold(connection, runId);
  connection.run(GO_ON, runId);
}

/** Puts what others than its holder tell behind the log of a run, under its newest attempt. Part of a transaction. */
export function appendTold(
  connection: SqliteConnection,
  run: { readonly id: string; readonly attempt: number },
  events: readonly RunEvent[],
  now: number,
): void {
  const { sequence, last } = connection.get(LOG_END, run.id) as { sequence: number; last: number };
  events.forEach((event, index) => {
    insertEntry(connection, { run: sequence, number: last + index + 1, attempt: run.attempt, at: now, text: JSON.stringify(event) });
  });
}

const END_RUN = `UPDATE runs SET status = ?, ended_at = ?, error = ?, lease_owner = NULL, lease_expires_at = NULL WHERE sequence = ?
  RETURNING id, thread_id AS threadId, resource_id AS resourceId, agent_id AS agentId, billing_policy AS billingPolicy`;

function endRun(connection: SqliteConnection, sequence: number, end: TerminalEvent, billing: Append["billing"], now: number): void {
  const error = end.type === "run-failed" ? JSON.stringify(end.error) : null;
  const run = connection.get(END_RUN, statusAfter(end), now, error, sequence) as BilledSubject;
  if (end.type !== "run-suspended") cancelInterrupts(connection, run.id, undefined, now);
  insertBill(connection, billAtEnd(run, end, listUsage(connection, run.id), billing, now));
  insertDeliveries(connection, run.id, billing?.sinks ?? [], now);
}

const READ = `SELECT number, attempt, at, event FROM entries
  WHERE run = (SELECT sequence FROM runs WHERE id = ?) AND number > ? ORDER BY number LIMIT ?`;

/** 10,000 entries of 150 bytes take about 10 ms, most of it `JSON.parse`. */
export function readEntries(connection: SqliteConnection, runId: string, after: Offset, limit: number): readonly Entry[] {
  const rows = connection.all(READ, runId, after, limit) as readonly { number: number; attempt: number; at: number; event: string }[];
  return rows.map(({ number, attempt, at, event }) => ({ offset: offsetOf(number), event: JSON.parse(event) as RunEvent, attempt, at }));
}

export function lastOffset(connection: SqliteConnection, runId: string): Offset | undefined {
  const sql = "SELECT max(number) AS last FROM entries WHERE run = (SELECT sequence FROM runs WHERE id = ?)";
  const last = (connection.get(sql, runId) as { last: number | null } | undefined)?.last;
  return last === null || last === undefined ? undefined : offsetOf(last);
}
