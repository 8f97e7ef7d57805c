import fc from "fast-check";
import type { ContentEvent, RunEvent, TerminalEvent } from "../../src/core/event.ts";
import { offsetOf } from "../../src/core/offset.ts";

const id = fc.constantFrom("a", "b");
const toolCallId = fc.constantFrom("c1", "c2", "c3");
const text = fc.string({ minLength: 1, maxLength: 6, unit: "grapheme" });
const json = fc.oneof(fc.constant(null), fc.integer(), text, fc.record({ at: text }));

function tool<T extends string>(type: T): fc.Arbitrary<{ type: T; toolCallId: string; toolName: string }> {
  return fc.record({ type: fc.constant(type), toolCallId, toolName: fc.constant("tides") });
}

const textEvent = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom("text-start" as const, "reasoning-start" as const), id }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom("text-delta" as const, "reasoning-delta" as const), id, text }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("text-end" as const, "reasoning-end" as const), id }) },
);

const toolEvent = fc.oneof(
  fc.tuple(tool("tool-input-start"), fc.boolean()).map(([event, dynamic]) => ({ ...event, dynamic })),
  fc.record({ type: fc.constant("tool-input-delta" as const), toolCallId, text }),
  fc
    .tuple(tool("tool-call"), json, fc.option(text, { nil: undefined }))
    .map(([event, input, invalid]) => ({ ...event, input, ...(invalid !== undefined && { invalid }) })),
  fc.tuple(tool("tool-result"), json).map(([event, output]) => ({ ...event, output })),
  fc.tuple(tool("tool-error"), text).map(([event, message]) => ({ ...event, message })),
  tool("tool-denied"),
  tool("tool-started").map((event) => ({ ...event, attempt: 1, idempotencyKey: "key" })),
  fc.record({ type: fc.constant("tool-progress" as const), toolCallId, data: json }),
);

const otherEvent: fc.Arbitrary<ContentEvent> = fc.oneof(
  fc.record({ type: fc.constant("data" as const), name: fc.constant("weather"), id, data: json, transient: fc.boolean() }),
  fc.record({ type: fc.constant("object" as const), object: json, isFinal: fc.boolean() }),
  fc.record({ type: fc.constant("source" as const), id, sourceType: fc.constantFrom("url" as const, "document" as const) }),
  fc.record({ type: fc.constant("file" as const), mediaType: fc.constant("image/png"), base64: fc.constant("AA==") }),
  fc.record({ type: fc.constant("custom" as const), kind: fc.constant("a.b") }),
  fc.record({ type: fc.constant("raw" as const), chunkType: fc.constant("watch"), payload: json }),
);

const content: fc.Arbitrary<ContentEvent> = fc.oneof(
  { weight: 5, arbitrary: textEvent },
  { weight: 4, arbitrary: toolEvent },
  { weight: 1, arbitrary: otherEvent },
);

const step = fc.integer({ min: 0, max: 2 });

/** Any event but the first and the last, in any order: an encoder must be total. */
const middle: fc.Arbitrary<RunEvent> = fc.oneof(
  { weight: 12, arbitrary: content },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("nested" as const), toolCallId, event: content }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("step-started" as const), step }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("model-finished" as const), step }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("step-finished" as const), step, isContinued: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isReset) => ({ type: "attempt-started" as const, attempt: 2, ...(isReset && { resetTo: offsetOf(1) }) })),
  },
);

const interrupt = fc.record({
  id: fc.constant("i1"),
  kind: fc.constantFrom("tool-approval" as const, "tool-suspend" as const),
  toolCallId,
  toolName: fc.constant("tides"),
  input: json,
});

const end: fc.Arbitrary<TerminalEvent> = fc.oneof(
  fc.constant({ type: "run-completed" as const, finishReason: "stop" as const }),
  fc.constant({ type: "run-failed" as const, error: { code: "AGENT_FAILED", message: "It broke." } }),
  fc.constant({ type: "run-canceled" as const }),
  fc.array(interrupt, { maxLength: 2 }).map((interrupts) => ({ type: "run-suspended" as const, interrupts })),
);

/** Logs in no sensible order, from `run-started` to a terminal event. */
export const randomLog: fc.Arbitrary<readonly RunEvent[]> = fc
  .tuple(fc.array(middle, { maxLength: 40 }), end, fc.boolean())
  .map(([events, last, isContinuation]) => [
    { type: "run-started", messageId: "msg_1", threadId: "thread-1", agentId: "helper", ...(isContinuation && { parentRunId: "run_0" }) },
    ...events,
    last,
  ]);
