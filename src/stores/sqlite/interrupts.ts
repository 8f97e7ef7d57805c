import type { Interrupt, InterruptRequest, InterruptStatus } from "../../core/interrupt.ts";
import type { SqliteConnection } from "./connection.ts";

/** Writes down what a suspended run asks, in the order in which it asked. `run` is the run's sequence. */
export function insertInterrupts(connection: SqliteConnection, run: number, requests: readonly InterruptRequest[], now: number): void {
  requests.forEach((request, position) => {
    connection.run("INSERT INTO interrupts (run, position, created_at, request) VALUES (?, ?, ?, ?)", run, position, now, JSON.stringify(request));
  });
}

const LIST = `SELECT runs.resource_id, interrupts.status, interrupts.created_at, interrupts.request
  FROM interrupts JOIN runs ON runs.sequence = interrupts.run WHERE runs.id = ? ORDER BY interrupts.position`;

interface InterruptRow {
  readonly resource_id: string;
  readonly status: InterruptStatus;
  readonly created_at: number;
  readonly request: string;
}

export function listInterrupts(connection: SqliteConnection, runId: string): readonly Interrupt[] {
  return (connection.all(LIST, runId) as readonly InterruptRow[]).map((row) => ({
    ...(JSON.parse(row.request) as InterruptRequest),
    runId,
    resourceId: row.resource_id,
    status: row.status,
    createdAt: row.created_at,
  }));
}
