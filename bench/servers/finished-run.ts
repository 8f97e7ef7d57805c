import { join } from "node:path";
import { formatOffset, type Offset } from "../../src/core/offset.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { Append } from "../../src/core/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { wordAt } from "../model/script.ts";
import { LOG_FILE, PLAIN_AGENT } from "./names.ts";

/** A run in the product's log that has ended. */
export interface FinishedRun {
  readonly runId: string;
  /** Printed; five entries come after it. */
  readonly nearEnd: string;
}

// Whoever asks a server without authentication.
const RESOURCE = "local";
const RUN_ID = "run_finished";
const PIECE = 500;
const AFTER_NEAR_END = 5;

/**
 * Writes a run with an entry for every delta into the log of a server that is not running yet. A run that streams would not do:
 * its deltas are joined on their way into the log, so that how many entries there are would depend on the machine.
 */
export async function writeFinishedRun(directory: string, deltas: number): Promise<FinishedRun> {
  const store = await openSqliteStore({ path: join(directory, LOG_FILE) });
  const created = await store.createRun(
    {
      id: RUN_ID,
      threadId: "thr_finished",
      resourceId: RESOURCE,
      agentId: PLAIN_AGENT,
      messageId: "msg_finished",
      input: { messages: [], trigger: "submit" },
      onBusyThread: "reject",
      billingPolicy: "delivered",
    },
    { owner: "bench", leaseMs: 60_000 },
  );
  if (created.outcome !== "created" || created.lease === undefined) throw new Error(`The run was not created: ${created.outcome}.`);
  const events = eventsOf(deltas);
  let end: Offset | undefined;
  for (let first = 0; first < events.length; first += PIECE) {
    const append: Append = { ...created.lease, events: events.slice(first, first + PIECE) };
    const [result] = await store.append([append]);
    if (result?.outcome !== "appended") throw new Error("The log refused the run.");
    end = result.entries.at(-1)?.offset;
  }
  if (end === undefined) throw new Error("The run has no entries.");
  const page = await store.readEntries(RUN_ID, 0 as Offset, Number.MAX_SAFE_INTEGER);
  const nearEnd = page.at(-1 - AFTER_NEAR_END)?.offset;
  if (nearEnd === undefined) throw new Error("The run is too short.");
  await store.close();
  return { runId: RUN_ID, nearEnd: formatOffset(nearEnd) };
}

function eventsOf(deltas: number): readonly RunEvent[] {
  const id = "0:text-1";
  return [
    { type: "step-started", step: 0 },
    { type: "text-start", id },
    ...Array.from({ length: deltas }, (_, index): RunEvent => ({ type: "text-delta", id, text: wordAt(index) })),
    { type: "text-end", id },
    { type: "model-finished", step: 0, finishReason: "stop", usage: {} },
    { type: "step-finished", step: 0, finishReason: "stop", usage: {}, isContinued: false },
    { type: "run-completed", finishReason: "stop", usage: {} },
  ];
}
