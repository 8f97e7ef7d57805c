import { formatOffset, type Offset } from "../../core/offset.ts";

/** Where a reply leaves its reader; the headers of a plain reply and the control events of a live one say the same. */
export interface Position {
  /** The offset to read after next. */
  readonly next: Offset;
  /** The reader has everything that was there when the reply was made. */
  readonly isUpToDate: boolean;
  /** The reader has everything that will ever be there. */
  readonly isClosed: boolean;
  /** For live replies; not told at the end of a closed stream, since nobody comes back from there. */
  readonly cursor?: string;
}

export function positionHeaders({ next, isUpToDate, isClosed, cursor }: Position): Record<string, string> {
  return {
    "Stream-Next-Offset": formatOffset(next),
    ...(isUpToDate && { "Stream-Up-To-Date": "true" }),
    ...(isClosed ? { "Stream-Closed": "true" } : cursor !== undefined && { "Stream-Cursor": cursor }),
  };
}

/** The `control` event of a position. */
export function controlEvent({ next, isUpToDate, isClosed, cursor }: Position): string {
  const control = {
    streamNextOffset: formatOffset(next),
    ...(isClosed ? { streamClosed: true } : cursor !== undefined && { streamCursor: cursor }),
    ...(isUpToDate && { upToDate: true }),
  };
  return `event: control\ndata:${JSON.stringify(control)}\n\n`;
}

/** A `data` event; a payload of several lines cannot end it early or start another one. */
export function dataEvent(payload: string): string {
  return `event: data\n${payload
    .split(/\r\n|\r|\n/)
    .map((line) => `data:${line}\n`)
    .join("")}\n`;
}

/**
 * The entity tag of a reply. The same range is another reply once the stream is closed or grew, although its body is equal:
 * a cached one would hide the end, or say up to date where there is more.
 */
export function entityTag(streamId: string, after: Offset, { next, isUpToDate, isClosed }: Position): string {
  const state = isClosed ? "closed" : isUpToDate ? "tail" : "part";
  return `"${encodeURIComponent(streamId)}:${after}-${next}:${state}"`;
}

/** Whether an `If-None-Match` header names the tag. */
export function matchesTag(ifNoneMatch: string | null, tag: string): boolean {
  if (ifNoneMatch === null) return false;
  const named = ifNoneMatch.split(",").map((candidate) => candidate.trim().replace(/^W\//, ""));
  return named.includes(tag) || named.includes("*");
}
