import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cursorAfter } from "./cursor.ts";

const EPOCH_MS = Date.UTC(2024, 9, 9);

test("without an echoed cursor it counts intervals of 20 s from 9 October 2024", () => {
  expect(cursorAfter(undefined, EPOCH_MS, 0)).toBe("0");
  expect(cursorAfter(undefined, EPOCH_MS + 19_999, 0)).toBe("0");
  expect(cursorAfter(undefined, EPOCH_MS + 20_000, 0)).toBe("1");
});

test("a cursor that was echoed in its own interval moves on by 1 to 180 intervals", () => {
  expect(cursorAfter("5", EPOCH_MS + 5 * 20_000, 0)).toBe("6");
  expect(cursorAfter("5", EPOCH_MS + 5 * 20_000, 0.999_999)).toBe("185");
});

test("what is no cursor is ignored", () => {
  for (const echoed of ["", "x", "-1", "1.5", "1e3", "9".repeat(16)]) expect(cursorAfter(echoed, EPOCH_MS + 60_000, 0.5)).toBe("3");
});

test("a cursor never repeats or goes back", () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(999_999_999), fc.nat(999_999_999), random, (echoed, interval, jitter) => {
      const cursor = Number(cursorAfter(String(echoed), EPOCH_MS + interval * 20_000, jitter));
      expect(cursor).toBeGreaterThan(echoed);
      expect(cursor).toBeGreaterThanOrEqual(interval);
    }),
  );
});
