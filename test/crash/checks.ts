import { expect } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import { isTerminalEvent } from "../../src/core/event.ts";
import type { Json } from "../../src/core/json.ts";
import { textOf, type ToolPart, type Transcript } from "../../src/core/transcript.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";
import { OUTCOME_UNKNOWN_TEXT } from "../../src/mastra/tool-decision.ts";
import type { ChildReport } from "./process.ts";
import { QUESTION, TOOLS_OF_STEP, type Effects } from "./world.ts";

/** Holds the log of a run that was crashed and taken over against what Holdfast promises. */
export function checkLog(before: readonly Entry[], after: ChildReport, effects: Effects): void {
  const { entries } = after;
  expect(
    entries.map((entry) => entry.offset),
    "the log is dense",
  ).toEqual(entries.map((_, index) => index + 1));
  expect(entries.slice(0, before.length), "what a client saw before the crash, the log has").toEqual(before);
  expect(entries.filter((entry) => isTerminalEvent(entry.event)).map((entry) => entry.event.type)).toEqual(["run-completed"]);
  expect(after.run?.status).toBe("completed");
  const transcript = transcriptOf(entries);
  checkEffects(entries, transcript, effects);
  expect(transcript.steps).toHaveLength(TOOLS_OF_STEP.length);
  expect(textOf(transcript)).toContain("Let me look that up.");
  expect(textOf(transcript)).toContain("Three kilograms of apples cost six euros in all.");
}

function checkEffects(entries: readonly Entry[], transcript: Transcript, effects: Effects): void {
  const happened = effects.all();
  const tools = transcript.steps.flatMap((step) => step.parts.filter((part): part is ToolPart => part.type === "tool"));
  expect(tools.map((tool) => tool.toolName)).toEqual(TOOLS_OF_STEP.flat());
  for (const tool of tools) {
    const executions = happened.filter((line) => line === `tool ${tool.toolName}`).length;
    if (tool.outcomeUnknown === true) {
      expect(executions, `${tool.toolName} is not run again`).toBeLessThanOrEqual(1);
      expect(tool).toMatchObject({ state: "error", message: OUTCOME_UNKNOWN_TEXT });
    } else {
      expect(executions, `${tool.toolName} ran once`).toBe(1);
      expect(tool.state).toBe("result");
    }
  }
  TOOLS_OF_STEP.forEach((_, step) => {
    const calls = happened.filter((line) => line === `model ${step}`).length;
    const finished = entries.filter(({ event }) => event.type === "model-finished" && event.step === step).length;
    expect(finished, `the model call of step ${step} finished once`).toBe(1);
    // A call is issued again only where the crash cut it, and the log says so; one that left no trace was never seen by anybody.
    expect(calls - 1, `the model call of step ${step} is not issued again once it finished`).toBeLessThanOrEqual(attemptsIn(entries, step) - 1);
  });
}

/** How many attempts had this step's model call still to make. */
function attemptsIn(entries: readonly Entry[], step: number): number {
  const done = entries.findIndex(({ event }) => event.type === "model-finished" && event.step === step);
  return entries.slice(0, done).filter(({ event }) => event.type === "attempt-started").length;
}

/** The thread holds the question once and the answer once, and the answer is what the stream showed. */
export function checkThread(after: ChildReport): void {
  const thread = after.thread ?? [];
  expect(thread.map((message) => [message["id"], message["role"]])).toEqual([
    [QUESTION.id, "user"],
    [after.run?.messageId, "assistant"],
  ]);
  const transcript = transcriptOf(after.entries);
  const parts = (thread[1]?.["parts"] ?? []) as readonly { readonly [field: string]: Json; readonly type: string }[];
  expect(parts.map((part) => (part.type === "text" && typeof part["text"] === "string" ? part["text"] : "")).join("")).toBe(textOf(transcript));
  const tools = transcript.steps.flatMap((step) => step.parts.filter((part): part is ToolPart => part.type === "tool"));
  expect(parts.filter((part) => part.type.startsWith("tool-")).map((part) => [part.type, part["toolCallId"], part["output"] ?? part["errorText"]])).toEqual(
    tools.map((tool) => [`tool-${tool.toolName}`, tool.toolCallId, tool.output ?? tool.message]),
  );
}
