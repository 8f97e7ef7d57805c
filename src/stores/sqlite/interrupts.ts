import type { Interrupt, InterruptRequest, InterruptStatus } from "../../core/interrupt.ts";
import type { InterruptPage, InterruptQuery } from "../../core/interrupt-store.ts";
import type { Json } from "../../core/json.ts";
import type { GivenAnswer } from "../answer-rules.ts";
import { pageOf, parsePairCursor } from "../cursor.ts";
import { refuseUsedInterruptId } from "../log-rules.ts";
import type { SqliteConnection } from "./connection.ts";

const INSERT = `INSERT INTO interrupts (run, position, id, created_at, request, expires_at)
  VALUES (?, (SELECT count(*) FROM interrupts WHERE run = ?), ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;

/**
 * Puts what a run asks behind what it has asked, in the order in which it asked; a question that was held before stays as it is. `run` is the
 * run's sequence. Part of a transaction.
 */
export function insertInterrupts(connection: SqliteConnection, run: number, requests: readonly InterruptRequest[], now: number): void {
  if (requests.length === 0) return;
  for (const request of requests) {
    const { id, expiresAt } = request;
    // The clock gives whole milliseconds, so rounding up changes no comparison with it.
    const expires = expiresAt === undefined ? null : Math.ceil(expiresAt);
    const isKnown = connection.run(INSERT, run, run, id, now, JSON.stringify(request), expires) === 0;
    if (isKnown && !connection.get("SELECT 1 FROM interrupts WHERE id = ? AND run = ?", id, run)) refuseUsedInterruptId(id);
  }
  connection.run("UPDATE runs SET has_asked = 1 WHERE sequence = ?", run);
}

interface InterruptRow {
  readonly run: number;
  readonly position: number;
  readonly run_id: string;
  readonly thread_id: string;
  readonly agent_id: string;
  readonly resource_id: string;
  readonly status: InterruptStatus;
  readonly created_at: number;
  readonly request: string;
  readonly answer: string | null;
  readonly is_declined: number;
  readonly is_told: number;
  readonly answered_at: number | null;
  readonly answered_by: string | null;
}

/**
 * With the status at a time, which is its first parameter: nobody writes down that an interrupt expired. There is an index of the runs that
 * have asked, so that a resource with many runs is not walked through for the few that did.
 */
const FROM_INTERRUPTS = `SELECT * FROM (
  SELECT run, position, interrupts.id AS interrupt_id, runs.id AS run_id, thread_id, agent_id, resource_id, interrupts.created_at, request,
    answer, is_declined, is_told, answered_at, answered_by, CASE WHEN interrupts.status = 'pending' AND expires_at <= ? THEN 'expired' ELSE interrupts.status END AS status
  FROM interrupts JOIN runs ON runs.sequence = interrupts.run AND runs.has_asked = 1)`;

function interruptOf(row: InterruptRow): Interrupt {
  return {
    ...(JSON.parse(row.request) as InterruptRequest),
    runId: row.run_id,
    threadId: row.thread_id,
    agentId: row.agent_id,
    resourceId: row.resource_id,
    status: row.status,
    createdAt: row.created_at,
    ...(row.answer !== null && { answer: JSON.parse(row.answer) as Json }),
    ...(row.is_declined === 1 && { isDeclined: true as const }),
    ...(row.answered_at !== null && { answeredAt: row.answered_at }),
    ...(row.answered_by !== null && { answeredBy: row.answered_by }),
  };
}

export function getInterrupt(connection: SqliteConnection, interruptId: string, now: number): Interrupt | undefined {
  const row = connection.get(`${FROM_INTERRUPTS} WHERE interrupt_id = ?`, now, interruptId) as InterruptRow | undefined;
  return row && interruptOf(row);
}

/** What a run asked, in the order in which it asked. */
export function interruptsOf(connection: SqliteConnection, runId: string, now: number): readonly Interrupt[] {
  return (connection.all(`${FROM_INTERRUPTS} WHERE run_id = ? ORDER BY position`, now, runId) as readonly InterruptRow[]).map(interruptOf);
}

/** @throws {HoldfastError} INPUT_INVALID for a cursor of somebody else's making */
export function listInterrupts(connection: SqliteConnection, query: InterruptQuery, now: number): InterruptPage {
  const [run, place] = parsePairCursor(query.cursor);
  const conditions = ["run <= ?", "(run < ? OR position >= ?)"];
  const parameters: (string | number)[] = [run, run, place];
  for (const [column, wanted] of [
    ["resource_id", query.resourceId],
    ["run_id", query.runId],
    ["thread_id", query.threadId],
  ] as const) {
    if (wanted === undefined) continue;
    conditions.push(`${column} = ?`);
    parameters.push(wanted);
  }
  if (query.statuses !== undefined) {
    conditions.push("status IN (SELECT value FROM json_each(?))");
    parameters.push(JSON.stringify(query.statuses));
  }
  const sql = `${FROM_INTERRUPTS} WHERE ${conditions.join(" AND ")} ORDER BY run DESC, position LIMIT ?`;
  const found = connection.all(sql, now, ...parameters, query.limit + 1) as readonly InterruptRow[];
  // Positions count from 0 and sort keys from 1, so a key is the position behind it.
  const { rows, ...page } = pageOf(found, query.limit, (row) => [row.run, row.position + 1]);
  return { interrupts: rows.map(interruptOf), ...page };
}

/** Writes an answer down. Part of a transaction. */
export function answerInterrupt(connection: SqliteConnection, { interrupt, answer, isDeclined }: GivenAnswer, answeredBy: string, now: number): void {
  const sql = "UPDATE interrupts SET status = 'answered', answer = ?, is_declined = ?, answered_at = ?, answered_by = ? WHERE id = ?";
  connection.run(sql, JSON.stringify(answer), isDeclined === true ? 1 : 0, now, answeredBy, interrupt.id);
}

/** Whether the log of the run that asked these holds their answers. */
export function areTold(connection: SqliteConnection, interruptIds: readonly string[]): boolean {
  const sql = "SELECT 1 FROM interrupts WHERE is_told = 0 AND id IN (SELECT value FROM json_each(?)) LIMIT 1";
  return connection.get(sql, JSON.stringify(interruptIds)) === undefined;
}

/** What a run was answered and its log does not hold. */
export function untoldOf(connection: SqliteConnection, runId: string, now: number): readonly Interrupt[] {
  const sql = `${FROM_INTERRUPTS} WHERE run_id = ? AND status = 'answered' AND is_told = 0 ORDER BY position`;
  return (connection.all(sql, now, runId) as readonly InterruptRow[]).map(interruptOf);
}

/** Notes that the log of the run holds what it was answered. Part of a transaction. */
export function markTold(connection: SqliteConnection, runId: string): void {
  connection.run("UPDATE interrupts SET is_told = 1 WHERE status = 'answered' AND run = (SELECT sequence FROM runs WHERE id = ?)", runId);
}

/** Closes the questions of a run that nobody answered. `canceledBy` is left out where they end with the run. Part of a transaction. */
export function cancelInterrupts(connection: SqliteConnection, runId: string, canceledBy: string | undefined, now: number): void {
  const sql = `UPDATE interrupts SET status = 'canceled', answered_at = ?, answered_by = ?
    WHERE status = 'pending' AND run = (SELECT sequence FROM runs WHERE id = ?)`;
  connection.run(sql, now, canceledBy ?? null, runId);
}
