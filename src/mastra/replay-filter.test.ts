import { describe, expect, test } from "vitest";
import type { RunEvent } from "../core/event.ts";
import { START } from "../core/offset.ts";
import type { ToolPart, Transcript, TranscriptStep } from "../core/transcript.ts";
import { isReplayed } from "./replay-filter.ts";
import { toolDecision } from "./tool-decision.ts";

const tool = (toolCallId: string, state: ToolPart["state"], extra: Partial<ToolPart> = {}): ToolPart => ({
  type: "tool",
  toolCallId,
  toolName: "t",
  inputText: "",
  state,
  ...extra,
});
const step = (parts: TranscriptStep["parts"], isFinished: boolean): TranscriptStep => ({
  step: 0,
  before: START,
  parts,
  modelFinished: { type: "model-finished", step: 0 },
  isFinished,
  isLast: false,
});
const transcript = (...steps: TranscriptStep[]): Transcript => ({ steps, offset: START, usage: {}, end: undefined, nested: new Map() });

const inStep = (number: number) => (): number => number;

const result = (toolCallId: string): RunEvent => ({ type: "tool-result", toolCallId, toolName: "t", output: 1 });

describe("the replay of a recorded step", () => {
  const halfDone = transcript(step([tool("done", "result"), tool("open", "called")], false));

  test("what the model said is not logged again", () => {
    for (const event of [
      { type: "step-started", step: 0 },
      { type: "text-delta", id: "0.t", text: "x" },
      { type: "tool-call", toolCallId: "open", toolName: "t", input: {} },
      { type: "model-finished", step: 0 },
    ] as RunEvent[])
      expect(isReplayed(halfDone, inStep(0), event)).toBe(true);
  });

  test("the outcome of a tool that had none is logged, that of one that had is not", () => {
    expect(isReplayed(halfDone, inStep(0), result("open"))).toBe(false);
    expect(isReplayed(halfDone, inStep(0), result("done"))).toBe(true);
  });

  test("the end of the step is logged once", () => {
    const end: RunEvent = { type: "step-finished", step: 0, isContinued: true };
    expect(isReplayed(halfDone, inStep(0), end)).toBe(false);
    expect(isReplayed(transcript(step([], true)), inStep(0), end)).toBe(true);
  });

  test("a step behind the log is logged whole", () => {
    expect(isReplayed(halfDone, inStep(1), { type: "text-delta", id: "1.t", text: "x" })).toBe(false);
  });
});

describe("what happens when a tool is about to execute", () => {
  test("a recorded result is handed back, a recorded failure fails again", () => {
    expect(toolDecision(tool("c", "result", { output: { sum: 3 } }), false)).toEqual({ action: "answer", output: { sum: 3 } });
    expect(toolDecision(tool("c", "error", { message: "no" }), true)).toEqual({ action: "fail", message: "no" });
  });

  test("a tool that was started and did not end runs again only if it is idempotent", () => {
    expect(toolDecision(tool("c", "started"), false).action).toBe("give-up");
    expect(toolDecision(tool("c", "started"), true).action).toBe("execute");
  });

  test("a tool that was only asked for executes", () => {
    expect(toolDecision(tool("c", "called"), false).action).toBe("execute");
    expect(toolDecision(undefined, false).action).toBe("execute");
  });
});
