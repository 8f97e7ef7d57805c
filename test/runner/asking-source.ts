import type { AgentSource, AttemptContext, AttemptOutcome } from "../../src/core/agent-source.ts";
import type { InterruptKind, InterruptRequest } from "../../src/core/interrupt.ts";
import { isSettled, type ToolPart } from "../../src/core/transcript.ts";
import { scriptedSource } from "./scripted-source.ts";

/** A question of one step; the call has the same id. */
export function asked(id: string, kind: InterruptKind = "frontend-tool"): InterruptRequest {
  return { id, kind, toolCallId: id, toolName: "pick", input: {} };
}

export interface AskingSource extends AgentSource {
  /** One for each model call that was made: the run and its step. */
  readonly calls: readonly string[];
  /** How each thread was settled. */
  readonly settled: readonly string[];
}

/**
 * A source that asks the questions of one step after another, as the gates of an agent do: what the transcript holds is not done again, and
 * the answer of a question becomes the result of its call.
 */
export function askingSource(steps: readonly (readonly InterruptRequest[])[]): AskingSource {
  const calls: string[] = [];
  const settled: string[] = [];
  const callModel = async (attempt: AttemptContext, step: number): Promise<void> => {
    void attempt.emit({ type: "step-started", step });
    void attempt.emit({ type: "model-called", step, call: step, promptBytes: 40 });
    await attempt.commit();
    calls.push(`${attempt.run.id} ${step}`);
  };
  const source = scriptedSource((attempt) => goThrough(attempt, steps, callModel), {
    settle: (_run, { outcome }) => {
      settled.push(outcome);
      return Promise.resolve();
    },
  });
  return { ...source, calls, settled };
}

async function goThrough(
  attempt: AttemptContext,
  steps: readonly (readonly InterruptRequest[])[],
  callModel: (attempt: AttemptContext, step: number) => Promise<void>,
): Promise<AttemptOutcome> {
  const finished = (step: number): void => {
    void attempt.emit({ type: "model-finished", step, call: step, usage: { inputTokens: 10, outputTokens: 1, totalTokens: 11 } });
  };
  for (const [step, requests] of steps.entries()) {
    const known = attempt.transcript.steps[step];
    if (known === undefined) {
      await callModel(attempt, step);
      for (const { toolCallId, toolName, input } of requests) void attempt.emit({ type: "tool-call", toolCallId, toolName, input });
      finished(step);
      for (const request of requests) void attempt.emit({ type: "tool-interrupted", toolCallId: request.id, toolName: "pick", request });
      return { outcome: "suspended", interrupts: requests };
    }
    const tools = known.parts.filter((part): part is ToolPart => part.type === "tool");
    // An answer alone gives nothing: the gates report every question of the step until all are answered.
    const open = tools.filter((tool) => !isSettled(tool) && tool.answer === undefined);
    if (open.length > 0) return { outcome: "suspended", interrupts: open.flatMap(({ interrupt }) => interrupt ?? []) };
    for (const { toolCallId, toolName, answer } of tools.filter((tool) => !isSettled(tool))) {
      void attempt.emit({ type: "tool-result", toolCallId, toolName, output: answer?.value ?? null });
    }
    if (!known.isFinished) void attempt.emit({ type: "step-finished", step, isContinued: true });
  }
  await callModel(attempt, steps.length);
  finished(steps.length);
  void attempt.emit({ type: "step-finished", step: steps.length, isContinued: false });
  return { outcome: "completed" };
}
