import { expect, it } from "vitest";
import type { Entry } from "./entry.ts";
import type { RunEvent } from "./event.ts";
import { offsetOf } from "./offset.ts";
import { attemptKind } from "./run-observer.ts";

const STARTED: RunEvent = { type: "run-started", messageId: "m", threadId: "t", agentId: "clerk" };
const BEGUN: RunEvent = { type: "attempt-started", attempt: 1 };
const WAITING: RunEvent = { type: "run-waiting", interrupts: [], until: 1 };
const ANSWERED: RunEvent = { type: "interrupt-answered", interruptId: "i", kind: "frontend-tool", toolCallId: "c", toolName: "ask", answer: {} };

function log(...events: readonly RunEvent[]): readonly Entry[] {
  return events.map((event, index) => ({ offset: offsetOf(index + 1), event, attempt: 1, at: 0 }));
}

it("the first attempt of a run is that, also of a run that goes on from another one", () => {
  expect(attemptKind(1, [])).toBe("first");
  expect(attemptKind(1, log(STARTED, ANSWERED))).toBe("first");
});

it("an attempt that finds the work of another one takes it over", () => {
  expect(attemptKind(2, log(STARTED, BEGUN))).toBe("takeover");
  expect(attemptKind(3, log(STARTED, BEGUN, WAITING, ANSWERED, { ...BEGUN, attempt: 2 }))).toBe("takeover");
});

it("an attempt at a run that waited resumes it, answered or not", () => {
  expect(attemptKind(2, log(STARTED, BEGUN, WAITING))).toBe("resumed");
  expect(attemptKind(2, log(STARTED, BEGUN, WAITING, ANSWERED))).toBe("resumed");
});
