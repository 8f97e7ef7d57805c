import type { LanguageModelV3, LanguageModelV3CallOptions, LanguageModelV3StreamPart } from "@ai-sdk/provider";
import { setTimeout as delay } from "node:timers/promises";
import { parseScript, wordAt, type Script } from "./script.ts";
import { printStamp } from "./stamp.ts";

const USAGE = {
  inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 10, text: 10, reasoning: 0 },
};

/** A model that answers the script in the last user message. Product and peers get the same one. */
export function scriptedModel(): LanguageModelV3 {
  return {
    specificationVersion: "v3",
    provider: "bench",
    modelId: "scripted",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("The scripted model only streams.")),
    doStream: (options) => Promise.resolve({ stream: partsOf(scriptOf(options), options.abortSignal) }),
  };
}

function scriptOf(options: LanguageModelV3CallOptions): Script {
  const message = options.prompt.findLast((candidate) => candidate.role === "user");
  const text = message?.role === "user" ? message.content.map((part) => (part.type === "text" ? part.text : "")).join("") : "";
  return parseScript(text);
}

/** One part per pull: the reader sets the pace, and nothing but the reader's own work stands between two parts. */
function partsOf(script: Script, signal: AbortSignal | undefined): ReadableStream<LanguageModelV3StreamPart> {
  const parts = script.perSecond === 0 ? unpacedParts(script) : pacedParts(script, signal);
  return new ReadableStream<LanguageModelV3StreamPart>({
    pull: (controller) => {
      const next = parts.next();
      if (next instanceof Promise) return next.then((result) => forward(controller, result));
      forward(controller, next);
      return undefined;
    },
  });
}

function forward(controller: ReadableStreamDefaultController<LanguageModelV3StreamPart>, result: IteratorResult<LanguageModelV3StreamPart, void>): void {
  if (result.done === true) controller.close();
  else controller.enqueue(result.value);
}

function* unpacedParts(script: Script): Generator<LanguageModelV3StreamPart, void> {
  yield* opening();
  for (let index = 0; index < script.deltas; index += 1) yield deltaAt(script, index);
  yield* ending();
}

async function* pacedParts(script: Script, signal: AbortSignal | undefined): AsyncGenerator<LanguageModelV3StreamPart, void> {
  yield* opening();
  const begun = performance.now();
  for (let index = 0; index < script.deltas; index += 1) {
    const wait = begun + ((index + 1) * 1000) / script.perSecond - performance.now();
    if (wait > 0) await delay(wait, undefined, signal === undefined ? {} : { signal });
    yield deltaAt(script, index);
  }
  yield* ending();
}

function deltaAt(script: Script, index: number): LanguageModelV3StreamPart {
  return { type: "text-delta", id: "text-1", delta: script.text === "stamps" ? printStamp(index) : wordAt(index) };
}

function opening(): LanguageModelV3StreamPart[] {
  return [
    { type: "stream-start", warnings: [] },
    { type: "text-start", id: "text-1" },
  ];
}

function ending(): LanguageModelV3StreamPart[] {
  return [
    { type: "text-end", id: "text-1" },
    { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage: USAGE },
  ];
}
