import type { Bill } from "../../core/bill.ts";
import type { Delivery, DeliveryClaim, DeliveryOutcome, DeliveryPage, DeliveryQuery, DeliveryState } from "../../core/outbox.ts";
import { pageOf, parseCursor } from "../cursor.ts";
import { claimed, deliveriesOf, replayed, settled, type StoredDelivery } from "../delivery-rules.ts";
import type { SqliteConnection } from "./connection.ts";

/** Puts a bill on its way, in the transaction that writes it. */
export function insertDeliveries(connection: SqliteConnection, runId: string, sinks: readonly string[], now: number): void {
  for (const { sink, createdAt, nextAt } of deliveriesOf(runId, sinks, now)) {
    connection.run("INSERT INTO deliveries (run_id, sink, created_at, next_at) VALUES (?, ?, ?, ?)", runId, sink, createdAt, nextAt);
  }
}

interface DeliveryRow {
  readonly sequence: number;
  readonly run_id: string;
  readonly sink: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly created_at: number;
  readonly next_at: number;
  readonly lease_ends_at: number | null;
  readonly unknown_since: number | null;
  readonly sent_at: number | null;
  readonly last_error: string | null;
  readonly bill: string;
}

const FROM_DELIVERIES = "SELECT deliveries.*, bills.bill FROM deliveries JOIN bills USING (run_id)";

function storedOf(row: DeliveryRow): StoredDelivery {
  return {
    runId: row.run_id,
    sink: row.sink,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.created_at,
    nextAt: row.next_at,
    ...(row.lease_ends_at !== null && { leaseEndsAt: row.lease_ends_at }),
    ...(row.unknown_since !== null && { unknownSince: row.unknown_since }),
    ...(row.sent_at !== null && { sentAt: row.sent_at }),
    ...(row.last_error !== null && { lastError: row.last_error }),
  };
}

function deliveryOf({ leaseEndsAt: _lease, ...delivery }: StoredDelivery, bill: string): Delivery {
  return { ...delivery, bill: JSON.parse(bill) as Bill };
}

// `isDue` in SQL.
const DUE = `${FROM_DELIVERIES} WHERE state = 'pending' AND next_at <= ? AND (lease_ends_at IS NULL OR lease_ends_at <= ?)
  AND sink IN (SELECT value FROM json_each(?)) ORDER BY next_at, deliveries.sequence LIMIT ?`;

function dueDeliveries(connection: SqliteConnection, claim: DeliveryClaim, now: number): readonly DeliveryRow[] {
  return connection.all(DUE, now, now, JSON.stringify(claim.sinks), claim.limit) as readonly DeliveryRow[];
}

/** Whether a claim would take any. Reads only, so an idle dispatcher that looks often locks nobody out. */
export function isAnyDeliveryDue(connection: SqliteConnection, claim: DeliveryClaim, now: number): boolean {
  return dueDeliveries(connection, { ...claim, limit: Math.min(claim.limit, 1) }, now).length > 0;
}

/** The body of a transaction that claims. */
export function claimDeliveries(connection: SqliteConnection, claim: DeliveryClaim, now: number): readonly Delivery[] {
  return dueDeliveries(connection, claim, now).map((row) => {
    const taken = claimed(storedOf(row), claim, now);
    update(connection, taken);
    return deliveryOf(taken, row.bill);
  });
}

/** The body of a transaction that writes down what a try gave. */
export function settleDelivery(connection: SqliteConnection, outcome: DeliveryOutcome, now: number): boolean {
  return change(connection, outcome, (delivery) => settled(delivery, outcome, now));
}

/** The body of a transaction that puts a delivery back. */
export function replayDelivery(connection: SqliteConnection, delivery: Pick<Delivery, "runId" | "sink">, now: number): boolean {
  return change(connection, delivery, (stored) => replayed(stored, now));
}

function change(
  connection: SqliteConnection,
  { runId, sink }: Pick<Delivery, "runId" | "sink">,
  changed: (delivery: StoredDelivery) => StoredDelivery | undefined,
): boolean {
  const row = connection.get(`${FROM_DELIVERIES} WHERE run_id = ? AND sink = ?`, runId, sink) as DeliveryRow | undefined;
  const next = row && changed(storedOf(row));
  if (next) update(connection, next);
  return next !== undefined;
}

const UPDATE = `UPDATE deliveries SET state = ?, attempts = ?, next_at = ?, lease_ends_at = ?, unknown_since = ?, sent_at = ?, last_error = ?
  WHERE run_id = ? AND sink = ?`;

function update(connection: SqliteConnection, { runId, sink, ...delivery }: StoredDelivery): void {
  const { state, attempts, nextAt, leaseEndsAt = null, unknownSince = null, sentAt = null, lastError = null } = delivery;
  connection.run(UPDATE, state, attempts, nextAt, leaseEndsAt, unknownSince, sentAt, lastError, runId, sink);
}

/** @throws {HoldfastError} INPUT_INVALID for a cursor of somebody else's making */
export function listDeliveries(connection: SqliteConnection, query: DeliveryQuery): DeliveryPage {
  const conditions = ["deliveries.sequence < ?"];
  const parameters: (string | number)[] = [parseCursor(query.cursor)];
  if (query.sink !== undefined) {
    conditions.push("sink = ?");
    parameters.push(query.sink);
  }
  if (query.states !== undefined) {
    conditions.push("state IN (SELECT value FROM json_each(?))");
    parameters.push(JSON.stringify(query.states));
  }
  const sql = `${FROM_DELIVERIES} WHERE ${conditions.join(" AND ")} ORDER BY deliveries.sequence DESC LIMIT ?`;
  const found = connection.all(sql, ...parameters, query.limit + 1) as readonly DeliveryRow[];
  const { rows, ...page } = pageOf(found, query.limit, (row) => row.sequence);
  return { deliveries: rows.map((row) => deliveryOf(storedOf(row), row.bill)), ...page };
}
