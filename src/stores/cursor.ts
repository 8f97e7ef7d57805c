import { HoldfastError } from "../core/error.ts";

const SORT_KEY = /^[1-9]\d{0,15}$/;

/** The opaque text of the place where a page ends; `sortKey` is a positive integer that falls along the list. */
export function formatCursor(sortKey: number): string {
  return Buffer.from(String(sortKey)).toString("base64url");
}

/**
 * The sort key that {@link formatCursor} printed; without a cursor one above every row, so that a page begins at the top.
 * @throws {HoldfastError} INPUT_INVALID
 */
export function parseCursor(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  const text = Buffer.from(cursor, "base64url").toString();
  if (!SORT_KEY.test(text) || !Number.isSafeInteger(Number(text)) || formatCursor(Number(text)) !== cursor) {
    throw new HoldfastError("INPUT_INVALID", "The cursor is not one that this server gave out; leave it out to begin at the first page.");
  }
  return Number(text);
}

/** A page of a list: `rows` holds one row more than `limit` where another page follows. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  sortKeyOf: (row: Row) => number,
): { readonly rows: readonly Row[]; readonly nextCursor?: string } {
  if (rows.length <= limit) return { rows };
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  return last === undefined ? { rows: kept } : { rows: kept, nextCursor: formatCursor(sortKeyOf(last)) };
}
