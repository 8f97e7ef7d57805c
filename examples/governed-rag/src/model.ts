import type { MastraModelConfig } from "@mastra/core/llm";
import { actingModel, type Message } from "./acting-model.ts";
import { write } from "./gullible-script.ts";

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

/**
 * A model that needs no key, and that falls for every instruction in what it reads: what protects the documents is that it does not get them.
 */
export function scriptedModel({ paceMs = 0, onPrompt }: ScriptOptions = {}): MastraModelConfig {
  const act = (prompt: readonly Message[]): ReturnType<typeof write> => {
    onPrompt?.(prompt);
    return write(prompt);
  };
  return actingModel({ modelId: "gullible", paceMs, act, tokensOf: (value) => JSON.stringify(value).split(/\s+/).length });
}
