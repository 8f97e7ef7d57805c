import fc from "fast-check";
import type { RunEvent, TerminalEvent } from "../../src/core/event.ts";
import type { InterruptRequest } from "../../src/core/interrupt.ts";
import type { Json } from "../../src/core/json.ts";
import { isTerminalEvent } from "../../src/core/event.ts";
import { randomLog } from "./random-log.ts";

const toolCallId = fc.constantFrom("c1", "c2", "c3", "c1/n1");
const json = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.string({ maxLength: 4 }),
  fc.dictionary(fc.constantFrom("a", "b~/"), fc.array(fc.integer(), { maxLength: 3 }), { noNullPrototype: true }),
  fc.integer().map((a): Json => JSON.parse(`{"__proto__":{"a":${a}},"a":[${a}]}`) as Json),
);
const kind = fc.constantFrom("tool-approval" as const, "tool-suspend" as const, "frontend-tool" as const);

const request: fc.Arbitrary<InterruptRequest> = fc
  .record({ kind, toolCallId, input: json, payload: fc.option(json, { nil: undefined }), expiresAt: fc.option(fc.constant(1), { nil: undefined }) })
  .map(({ payload, expiresAt, ...rest }) => ({
    id: `int_${rest.toolCallId}`,
    toolName: "tides",
    ...rest,
    ...(payload !== undefined && { payload }),
    ...(expiresAt !== undefined && { expiresAt }),
  }));

const nestedWork = fc.oneof(
  fc.constantFrom(
    { type: "step-started" as const, step: 0 },
    { type: "step-started" as const, step: 1 },
    { type: "step-finished" as const, step: 0, isContinued: true },
  ),
  fc.constantFrom(
    { type: "model-called" as const, step: 0, call: 0, agentId: "pilot" },
    { type: "text-start" as const, id: "x" },
    { type: "reasoning-start" as const, id: "x" },
  ),
  fc.constantFrom({ type: "text-delta" as const, id: "x", text: "Hm" }, { type: "text-end" as const, id: "x" }, { type: "reasoning-end" as const, id: "x" }),
  fc.record({ type: fc.constant("tool-call" as const), toolCallId, toolName: fc.constant("agent-wind"), input: json }),
  fc.record({ type: fc.constant("tool-result" as const), toolCallId, toolName: fc.constant("agent-wind"), output: json }),
  fc.record({
    type: fc.constant("model-finished" as const),
    step: fc.constant(0),
    provider: fc.constantFrom("p", "q"),
    usage: fc.record({ inputTokens: fc.nat(9) }),
  }),
);

const extra: fc.Arbitrary<RunEvent> = fc.oneof(
  fc.record({ type: fc.constant("state" as const), value: json }),
  fc.record({ type: fc.constant("nested" as const), toolCallId, event: nestedWork }),
  fc.record({ type: fc.constant("nested" as const), toolCallId, event: fc.record({ type: fc.constant("nested" as const), toolCallId, event: nestedWork }) }),
  request.map((asked): RunEvent => ({ type: "tool-interrupted", toolCallId: asked.toolCallId, toolName: "tides", request: asked })),
  fc.tuple(request, json).map(([{ id, kind: asked, toolCallId: call }, output]): RunEvent => ({
    type: "interrupt-answered",
    interruptId: id,
    kind: asked,
    toolCallId: call,
    toolName: "tides",
    answer: { output, messageId: `page-${call}` },
  })),
  fc.array(request, { maxLength: 2 }).map((interrupts): RunEvent => ({ type: "run-waiting", interrupts, until: 9 })),
  fc.constantFrom<RunEvent[]>(
    { type: "raw", chunkType: "background-task-running", payload: { taskId: "b1", startedAt: null } },
    { type: "raw", chunkType: "background-task-progress", payload: { taskIds: ["b1", "b2"] } },
    { type: "tripwire", reason: "No." },
  ),
  fc.constantFrom<RunEvent[]>(
    { type: "model-finished", step: 0, provider: "p", modelId: "m", usage: { inputTokens: 3, outputTokens: 1 } },
    { type: "model-finished", step: 1, provider: "p", modelId: "m", usage: { inputTokens: 3 } },
  ),
);

const suspended: fc.Arbitrary<TerminalEvent> = fc
  .uniqueArray(request, { maxLength: 3, selector: ({ id }) => id })
  .map((interrupts) => ({ type: "run-suspended", interrupts }));

/** Logs in no sensible order, with what AG-UI tells and other wires do not. */
export const randomAgUiLog: fc.Arbitrary<readonly RunEvent[]> = fc
  .tuple(randomLog, fc.array(fc.tuple(extra, fc.nat(40)), { maxLength: 25 }), fc.option(suspended, { nil: undefined }))
  .map(([log, extras, end]) => {
    const [first, ...rest] = log;
    const middle: RunEvent[] = rest.filter((event) => !isTerminalEvent(event));
    for (const [event, at] of extras) middle.splice(at % (middle.length + 1), 0, event);
    const last = end ?? rest.at(-1);
    return [...(first === undefined ? [] : [first]), ...middle, ...(last === undefined ? [] : [last])];
  });
