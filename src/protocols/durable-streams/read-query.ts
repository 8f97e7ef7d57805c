import { HoldfastError } from "../../core/error.ts";
import { parseOffset, START, type Offset } from "../../core/offset.ts";
import type { StreamHead } from "./stream-reader.ts";

/** What a read asks for. */
export interface ReadQuery {
  /** `now`: what comes after the tail at the time of the request. */
  readonly start: Offset | "now";
  readonly live: "long-poll" | "sse" | undefined;
  /** The cursor of an earlier reply, echoed. */
  readonly cursor: string | undefined;
}

/**
 * Reads the query of a request; parameters that the protocol does not know are ignored.
 * @throws {HoldfastError} OFFSET_INVALID, INPUT_INVALID when a live read has no offset or its mode is unknown
 */
export function parseReadQuery(params: URLSearchParams): ReadQuery {
  const offsets = params.getAll("offset");
  if (offsets.length > 1) throw new HoldfastError("OFFSET_INVALID", "The request names several offsets; name one.");
  const live = parseLive(params.get("live"));
  const text = offsets[0];
  if (live !== undefined && text === undefined) {
    throw new HoldfastError("INPUT_INVALID", "A live read needs an offset; send offset=-1 for the start or offset=now for what comes next.");
  }
  return { start: parseStart(text), live, cursor: params.get("cursor") ?? undefined };
}

function parseStart(text: string | undefined): Offset | "now" {
  if (text === undefined) return START;
  return text === "now" ? "now" : parseOffset(text);
}

function parseLive(text: string | null): ReadQuery["live"] {
  if (text === null) return undefined;
  if (text === "long-poll" || text === "sse") return text;
  throw new HoldfastError("INPUT_INVALID", "The live mode is unknown; use long-poll or sse, or leave it out.");
}

/**
 * The offset after which a read begins.
 * @throws {HoldfastError} OFFSET_INVALID for an offset behind the tail, which nobody was given
 */
export function startOf(query: ReadQuery, head: StreamHead): Offset {
  if (query.start === "now") return head.tail;
  if (query.start > head.tail) {
    throw new HoldfastError("OFFSET_INVALID", "The offset lies behind the end of the stream; use one that this stream returned, or -1 for the start.");
  }
  return query.start;
}
