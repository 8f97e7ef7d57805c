import { expect, test } from "vitest";
import { statusAfter, type TerminalEvent } from "./event.ts";
import { formatOffset, offsetOf, parseOffset, START } from "./offset.ts";
import { canFollow, isTerminal, RUN_STATUSES, type RunStatus } from "./run.ts";
import { addUsage } from "./usage.ts";

test("a terminal status has no follower, and every other status can reach a terminal one", () => {
  const reaches = (from: RunStatus, seen: ReadonlySet<RunStatus>): boolean =>
    isTerminal(from) || RUN_STATUSES.some((to) => canFollow(from, to) && !seen.has(to) && reaches(to, new Set([...seen, to])));
  for (const status of RUN_STATUSES) {
    expect(reaches(status, new Set([status]))).toBe(true);
    if (isTerminal(status)) expect(RUN_STATUSES.filter((to) => canFollow(status, to))).toEqual([]);
  }
});

test("every terminal event leads to a terminal status", () => {
  const events: TerminalEvent[] = [
    { type: "run-completed" },
    { type: "run-failed", error: { code: "X", message: "x" } },
    { type: "run-canceled" },
    { type: "run-suspended", interrupts: [] },
  ];
  expect(events.map(statusAfter)).toEqual(["completed", "failed", "canceled", "suspended"]);
  expect(events.every((event) => isTerminal(statusAfter(event)))).toBe(true);
});

test("printed offsets sort as text the way they sort in the log, and read back", () => {
  const offsets = [1, 9, 10, 99, 1_000_000, Number.MAX_SAFE_INTEGER].map(offsetOf);
  const printed = offsets.map(formatOffset);
  expect(printed.toSorted()).toEqual(printed);
  expect(printed.map(parseOffset)).toEqual(offsets);
  expect(parseOffset("-1")).toBe(START);
});

test.each(["", "1", "-2", "abc", "9999999999999999", "0000000000000001 ", "1e15"])("an offset that was never given out is refused: %j", (text) => {
  expect(() => parseOffset(text)).toThrow(expect.objectContaining({ code: "OFFSET_INVALID" }));
});

test("a token count that nobody reported stays missing in a sum", () => {
  expect(addUsage({ inputTokens: 1, raw: { a: 1 } }, { inputTokens: 2, reasoningTokens: 0 })).toEqual({ inputTokens: 3, reasoningTokens: 0 });
});
