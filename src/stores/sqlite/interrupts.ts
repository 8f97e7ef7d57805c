import type { Interrupt, InterruptRequest, InterruptStatus } from "../../core/interrupt.ts";
import type { InterruptPage, InterruptQuery } from "../../core/interrupt-store.ts";
import type { Json } from "../../core/json.ts";
import { pageOf, parsePairCursor } from "../cursor.ts";
import { refuseUsedInterruptId } from "../log-rules.ts";
import type { SqliteConnection } from "./connection.ts";

const INSERT = `INSERT INTO interrupts (run, position, id, created_at, request, expires_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;

/** Writes down what a suspended run asks, in the order in which it asked. `run` is the run's sequence. Part of a transaction. */
export function insertInterrupts(connection: SqliteConnection, run: number, requests: readonly InterruptRequest[], now: number): void {
  requests.forEach((request, position) => {
    const { id, expiresAt } = request;
    // The clock gives whole milliseconds, so rounding up changes no comparison with it.
    const expires = expiresAt === undefined ? null : Math.ceil(expiresAt);
    if (connection.run(INSERT, run, position, id, now, JSON.stringify(request), expires) === 0) refuseUsedInterruptId(id);
  });
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
  readonly answered_at: number | null;
  readonly answered_by: string | null;
}

/**
 * With the status at a time, which is its first parameter: nobody writes down that an interrupt expired. Only suspended runs have asked, and
 * there is an index of these, so that a resource with many runs is not walked through for the few that did.
 */
const FROM_INTERRUPTS = `SELECT * FROM (
  SELECT run, position, interrupts.id AS interrupt_id, runs.id AS run_id, thread_id, agent_id, resource_id, interrupts.created_at, request,
    answer, answered_at, answered_by, CASE WHEN interrupts.status = 'pending' AND expires_at <= ? THEN 'expired' ELSE interrupts.status END AS status
  FROM interrupts JOIN runs ON runs.sequence = interrupts.run AND runs.status = 'suspended')`;

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
export function answerInterrupt(connection: SqliteConnection, { id }: Interrupt, answer: Json, answeredBy: string, now: number): void {
  const sql = "UPDATE interrupts SET status = 'answered', answer = ?, answered_at = ?, answered_by = ? WHERE id = ?";
  connection.run(sql, JSON.stringify(answer), now, answeredBy, id);
}

/** Closes the questions of a run that nobody answered. Part of a transaction. */
export function cancelInterrupts(connection: SqliteConnection, runId: string, canceledBy: string, now: number): void {
  const sql = `UPDATE interrupts SET status = 'canceled', answered_at = ?, answered_by = ?
    WHERE status = 'pending' AND run = (SELECT sequence FROM runs WHERE id = ?)`;
  connection.run(sql, now, canceledBy, runId);
}
