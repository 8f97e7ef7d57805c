import { expect, test } from "vitest";
import { retryAfterMs } from "./retry-after.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

test.each([
  ["7", 7_000],
  ["0", 0],
  [" 2 ", 2_000],
  [new Date(NOW + 4_000).toUTCString(), 4_000],
  [new Date(NOW - 4_000).toUTCString(), 0],
  ["soon", undefined],
  ["", undefined],
])("Retry-After: %s", (text, expected) => {
  const actual = retryAfterMs(new Response(null, { headers: { "retry-after": text } }), NOW);
  expect(actual).toBe(expected);
});

test("a response without Retry-After does not ask to wait", () => {
  expect(retryAfterMs(new Response(), NOW)).toBeUndefined();
});
