import { setTimeout as delay } from "node:timers/promises";
import type { MastraModelConfig } from "@mastra/core/llm";

/** What a model says or does next. */
export type Act = { readonly text: string } | { readonly toolName: string; readonly input: Readonly<Record<string, unknown>> };

/** The parts of a prompt that are looked at. */
export interface Message {
  readonly role: string;
  readonly content: string | readonly { readonly type: string; readonly text?: string; readonly output?: unknown }[];
}

interface Acting {
  readonly modelId: string;
  /** How long a word takes, in milliseconds: 0 unless given. */
  readonly paceMs?: number;
  /** What comes after the prompt. What it throws is an error of the model. */
  readonly act: (prompt: readonly Message[]) => Act;
  readonly tokensOf?: (value: unknown) => number;
}

interface Call {
  readonly prompt: readonly Message[];
}

/** A model for Mastra that is a function, and needs no key. */
export function actingModel({ modelId, paceMs = 0, act, tokensOf = () => 0 }: Acting): MastraModelConfig {
  const usageOf = (prompt: unknown, next: Act): object => {
    const [inputTokens, outputTokens] = [tokensOf(prompt), tokensOf(next)];
    return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
  };
  return {
    specificationVersion: "v2",
    provider: "scripted",
    modelId,
    supportedUrls: {},
    doGenerate: async ({ prompt }: Call) => {
      const next = act(prompt);
      return { content: [contentOf(next)], finishReason: finishReasonOf(next), usage: usageOf(prompt, next), warnings: [] };
    },
    doStream: async ({ prompt }: Call) => {
      const next = act(prompt);
      const parts = [
        { type: "stream-start", warnings: [] },
        ...partsOf(next),
        { type: "finish", finishReason: finishReasonOf(next), usage: usageOf(prompt, next) },
      ];
      return { stream: streamOf(parts, paceMs) };
    },
  } as unknown as MastraModelConfig;
}

export function textOf(message: Message | undefined): string {
  const content = message?.content ?? "";
  if (typeof content === "string") return content;
  return content.map(({ text = "" }) => text).join("");
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
