import type { BillingPolicy } from "../../core/bill.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { StartedChild } from "../../core/interrupt-store.ts";
import type { LeaseClaim } from "../../core/lease.ts";
import type { Run, RunInput, RunStatus } from "../../core/run.ts";
import type { CreateRunResult, NewRun, RunPage, RunQuery } from "../../core/store.ts";
import { cancelAudit } from "../answer-rules.ts";
import { pageOf, parseCursor } from "../cursor.ts";
import { openingEvents, refuseUsedRunId } from "../log-rules.ts";
import { insertAudit } from "./audit.ts";
import { isBilled } from "./bills.ts";
import type { SqliteConnection } from "./connection.ts";
import { insertEntry } from "./entries.ts";
import { recordRunOfThread, resourceOfThread } from "./threads.ts";

/** A row of `runs` with its input. */
export interface RunRow {
  readonly sequence: number;
  readonly id: string;
  readonly thread_id: string;
  readonly resource_id: string;
  readonly agent_id: string;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly crashes: number;
  readonly message_id: string;
  readonly parent_run_id: string | null;
  readonly client_run_id: string | null;
  readonly billing_policy: BillingPolicy;
  readonly cancel_requested: number;
  readonly cancel_reason: string | null;
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly error: string | null;
  readonly input: string;
}

const COLUMNS = `sequence, id, thread_id, resource_id, agent_id, status, attempt, crashes, message_id, parent_run_id, client_run_id, billing_policy,
  cancel_requested, cancel_reason, created_at, ended_at, error, input`;
const FROM_RUNS = `SELECT ${COLUMNS} FROM runs JOIN inputs ON inputs.run = runs.sequence`;

/** Statuses of a run that occupies its thread, as SQL; the same text as in the partial index `active_runs`. */
export const IS_ACTIVE = "status IN ('pending', 'running', 'waiting')";

/** Reads a row as a run. */
export function runOf(row: RunRow): Run {
  return {
    id: row.id,
    threadId: row.thread_id,
    resourceId: row.resource_id,
    agentId: row.agent_id,
    status: row.status,
    attempt: row.attempt,
    crashes: row.crashes,
    messageId: row.message_id,
    ...(row.parent_run_id !== null && { parentRunId: row.parent_run_id }),
    ...(row.client_run_id !== null && { clientRunId: row.client_run_id }),
    input: JSON.parse(row.input) as RunInput,
    billingPolicy: row.billing_policy,
    cancelRequested: row.cancel_requested === 1,
    ...(row.cancel_reason !== null && { cancelReason: row.cancel_reason }),
    createdAt: row.created_at,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
    ...(row.error !== null && { error: JSON.parse(row.error) as NonNullable<Run["error"]> }),
  };
}

export function getRun(connection: SqliteConnection, runId: string): Run | undefined {
  const row = connection.get(`${FROM_RUNS} WHERE id = ?`, runId) as RunRow | undefined;
  return row && runOf(row);
}

/** The run that goes on from another one. */
export function getChildRun(connection: SqliteConnection, runId: string): Run | undefined {
  const row = connection.get(`${FROM_RUNS} WHERE parent_run_id = ? ORDER BY sequence LIMIT 1`, runId) as RunRow | undefined;
  return row && runOf(row);
}

/** The body of a transaction that creates a run, or says why not. */
export function createRun(connection: SqliteConnection, request: NewRun, claim: LeaseClaim | undefined, now: number): CreateRunResult {
  const used = resultOfUsedKey(connection, request);
  if (used) return used;
  const owner = resourceOfThread(connection, request.threadId);
  if (owner !== undefined && owner !== request.resourceId) return { outcome: "foreign-thread" };
  const activeRunId = activeRunOn(connection, request.threadId);
  if (activeRunId !== undefined && request.onBusyThread === "reject") return { outcome: "thread-busy", activeRunId };

  if (activeRunId !== undefined && request.onBusyThread === "cancel-previous") {
    connection.run(`UPDATE runs SET cancel_requested = 1 WHERE thread_id = ? AND ${IS_ACTIVE}`, request.threadId);
  }
  return { outcome: "created", ...addRun(connection, request, { claim, now }) };
}

/** The run whose turn it is on a thread. */
function activeRunOn(connection: SqliteConnection, threadId: string): string | undefined {
  const sql = `SELECT id FROM runs WHERE thread_id = ? AND ${IS_ACTIVE} ORDER BY sequence LIMIT 1`;
  return (connection.get(sql, threadId) as { id: string } | undefined)?.id;
}

/** How a run that is created begins. */
interface RunStart {
  /** Whoever would hold it at once; not where the thread is busy. */
  readonly claim: LeaseClaim | undefined;
  readonly now: number;
  readonly answered?: readonly Interrupt[];
  readonly cancelRequested?: boolean;
}

