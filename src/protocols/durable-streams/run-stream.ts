import type { Entry } from "../../core/entry.ts";
import { isTerminalEvent, type RunEvent } from "../../core/event.ts";
import { formatOffset } from "../../core/offset.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import { isTerminal, type Run } from "../../core/run.ts";
import { jsonFormat, type StreamBatch, type StreamHead, type StreamReader } from "./stream-reader.ts";

/** What of the engine reading a run's log needs. */
export type RunLogs = Pick<Engine, "getRun" | "lastOffset" | "tail" | "closing">;

/** The log of a run as a JSON stream: one message per entry, closed by the terminal event. */
export function runStream(logs: RunLogs, principal: Principal, run: Run): StreamReader {
  return {
    id: run.id,
    format: jsonFormat,
    head: () => headOf(logs, principal, run),
    async *follow(after, signal) {
      for await (const entries of logs.tail(run, after, signal)) {
        const batch = batchOf(entries);
        if (batch) yield batch;
      }
    },
  };
}

async function headOf(logs: RunLogs, principal: Principal, run: Run): Promise<StreamHead> {
  const tail = await logs.lastOffset(run);
  if (isTerminal(run.status)) return { tail, isClosed: true };
  // The run may have ended since its status was read: asked after the offset, the status tells whether the tail is the end of the log.
  const current = await logs.getRun(principal, run.id);
  if (!isTerminal(current.status)) return { tail, isClosed: false };
  return { tail: await logs.lastOffset(current), isClosed: true };
}

function batchOf(entries: readonly Entry[]): StreamBatch | undefined {
  const last = entries[entries.length - 1];
  if (last === undefined) return undefined;
  const messages = entries.map((entry) => ({ offset: entry.offset, content: JSON.stringify(messageOf(entry)) }));
  return { messages, next: last.offset, isClosed: isTerminalEvent(last.event) };
}

/** An entry on the wire. */
export interface RunMessage {
  readonly offset: string;
  readonly attempt: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly event: WireEvent;
}

type AttemptStarted = Extract<RunEvent, { type: "attempt-started" }>;

/** An event in which an offset stands as text, like everywhere outside the store. */
export type WireEvent = Exclude<RunEvent, AttemptStarted> | (Omit<AttemptStarted, "resetTo"> & { readonly resetTo?: string });

/** The message of an entry. */
export function messageOf({ offset, attempt, at, event }: Entry): RunMessage {
  return { offset: formatOffset(offset), attempt, at, event: wireEvent(event) };
}

function wireEvent(event: RunEvent): WireEvent {
  if (event.type !== "attempt-started") return event;
  const { resetTo, ...rest } = event;
  return resetTo === undefined ? rest : { ...rest, resetTo: formatOffset(resetTo) };
}
