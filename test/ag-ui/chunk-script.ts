import type { RunEvent } from "../../src/core/event.ts";
import { FINISH_MARKER } from "../../src/mastra/model-marker.ts";
import { chunk, stepFinish } from "../mastra/chunk-fold.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A chunk of Mastra's, or an event that the driver of the agent puts into the log by itself. */
export type Given = Fields | { readonly driver: RunEvent };

/** A stream of chunks whose events on the wire are a golden file. */
export interface ChunkCase {
  /** Of the golden file. */
  readonly name: string;
  /** The types of chunks that it shows. */
  readonly types: readonly string[];
  readonly chunks: readonly Given[];
  /** Somebody asked for the run to stop. */
  readonly isCanceled?: boolean;
}

export const START: Fields = chunk("start", { id: "helper", messageId: "m1" });
export const STEP_START: Fields = chunk("step-start", { messageId: "m1", startedAt: 0, request: { body: "{}" }, warnings: [] });

const CALL_USAGE = { inputTokens: 20, outputTokens: 10, totalTokens: 30 };

/** What the driver puts behind a model's answer. */
export function modelFinished(finishReason: string, number: number = 0): Fields {
  return chunk("raw", { holdfast: FINISH_MARKER, call: number, finishReason, usage: CALL_USAGE, provider: "scripted", modelId: "scripted-1" });
}

export function finish(reason: string | undefined): Fields {
  return { ...stepFinish(reason, { usage: { inputTokens: 40, outputTokens: 20, totalTokens: 60 } }), type: "finish" };
}

/** The end of a step whose tools are asked for, behind which another one follows. */
export const TOOLS_FINISH: Fields = stepFinish("tool-calls", { isContinued: true });

export function said(...texts: readonly string[]): readonly Fields[] {
  const deltas = texts.map((text) => chunk("text-delta", { id: "t", text }));
  return [chunk("text-start", { id: "t" }), ...deltas, chunk("text-end", { id: "t", type: "text-end" })];
}

/** A run of one answer. */
export function answer(...chunks: readonly Given[]): readonly Given[] {
  return [START, STEP_START, ...chunks, modelFinished("stop"), stepFinish("stop"), finish("stop")];
}

/** A run whose model asks for tools, and says a word once it has what came of them. */
export function toolRun(calls: readonly Given[], outcomes: readonly Given[]): readonly Given[] {
  return [START, STEP_START, ...calls, modelFinished("tool-calls"), ...outcomes, TOOLS_FINISH, ...lastWord()];
}

/** The step behind the one of the tools. */
export function lastWord(): readonly Fields[] {
  return [STEP_START, ...said("Done."), modelFinished("stop", 1), stepFinish("stop", { steps: [{}, {}] }), finish("stop")];
}

export function call(toolCallId: string, toolName: string, args: unknown = { port: "Brest" }, more: object = {}): Fields {
  return chunk("tool-call", { toolCallId, toolName, args, ...more });
}

/** The driver puts this into the log before a tool executes. */
export function started(toolCallId: string, toolName: string): Given {
  return { driver: { type: "tool-started", toolCallId, toolName, attempt: 1, idempotencyKey: `run_golden:${toolCallId}` } };
}

export function gave(toolCallId: string, toolName: string, result: unknown, more: object = {}): Fields {
  return chunk("tool-result", { toolCallId, toolName, result, ...more });
}

/** What a tool that executes writes: chunks of an agent, a workflow or a network, or data of its own. */
export function wrote(toolCallId: string, toolName: string, output: unknown): Fields {
  return { ...chunk("tool-output", { toolCallId, toolName, output }), from: "USER" };
}
