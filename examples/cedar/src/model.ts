import { ReadableStream } from "node:stream/web";
import { setTimeout as delay } from "node:timers/promises";
import type { MastraModelConfig } from "@mastra/core/llm";
import { nextAct, type Act, type Message } from "./script.ts";

/** The first key that is set decides; without one, the model is a script. */
const REAL_MODELS: readonly (readonly [key: string, model: string])[] = [
  ["OPENAI_API_KEY", "openai/gpt-5-mini"],
  ["ANTHROPIC_API_KEY", "anthropic/claude-haiku-4-5"],
  ["GOOGLE_GENERATIVE_AI_API_KEY", "google/gemini-2.5-flash"],
];

const DEFAULT_PACE_MS = 60;

export function model(env: NodeJS.ProcessEnv): MastraModelConfig {
  return REAL_MODELS.find(([key]) => env[key])?.[1] ?? scriptedModel({ paceMs: Number(env["HARBOUR_PACE_MS"] || DEFAULT_PACE_MS) });
}

/** What a model is called with, as far as it matters here. */
export interface Call {
  readonly prompt: readonly Message[];
  readonly tools?: readonly { readonly name: string }[];
  readonly temperature?: number;
  readonly maxOutputTokens?: number;
}

export interface ScriptOptions {
  /** How long a word takes, in milliseconds. */
  readonly paceMs: number;
  readonly onCall?: (call: Call) => void;
}

/** A model that needs no key, and answers word by word. */
export function scriptedModel({ paceMs, onCall }: ScriptOptions): MastraModelConfig {
  return {
    specificationVersion: "v2",
    provider: "scripted",
    modelId: "script",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("this model only streams")),
    doStream: async (call: Call) => {
      onCall?.(call);
      const act = nextAct(call.prompt, (call.tools ?? []).map(({ name }) => name));
      return { stream: ReadableStream.from(partsOf(act, usageOf(call, act), paceMs)) };
    },
  } as unknown as MastraModelConfig;
}

async function* partsOf(act: Act, usage: object, paceMs: number): AsyncGenerator<object> {
  yield { type: "stream-start", warnings: [] };
  if ("toolName" in act) {
    yield { type: "tool-call", toolCallId: `call_${crypto.randomUUID()}`, toolName: act.toolName, input: JSON.stringify(act.input) };
    yield { type: "finish", finishReason: "tool-calls", usage };
    return;
  }
  yield { type: "text-start", id: "0" };
  for (const delta of act.text.match(/\S+\s*/g) ?? []) {
    await delay(paceMs);
    yield { type: "text-delta", id: "0", delta };
  }
  yield { type: "text-end", id: "0" };
  yield { type: "finish", finishReason: "stop", usage };
}

/** A word counts as a token. */
function usageOf({ prompt }: Call, act: Act): object {
  const [inputTokens = 0, outputTokens = 0] = [prompt, act].map((value) => JSON.stringify(value).split(/\s+/).length);
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
}
