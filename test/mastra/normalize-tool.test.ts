import { describe, expect, test } from "vitest";
import { initialNormalizeState, normalizeChunk, noteToolOutcome, uniqueToolCallId } from "../../src/mastra/normalize.ts";
import { chunk, fold, stepFinish, told } from "./chunk-fold.ts";

const call = chunk("tool-call", { toolCallId: "c", toolName: "add", args: { a: 1 } });
const result = chunk("tool-result", { toolCallId: "c", toolName: "add", args: { a: 1 }, result: { sum: 1 } });
const resultEvent = { type: "tool-result", toolCallId: "c", toolName: "add", output: { sum: 1 } };

const stepStart = chunk("step-start");
const firstStep = [stepStart, call, result, stepFinish("tool-calls")];

describe("a tool call", () => {
  test("is told with its input as it streams", () => {
    const chunks = [
      chunk("tool-call-input-streaming-start", { toolCallId: "c", toolName: "add", dynamic: true, title: "Add" }),
      chunk("tool-call-delta", { toolCallId: "c", argsTextDelta: '{"a":' }),
      chunk("tool-call-delta", { toolCallId: "c", toolName: "add", argsTextDelta: "1}" }),
      chunk("tool-call-input-streaming-end", { toolCallId: "c" }),
      chunk("tool-call", {
        toolCallId: "c",
        toolName: "add",
        args: { a: 1 },
        dynamic: true,
        title: "Add",
        providerMetadata: { google: { thoughtSignature: "s" } },
      }),
      result,
    ];
    expect(told(chunks)).toEqual([
      { type: "tool-input-start", toolCallId: "c", toolName: "add", dynamic: true, title: "Add" },
      { type: "tool-input-delta", toolCallId: "c", text: '{"a":' },
      { type: "tool-input-delta", toolCallId: "c", text: "1}" },
      {
        type: "tool-call",
        toolCallId: "c",
        toolName: "add",
        input: { a: 1 },
        dynamic: true,
        title: "Add",
        providerMetadata: { google: { thoughtSignature: "s" } },
      },
      resultEvent,
    ]);
  });

  test("is told once, also when Mastra says it twice", () => {
    expect(told([call, call])).toEqual([{ type: "tool-call", toolCallId: "c", toolName: "add", input: { a: 1 } }]);
  });

  test("whose arguments are no JSON is invalid", () => {
    expect(told([chunk("tool-call", { toolCallId: "c", toolName: "add" })])).toEqual([
      { type: "tool-call", toolCallId: "c", toolName: "add", input: {}, invalid: "The arguments of the call are not valid JSON." },
    ]);
  });

  test("keeps the provider's id, and gets the step behind it when the id was used up by an earlier step", () => {
    const ids = (told([call, result, stepFinish("tool-calls"), call, result, stepFinish("tool-calls"), call]) as { toolCallId?: string }[]).flatMap(
      (event) => event.toolCallId ?? [],
    );
    expect(ids).toEqual(["c", "c", "c#1", "c#1", "c#2"]);
  });

  test("that Mastra executes but does not tell, because its id was used before, is told with its result", () => {
    const again = chunk("tool-result", { toolCallId: "c", toolName: "add", args: { a: 5 }, result: { sum: 5 } });
    expect(told([...firstStep, stepStart, again]).slice(5)).toEqual([
      { type: "tool-call", toolCallId: "c#1", toolName: "add", input: { a: 5 } },
      { type: "tool-result", toolCallId: "c#1", toolName: "add", output: { sum: 5 } },
    ]);
  });

  test("has one id, known before its outcome is", () => {
    const { state } = fold([...firstStep, stepStart]);
    expect(uniqueToolCallId(state, "c")).toBe("c#1");
    expect(uniqueToolCallId(fold([call], state).state, "c")).toBe("c#1");
    expect(uniqueToolCallId(state, "other")).toBe("other");
    expect(uniqueToolCallId(fold([call]).state, "c")).toBe("c");
  });
});

