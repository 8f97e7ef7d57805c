import { HoldfastError } from "../core/error.ts";

const SORT_KEY = /^[1-9]\d{0,15}$/;

/** The opaque text of the place where a page ends; a sort key is a positive integer, and the last row of the page has these. */
export function formatCursor(...sortKeys: readonly number[]): string {
  return Buffer.from(sortKeys.join(".")).toString("base64url");
}

/**
 * The sort key that {@link formatCursor} printed; without a cursor one above every row, so that a page begins at the top.
 * @throws {HoldfastError} INPUT_INVALID
 */
export function parseCursor(cursor: string | undefined): number {
  return sortKeysIn(cursor, 1)[0] ?? Number.MAX_SAFE_INTEGER;
}

/**
 * The sort keys of a list that is ordered by two; without a cursor a first one above every row.
 * @throws {HoldfastError} INPUT_INVALID
 */
export function parsePairCursor(cursor: string | undefined): readonly [number, number] {
  const [first = Number.MAX_SAFE_INTEGER, second = 1] = sortKeysIn(cursor, 2);
  return [first, second];
}

function sortKeysIn(cursor: string | undefined, count: number): readonly number[] {
  if (cursor === undefined) return [];
  const texts = Buffer.from(cursor, "base64url").toString().split(".");
  const keys = texts.map(Number);
  const isPrinted = texts.every((text) => SORT_KEY.test(text)) && keys.every((key) => Number.isSafeInteger(key)) && formatCursor(...keys) === cursor;
  if (!isPrinted || keys.length !== count) {
    throw new HoldfastError("INPUT_INVALID", "The cursor is not one that this server gave out; leave it out to begin at the first page.");
  }
  return keys;
}

/** A page of a list: `rows` holds one row more than `limit` where another page follows. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  sortKeysOf: (row: Row) => number | readonly number[],
): { readonly rows: readonly Row[]; readonly nextCursor?: string } {
  if (rows.length <= limit) return { rows };
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  return last === undefined ? { rows: kept } : { rows: kept, nextCursor: formatCursor(...[sortKeysOf(last)].flat()) };
}
