import type { Offset } from "../../core/offset.ts";
import type { StreamReader } from "./stream-reader.ts";

/** How much one reply holds at most; a single message that is larger still goes out alone. */
export interface PageLimits {
  readonly maxMessages: number;
  /** Characters of encoded messages. */
  readonly maxChars: number;
}

/** What one plain reply holds. */
export interface Page {
  readonly contents: readonly string[];
  /** The offset to read after next. */
  readonly next: Offset;
  readonly isUpToDate: boolean;
  readonly isClosed: boolean;
}

/**
 * Reads one page after an offset, at least as far as `until` if the limits allow. With `until` at `after`, the page is the next
 * batch, and reading waits for it; an aborted `signal` ends the wait with what is there.
 */
export async function readPage(reader: StreamReader, after: Offset, until: Offset, limits: PageLimits, signal: AbortSignal): Promise<Page> {
  const contents: string[] = [];
  let chars = 0;
  let next = after;
  for await (const batch of reader.follow(after, signal)) {
    for (const { offset, content } of batch.messages) {
      const isFull = contents.length >= limits.maxMessages || chars + content.length > limits.maxChars;
      if (isFull && contents.length > 0) return { contents, next, isUpToDate: false, isClosed: false };
      contents.push(content);
      chars += content.length;
      next = offset;
    }
    next = batch.next;
    if (batch.isClosed || next >= until) return { contents, next, isUpToDate: true, isClosed: batch.isClosed };
  }
  return { contents, next, isUpToDate: next >= until, isClosed: false };
}
