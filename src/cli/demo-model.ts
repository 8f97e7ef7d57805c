import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { MastraModelConfig } from "@mastra/core/llm";
import { nextLines, type Line } from "./demo-script.ts";

/** The plain model object of the AI SDK's second specification; Mastra wraps it. */
type LanguageModel = Extract<MastraModelConfig, { specificationVersion: "v2"; doGenerate: unknown }>;
type CallOptions = Parameters<LanguageModel["doStream"]>[0];
type StreamPart = Awaited<ReturnType<LanguageModel["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never;
type Usage = Extract<StreamPart, { type: "finish" }>["usage"];

/** One word in 45 ms is 22 words a second: fast for a reader, slow enough to be cut by hand. */
const DEFAULT_PACE_MS = 45;

/** A model that needs no key: it says what the demo's script has for the conversation, word by word. */
export function scriptedModel(paceMs: number = DEFAULT_PACE_MS): MastraModelConfig {
  return {
    specificationVersion: "v2",
    provider: "holdfast",
    modelId: "scripted",
    supportedUrls: {},
    async doStream(options: CallOptions) {
      const lines = nextLines(options.prompt);
      return { stream: streamOf(paced(streamParts(lines, usageOf(options, lines)), paceMs, options.abortSignal)) };
    },
    async doGenerate(options: CallOptions) {
      const lines = nextLines(options.prompt);
      return { content: lines.map(contentPart), finishReason: finishReasonOf(lines), usage: usageOf(options, lines), warnings: [] };
    },
  };
}

function streamOf(parts: AsyncGenerator<StreamPart>): ReadableStream<StreamPart> {
  return new ReadableStream({
    async pull(controller) {
      const next = await parts.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}

async function* paced(parts: Iterable<StreamPart>, paceMs: number, signal: AbortSignal | undefined): AsyncGenerator<StreamPart> {
  for (const part of parts) {
    if (part.type.endsWith("-delta")) await delay(paceMs, undefined, signal && { signal });
    yield part;
  }
}

function* streamParts(lines: readonly Line[], usage: Usage): Generator<StreamPart> {
  yield { type: "stream-start", warnings: [] };
  for (const [index, line] of lines.entries()) {
    if (line.type === "tool") yield* toolParts(line);
    else {
      const id = String(index);
      yield { type: `${line.type}-start`, id };
      for (const delta of words(line.text)) yield { type: `${line.type}-delta`, id, delta };
      yield { type: `${line.type}-end`, id };
    }
  }
  yield { type: "finish", finishReason: finishReasonOf(lines), usage };
}

function* toolParts(line: Extract<Line, { type: "tool" }>): Generator<StreamPart> {
  const { id, toolName, input } = toolCall(line);
  yield { type: "tool-input-start", id, toolName };
  yield { type: "tool-input-delta", id, delta: input };
  yield { type: "tool-input-end", id };
  yield { type: "tool-call", toolCallId: id, toolName, input };
}

function contentPart(line: Line): { type: "text" | "reasoning"; text: string } | { type: "tool-call"; toolCallId: string; toolName: string; input: string } {
  if (line.type !== "tool") return line;
  const { id, toolName, input } = toolCall(line);
  return { type: "tool-call", toolCallId: id, toolName, input };
}

/** Ids are random, since a thread that holds two calls of one id cannot tell their results apart. */
function toolCall(line: Extract<Line, { type: "tool" }>): { id: string; toolName: string; input: string } {
  return { id: `call_${randomUUID()}`, toolName: line.toolName, input: JSON.stringify(line.input) };
}

function finishReasonOf(lines: readonly Line[]): "tool-calls" | "stop" {
  return lines.some((line) => line.type === "tool") ? "tool-calls" : "stop";
}

/** A word counts as a token. */
function usageOf(options: CallOptions, lines: readonly Line[]): Usage {
  const inputTokens = words(JSON.stringify(options.prompt)).length;
  const outputTokens = lines.reduce((sum, line) => sum + words(line.type === "tool" ? JSON.stringify(line.input) : line.text).length, 0);
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
}

function words(text: string): readonly string[] {
  return text.match(/\s*\S+\s*/g) ?? [];
}