/** Adds a run behind the active ones of its thread; that it may be there is for the caller to know. Part of a transaction. */
export function addRun(connection: SqliteConnection, request: NewRun, start: RunStart): StartedChild {
  assertFreeId(connection, request.id);
  const { now } = start;
  const holder = activeRunOn(connection, request.threadId) === undefined ? start.claim : undefined;
  const sequence = insertRun(connection, request, { ...start, claim: holder });
  openingEvents(request, holder !== undefined, start.answered).forEach(({ event, attempt }, index) => {
    insertEntry(connection, { run: sequence, number: index + 1, attempt, at: now, text: JSON.stringify(event) });
  });
  recordRunOfThread(connection, { threadId: request.threadId, resourceId: request.resourceId, agentId: request.agentId, sequence, at: now });
  const run = getRun(connection, request.id);
  if (run === undefined) throw new Error(`Run ${request.id} is not there right after it was inserted.`);
  return { run, ...(holder && { lease: { runId: run.id, epoch: run.attempt } }) };
}

/** A run that was forgotten leaves its bill behind, so its id stays used. */
export function assertFreeId(connection: SqliteConnection, runId: string): void {
  if (connection.get("SELECT 1 FROM runs WHERE id = ?", runId) || isBilled(connection, runId)) refuseUsedRunId(runId);
}

function resultOfUsedKey(connection: SqliteConnection, request: NewRun): CreateRunResult | undefined {
  if (request.idempotency === undefined) return undefined;
  const { key, fingerprint } = request.idempotency;
  const sql = `SELECT ${COLUMNS}, idempotency_fingerprint FROM runs JOIN inputs ON inputs.run = runs.sequence WHERE resource_id = ? AND idempotency_key = ?`;
  const row = connection.get(sql, request.resourceId, key) as (RunRow & { idempotency_fingerprint: string }) | undefined;
  if (row === undefined) return undefined;
  return row.idempotency_fingerprint === fingerprint ? { outcome: "existing", run: runOf(row) } : { outcome: "idempotency-mismatch" };
}

const INSERT_RUN = `INSERT INTO runs (id, thread_id, resource_id, agent_id, message_id, parent_run_id, client_run_id, billing_policy, cancel_requested,
  created_at, idempotency_key, idempotency_fingerprint, status, attempt, lease_owner, lease_expires_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING sequence`;

function insertRun(connection: SqliteConnection, request: NewRun, { claim, now, cancelRequested }: RunStart): number {
  const row = connection.get(
    INSERT_RUN,
    request.id,
    request.threadId,
    request.resourceId,
    request.agentId,
    request.messageId,
    request.parentRunId ?? null,
    request.clientRunId ?? null,
    request.billingPolicy,
    cancelRequested === true ? 1 : 0,
    now,
    request.idempotency?.key ?? null,
    request.idempotency?.fingerprint ?? null,
    claim ? "running" : "pending",
    claim ? 1 : 0,
    claim?.owner ?? null,
    claim ? now + claim.leaseMs : null,
  ) as { sequence: number } | undefined;
  const sequence = row?.sequence ?? 0;
  connection.run("INSERT INTO inputs (run, input) VALUES (?, ?)", sequence, JSON.stringify(request.input));
  if (request.clientRunId !== undefined) nameRun(connection, request.id, request.clientRunId);
  return sequence;
}

/** Notes what its client calls a run, beside what it called it before. Part of a transaction. */
export function nameRun(connection: SqliteConnection, runId: string, clientRunId: string): void {
  const sql = "INSERT INTO client_runs (client_run_id, resource_id, run) SELECT ?, resource_id, sequence FROM runs WHERE id = ? ON CONFLICT DO NOTHING";
  connection.run(sql, clientRunId, runId);
}

/** @throws {HoldfastError} INPUT_INVALID for a cursor of somebody else's making */
export function listRuns(connection: SqliteConnection, query: RunQuery): RunPage {
  const conditions = ["sequence < ?"];
  const parameters: (string | number)[] = [parseCursor(query.cursor)];
  for (const [column, wanted] of [
    ["resource_id", query.resourceId],
    ["thread_id", query.threadId],
  ] as const) {
    if (wanted === undefined) continue;
    conditions.push(`${column} = ?`);
    parameters.push(wanted);
  }
  if (query.clientRunId !== undefined) {
    const isOwners = query.resourceId !== undefined;
    conditions.push(`sequence IN (SELECT run FROM client_runs WHERE client_run_id = ?${isOwners ? " AND resource_id = ?" : ""})`);
    parameters.push(query.clientRunId, ...(isOwners ? [query.resourceId] : []));
  }
  if (query.statuses !== undefined) {
    conditions.push("status IN (SELECT value FROM json_each(?))");
    parameters.push(JSON.stringify(query.statuses));
  }
  const sql = `${FROM_RUNS} WHERE ${conditions.join(" AND ")} ORDER BY sequence DESC LIMIT ?`;
  const found = connection.all(sql, ...parameters, query.limit + 1) as readonly RunRow[];
  const { rows, ...page } = pageOf(found, query.limit, (row) => row.sequence);
  return { runs: rows.map(runOf), ...page };
}

/** Marks an active run and writes down who asked first; an ended run stays as it is. The body of a transaction. */
export function requestCancel(connection: SqliteConnection, runId: string, by: string, now: number): Run | undefined {
  const isFirst = connection.run(`UPDATE runs SET cancel_requested = 1 WHERE id = ? AND cancel_requested = 0 AND ${IS_ACTIVE}`, runId) > 0;
  const run = getRun(connection, runId);
  if (run && isFirst) insertAudit(connection, cancelAudit(run, by, now));
  return run;
}
