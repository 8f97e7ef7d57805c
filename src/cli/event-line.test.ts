import { expect, test } from "vitest";
import type { RunEvent } from "../core/event.ts";
import { offsetOf } from "../core/offset.ts";
import { eventLine } from "./event-line.ts";

function line(event: RunEvent): string {
  return eventLine({ offset: offsetOf(12), attempt: 1, at: Date.UTC(2026, 0, 2, 3, 4, 5, 678), event });
}

test("an entry is one line, whatever its text holds", () => {
  expect(line({ type: "text-delta", id: "0", text: "a\nb" })).toBe('    12  03:04:05.678  text-delta         "a\\nb"');
});

test("a long text is cut", () => {
  expect(line({ type: "text-delta", id: "0", text: "x".repeat(1_000) }).length).toBeLessThan(200);
});

test("a superseded model call is told", () => {
  expect(line({ type: "attempt-started", attempt: 2, resetTo: offsetOf(7) })).toContain("attempt 2, what followed offset 7 is superseded");
});

test("what a sub-agent does is told with its own words", () => {
  expect(line({ type: "nested", toolCallId: "c", event: { type: "text-delta", id: "0", text: "hi" } })).toContain('nested             text-delta "hi"');
});

test("a tool that failed is told with its name", () => {
  expect(line({ type: "tool-error", toolCallId: "c", toolName: "pay", message: "no", outcomeUnknown: true })).toContain("pay outcome unknown");
});

test("a step of a workflow is told with its call, and with how it ended", () => {
  expect(line({ type: "workflow-step-started", callId: "order/check#2", stepId: "check" })).toMatch(/workflow-step-started order\/check#2$/);
  expect(line({ type: "workflow-step-finished", callId: "check", stepId: "check", status: "suspended" })).toMatch(/check suspended$/);
});

test("an event without a text of its own has no trailing blanks", () => {
  expect(line({ type: "text-start", id: "0" })).toBe("    12  03:04:05.678  text-start");
});
