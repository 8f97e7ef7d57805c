import { setTimeout as delay } from "node:timers/promises";
import type { MastraModelConfig } from "@mastra/core/llm";
import { assist, write, type Act, type Message } from "./gullible-script.ts";

/** The first key that is set decides; without one, the model is a script. */
const REAL_MODELS: readonly (readonly [key: string, model: string])[] = [
  ["OPENAI_API_KEY", "openai/gpt-5-mini"],
  ["ANTHROPIC_API_KEY", "anthropic/claude-haiku-4-5"],
  ["GOOGLE_GENERATIVE_AI_API_KEY", "google/gemini-2.5-flash"],
];

export function model(env: NodeJS.ProcessEnv): MastraModelConfig {
  return REAL_MODELS.find(([key]) => env[key])?.[1] ?? scriptedModel({ paceMs: Number(env["GOVERNED_RAG_PACE_MS"] ?? 0) });
}

export interface ScriptOptions {
  /** How long a word takes, in milliseconds: 0 unless given. Slow enough to stop the server in the middle. */
  readonly paceMs?: number;
  /** Sees all that the model is told. */
  readonly onPrompt?: (prompt: readonly Message[]) => void;
}

interface Call {
  readonly prompt: readonly Message[];
  readonly tools?: readonly { readonly name: string }[];
}

/**
 * A model that needs no key, and that falls for every instruction in what it reads: what protects the documents is that it does not get them.
 */
export function scriptedModel({ paceMs = 0, onPrompt }: ScriptOptions = {}): MastraModelConfig {
  const usageOf = (prompt: unknown, act: Act): object => {
    const [inputTokens, outputTokens] = [prompt, act].map((value) => JSON.stringify(value).split(/\s+/).length) as [number, number];
    return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
  };
  const next = ({ prompt, tools = [] }: Call): Act => {
    onPrompt?.(prompt);
    const [tool] = tools;
    return tool === undefined ? write(prompt) : assist(prompt, tool.name);
  };
  return {
    specificationVersion: "v2",
    provider: "scripted",
    modelId: "gullible",
    supportedUrls: {},
    doGenerate: async (call: Call) => {
      const act = next(call);
      return { content: [contentOf(act)], finishReason: finishReasonOf(act), usage: usageOf(call.prompt, act), warnings: [] };
    },
    doStream: async (call: Call) => {
      const act = next(call);
      const parts = [
        { type: "stream-start", warnings: [] },
        ...partsOf(act),
        { type: "finish", finishReason: finishReasonOf(act), usage: usageOf(call.prompt, act) },
      ];
      return { stream: streamOf(parts, paceMs) };
    },
  } as unknown as MastraModelConfig;
}

function streamOf(parts: readonly object[], paceMs: number): ReadableStream<object> {
  const left = parts.values();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = left.next();
      if (done === true) return controller.close();
      if (paceMs > 0) await delay(paceMs);
      controller.enqueue(value);
    },
  });
}

function contentOf(act: Act): object {
  return "text" in act ? { type: "text", text: act.text } : toolCall(act);
}

function partsOf(act: Act): readonly object[] {
  if (!("text" in act)) return [toolCall(act)];
  const deltas = (act.text.match(/\s*\S+\s*/g) ?? []).map((delta) => ({ type: "text-delta", id: "0", delta }));
  return [{ type: "text-start", id: "0" }, ...deltas, { type: "text-end", id: "0" }];
}

function toolCall({ toolName, input }: Extract<Act, { toolName: string }>): object {
  return { type: "tool-call", toolCallId: `call_${crypto.randomUUID()}`, toolName, input: JSON.stringify(input) };
}

function finishReasonOf(act: Act): "stop" | "tool-calls" {
  return "text" in act ? "stop" : "tool-calls";
}
