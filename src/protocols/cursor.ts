import { HoldfastError } from "../core/error.ts";
import { offsetOf, type Offset } from "../core/offset.ts";

/** Where a client stands in the frames of a run: what it has seen, and what comes next. */
export interface Cursor {
  readonly runId: string;
  /** Of the entry whose frames it was sent last; of a prelude, the entry that it was computed at. */
  readonly offset: Offset;
  /** How many of that entry's frames (of the prelude's, in one) it has; all of them where left out. */
  readonly taken?: number;
  readonly isPrelude: boolean;
}

const CURSOR = /^(.{1,255}):(\d{1,15})(?:([.p])(\d{1,9}))?$/;

/** The text of a cursor: `<run>:<offset>`, `<run>:<offset>.<frames of the entry>` or `<run>:<offset>p<frames of the prelude>`. */
export function formatCursor({ runId, offset, taken, isPrelude }: Cursor): string {
  return `${runId}:${offset}${taken === undefined ? "" : `${isPrelude ? "p" : "."}${taken}`}`;
}

/** @throws {HoldfastError} OFFSET_INVALID */
export function parseCursor(text: string): Cursor {
  const [, runId, offset, kind, taken] = CURSOR.exec(text) ?? [];
  if (runId === undefined || offset === undefined) {
    throw new HoldfastError("OFFSET_INVALID", "Last-Event-ID is not one that this server gave out; send the id of the last event, or none.");
  }
  return { runId, offset: offsetOf(Number(offset)), isPrelude: kind === "p", ...(taken !== undefined && { taken: Number(taken) }) };
}
