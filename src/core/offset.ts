import { HoldfastError } from "./error.ts";

declare const offsetBrand: unique symbol;

/**
 * The place of an entry in its run's log. Opaque outside the store: compare two offsets of one run, hand one back to read
 * strictly after it, print it with {@link formatOffset}; never compute one.
 */
export type Offset = number & { readonly [offsetBrand]: true };

/** Before the first entry: reading after it gives the whole log. */
export const START: Offset = 0 as Offset;

// Sixteen digits hold every safe integer, so the printed offsets of a run sort as text the way they sort as numbers.
const DIGITS = 16;
const PRINTED = /^\d{16}$/;

/** Brands a store's entry number. For stores only. */
export function offsetOf(entryNumber: number): Offset {
  return entryNumber as Offset;
}

/** The text of an offset on a wire: sorts as text in log order. */
export function formatOffset(offset: Offset): string {
  return String(offset).padStart(DIGITS, "0");
}

/**
 * Reads an offset that {@link formatOffset} printed; `-1` means before the first entry.
 * @throws {HoldfastError} OFFSET_INVALID
 */
export function parseOffset(text: string): Offset {
  if (text === "-1") return START;
  if (!PRINTED.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new HoldfastError("OFFSET_INVALID", "The offset is not one that this server gave out; use one it returned, or -1 for the start.");
  }
  return Number(text) as Offset;
}