describe("the outcome of a tool call", () => {
  test.each([
    ["a result", result, resultEvent],
    [
      "the result of a tool that the provider executes",
      chunk("tool-result", { toolCallId: "c", toolName: "web", result: [1], providerExecuted: true, providerMetadata: { p: { id: "1" } } }),
      { type: "tool-result", toolCallId: "c", toolName: "web", output: [1], providerExecuted: true, providerMetadata: { p: { id: "1" } } },
    ],
    [
      "a result that is an error",
      chunk("tool-result", { toolCallId: "c", toolName: "add", result: "it broke", isError: true }),
      { type: "tool-error", toolCallId: "c", toolName: "add", message: "it broke" },
    ],
    [
      "arguments that do not fit the schema",
      chunk("tool-result", { toolCallId: "c", toolName: "add", result: { error: true, message: "validation failed:\n- a: required", validationErrors: {} } }),
      { type: "tool-error", toolCallId: "c", toolName: "add", message: "validation failed: - a: required" },
    ],
    [
      "a tool's own result that has an error field",
      chunk("tool-result", { toolCallId: "c", toolName: "add", result: { error: true, message: "said the tool" } }),
      { type: "tool-result", toolCallId: "c", toolName: "add", output: { error: true, message: "said the tool" } },
    ],
    [
      "an error",
      chunk("tool-error", { toolCallId: "c", toolName: "add", error: new Error("boom\n at x") }),
      { type: "tool-error", toolCallId: "c", toolName: "add", message: "boom" },
    ],
    [
      "an error that was serialised",
      chunk("tool-error", { toolCallId: "c", toolName: "add", error: { message: "boom", stack: "at /srv" } }),
      { type: "tool-error", toolCallId: "c", toolName: "add", message: "boom" },
    ],
    [
      "a refusal",
      chunk("tool-output-denied", { toolCallId: "c", toolName: "add", args: {}, approval: { id: "c", approved: false, reason: "too dear" } }),
      { type: "tool-denied", toolCallId: "c", toolName: "add", reason: "too dear" },
    ],
    [
      "progress",
      chunk("tool-output", { toolCallId: "c", toolName: "add", output: { done: 0.5 } }),
      { type: "tool-progress", toolCallId: "c", data: { done: 0.5 } },
    ],
    [
      "progress that looks like a chunk but names no run",
      chunk("tool-output", { toolCallId: "c", output: { type: "text-delta", payload: {} } }),
      { type: "tool-progress", toolCallId: "c", data: { type: "text-delta", payload: {} } },
    ],
  ])("%s", (_name, one, event) => {
    expect(told([one])).toEqual([event]);
  });

  test("is told once: the second result that an abort brings is dropped", () => {
    expect(told([call, result, result])).toHaveLength(2);
    expect(told([call, chunk("tool-error", { toolCallId: "c", error: "no" }), result])).toHaveLength(2);
    expect(told([...firstStep, result, chunk("abort")]).slice(4)).toEqual([{ signal: "abort" }]);
  });

  test("that was reported before Mastra tells it is dropped", () => {
    const { state } = fold([call]);
    expect(told([result], noteToolOutcome(state, "c"))).toEqual([]);
    expect(told([chunk("tool-error", { toolCallId: "early", toolName: "t", error: "x" })], noteToolOutcome(state, "early"))).toEqual([]);
    const noted = noteToolOutcome(state, "c");
    expect(noteToolOutcome(noted, "c")).toBe(noted);
  });

  test("of a call whose id was used before can be reported too", () => {
    const { state } = fold([...firstStep, stepStart]);
    expect(told([result], noteToolOutcome(state, "c"))).toEqual([]);
  });

  test("of a tool that went to the background replaces what the call gave first", () => {
    const status = (value: string): object => ({ mastra: { backgroundTask: { taskId: "b", status: value } } });
    const started = chunk("tool-result", { toolCallId: "c", toolName: "add", result: "started", providerMetadata: status("running") });
    const completed = chunk("tool-result", { toolCallId: "c", toolName: "add", result: { sum: 1 }, providerMetadata: status("completed") });
    const outputs = (told([call, started, stepFinish("tool-calls"), completed]) as { type: string; output?: unknown; toolCallId?: string }[]).filter(
      (event) => event.type === "tool-result",
    );
    expect(outputs.map((event) => [event.toolCallId, event.output])).toEqual([
      ["c", "started"],
      ["c", { sum: 1 }],
    ]);
  });

  test("of a call that only the provider's call named as its own is the provider's", () => {
    const own = chunk("tool-call", { toolCallId: "w", toolName: "web", args: {}, providerExecuted: true });
    const answer = chunk("tool-result", { toolCallId: "w", toolName: "web", result: [1] });
    expect(told([own, answer]).at(-1)).toEqual({ type: "tool-result", toolCallId: "w", toolName: "web", output: [1], providerExecuted: true });
  });
});

describe("a question", () => {
  const schema = { type: "object", properties: { approved: { type: "boolean" } } };
  test("for approval interrupts the run", () => {
    expect(
      told([call, chunk("tool-call-approval", { toolCallId: "c", toolName: "add", args: { a: 1 }, resumeSchema: JSON.stringify(schema) })]).at(-1),
    ).toEqual({
      signal: "interrupt",
      request: { id: "c", kind: "tool-approval", toolCallId: "c", toolName: "add", input: { a: 1 }, resumeSchema: schema },
    });
  });

  test("of a tool that suspended carries what it gave", () => {
    expect(
      told([chunk("tool-call-suspended", { toolCallId: "c", toolName: "ask", args: {}, suspendPayload: { q: "why?" }, resumeSchema: "no JSON" })]),
    ).toEqual([{ signal: "interrupt", request: { id: "c", kind: "tool-suspend", toolCallId: "c", toolName: "ask", input: {}, payload: { q: "why?" } } }]);
  });

  test("carries the id that the call has in the log", () => {
    const [, items] = normalizeChunk(fold([...firstStep, stepStart, call]).state, chunk("tool-call-approval", { toolCallId: "c", toolName: "add", args: {} }));
    expect(items).toMatchObject([{ request: { id: "c#1", toolCallId: "c#1" } }]);
  });

  test("leaves its call open, so that the answer's result is told", () => {
    const asked = fold([call, chunk("tool-call-approval", { toolCallId: "c", toolName: "add", args: {} })]).state;
    expect(told([result], asked)).toEqual([resultEvent]);
    expect(told([result], initialNormalizeState())).toEqual([resultEvent]);
  });
});
