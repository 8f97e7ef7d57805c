import { describe, expect, test } from "vitest";
import { chunk, fold, nested, stepFinish, told } from "./chunk-fold.ts";

const call = chunk("tool-call", { toolCallId: "c", toolName: "agent-helper", args: { prompt: "help" } });
const result = chunk("tool-result", { toolCallId: "c", toolName: "agent-helper", result: { text: "done" } });
const stepStart = chunk("step-start", {});
const inner = (event: object): object => ({ type: "nested", toolCallId: "c", event });

describe("a sub-agent", () => {
  test("counts steps of its own and has ids that are unique in the run", () => {
    const chunks = [
      chunk("start", { id: "helper" }),
      stepStart,
      chunk("text-start", { id: "t" }),
      chunk("text-delta", { id: "t", text: "Hi" }),
      chunk("tool-call", { toolCallId: "c", toolName: "add", args: {} }),
      chunk("tool-result", { toolCallId: "c", toolName: "add", result: 1 }),
      stepFinish("tool-calls", { isContinued: true }),
      stepStart,
      chunk("finish", { stepResult: { reason: "stop" } }),
    ];
    expect(told([call, ...chunks.map((one) => nested("c", one))]).slice(1)).toEqual([
      inner({ type: "step-started", step: 0 }),
      inner({ type: "text-start", id: "c/0.t" }),
      inner({ type: "text-delta", id: "c/0.t", text: "Hi" }),
      inner({ type: "tool-call", toolCallId: "c/c", toolName: "add", input: {} }),
      inner({ type: "tool-result", toolCallId: "c/c", toolName: "add", output: 1 }),
      inner({ type: "text-end", id: "c/0.t" }),
      inner({ type: "step-finished", step: 0, finishReason: "tool-calls", usage: { inputTokens: 20, outputTokens: 10, totalTokens: 30 }, isContinued: true }),
      inner({ type: "step-started", step: 1 }),
    ]);
  });

  test("of a sub-agent nests again", () => {
    const deep = nested("c", nested("d", chunk("step-start", {}), "sub-2"));
    expect(told([call, deep])[1]).toEqual(inner({ type: "nested", toolCallId: "c/d", event: { type: "step-started", step: 0 } }));
    const text = nested("c", nested("d", chunk("text-delta", { id: "t", text: "x" }), "sub-2"));
    expect(told([call, deep, text]).at(-1)).toEqual(inner({ type: "nested", toolCallId: "c/d", event: { type: "text-delta", id: "c/d/0.t", text: "x" } }));
  });

  test("leaves to the call what only the call can tell", () => {
    const chunks = [
      chunk("tool-call-approval", { toolCallId: "x", toolName: "pay", args: {} }),
      chunk("abort"),
      chunk("finish"),
      chunk("raw", { holdfast: "model-finished" }),
      chunk("error", { error: new Error("inner\n at /srv") }),
    ];
    expect(told([call, ...chunks.map((one) => nested("c", one))]).slice(1)).toEqual([
      inner({ type: "model-finished", step: 0 }),
      inner({ type: "raw", chunkType: "error", payload: { message: "inner" } }),
    ]);
  });

  test("has its open parts ended before the outcome of its call", () => {
    expect(told([call, nested("c", chunk("text-start", { id: "t" })), result]).slice(2)).toEqual([
      inner({ type: "text-end", id: "c/0.t" }),
      { type: "tool-result", toolCallId: "c", toolName: "agent-helper", output: { text: "done" } },
    ]);
  });

  test("has its open parts ended when the run ends", () => {
    const items = told([call, nested("c", chunk("text-start", { id: "t" })), chunk("abort")]);
    expect(items.slice(-2)).toEqual([inner({ type: "text-end", id: "c/0.t" }), { signal: "abort" }]);
  });

  test("shares the count of steps with others that run in the same call", () => {
    const chunks = [
      nested("c", stepStart, "one"),
      nested("c", stepStart, "two"),
      nested("c", stepFinish("stop"), "one"),
      nested("c", stepStart, "one"),
      nested("c", stepFinish("stop"), "two"),
    ];
    expect(told([call, ...chunks]).slice(1)).toMatchObject([
      { event: { type: "step-started", step: 0 } },
      { event: { type: "step-started", step: 1 } },
      { event: { type: "step-finished", step: 0 } },
      { event: { type: "step-started", step: 2 } },
      { event: { type: "step-finished", step: 1 } },
    ]);
  });

  test("inside a workflow is found through the workflow's own chunks", () => {
    const output = { type: "workflow-step-output", runId: "w", from: "WORKFLOW", payload: { output: { ...stepStart, runId: "sub" } } };
    expect(told([call, { ...chunk("tool-output", { toolCallId: "c", output }), from: "USER" }])[1]).toEqual(inner({ type: "step-started", step: 0 }));
    const plain = { type: "workflow-step-output", runId: "w", from: "WORKFLOW", payload: { output: { done: 1 } } };
    expect(told([call, chunk("tool-output", { toolCallId: "c", output: plain })])[1]).toEqual(
      inner({ type: "raw", chunkType: "workflow-step-output", payload: { output: { done: 1 } } }),
    );
  });

  test("that streams text changes no state", () => {
    const { state } = fold([call, nested("c", chunk("text-start", { id: "t" }))]);
    expect(fold([nested("c", chunk("text-delta", { id: "t", text: "x" }))], state).state).toBe(state);
  });

  test("in a background task is told like any other", () => {
    const output = chunk("background-task-output", { taskId: "b", toolCallId: "c", payload: nested("c", stepStart) });
    expect(told([call, output])[1]).toEqual(inner({ type: "step-started", step: 0 }));
  });
});
