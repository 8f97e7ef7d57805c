import { answerParts, finishPart, generatedContent, type Beat, type ModelVersion } from "./scripted-answer.ts";
import type { Move, ProviderPart } from "./scripted-parts.ts";
import { partsOf, type PromptMessage } from "./scripted-prompt.ts";

export type { ModelVersion } from "./scripted-answer.ts";
export { attach, call, cite, citeDocument, crash, cut, hang, part, raise, refuse, result, say, stop, think, wait } from "./scripted-parts.ts";
export type { Move, ProviderPart } from "./scripted-parts.ts";
export { lastUserText, toolCallsIn, toolResultsIn } from "./scripted-prompt.ts";
export type { PromptMessage } from "./scripted-prompt.ts";

/**
 * What the model does in each call: one list per call (the last one is repeated), or a function of what the prompt shows, which
 * goes on where it should after a restart of the process. `callNumber` counts this object's calls from 1.
 */
export type Script = readonly (readonly Move[])[] | ((prompt: readonly PromptMessage[], callNumber: number) => readonly Move[]);

export interface ScriptedModelOptions {
  /** Specification version; default v3. */
  readonly version?: ModelVersion;
  readonly calls: Script;
  /** Awaited when a call arrives, before anything is said. */
  readonly onCall?: (request: ModelRequest) => Promise<void> | void;
  /** Awaited before each part; a number: milliseconds. */
  readonly pace?: number | ((part: ProviderPart, index: number) => Promise<void> | void);
  readonly provider?: string;
  readonly modelId?: string;
}

/** A call that the model got. */
export interface ModelRequest {
  readonly number: number;
  readonly prompt: readonly PromptMessage[];
  /** All the options of the call. */
  readonly options: CallOptions;
}

export interface CallOptions {
  readonly prompt: readonly PromptMessage[];
  readonly abortSignal?: AbortSignal | undefined;
}

interface StreamedAnswer {
  /** Parts of the specification version; `never` fits every version's own type. */
  readonly stream: ReadableStream<never>;
}

/** A language model that Mastra and the AI SDK take for a real one. */
export interface ScriptedModel {
  readonly specificationVersion: never;
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls: Record<string, never>;
  doStream(options: CallOptions): Promise<StreamedAnswer>;
  doGenerate(options: CallOptions): Promise<never>;
  /** Every call so far, oldest first. */
  readonly requests: readonly ModelRequest[];
}

/**
 * A language model that plays a script, honours the abort signal, and remembers what it was asked.
 *
 * @example
 * const model = scriptedModel({ calls: [[think("Hm."), call("weather", { city: "Oslo" })], [say("It rains.")]] });
 */
export function scriptedModel(options: ScriptedModelOptions): ScriptedModel {
  const { version = "v3", calls, onCall, pace, provider = "scripted", modelId = "script-1" } = options;
  const requests: ModelRequest[] = [];

  const answer = async (callOptions: CallOptions): Promise<{ readonly moves: readonly Move[]; readonly firstCallId: number }> => {
    const { prompt } = callOptions;
    const request: ModelRequest = { number: requests.length + 1, prompt, options: callOptions };
    requests.push(request);
    callOptions.abortSignal?.throwIfAborted();
    await onCall?.(request);
    callOptions.abortSignal?.throwIfAborted();
    const moves = typeof calls === "function" ? calls(prompt, request.number) : (calls[Math.min(request.number, calls.length) - 1] ?? []);
    for (const move of moves) if (move.move === "refuse") throw move.error;
    return { moves, firstCallId: partsOf(prompt, "tool-call").length + 1 };
  };

  return {
    specificationVersion: version as never,
    provider,
    modelId,
    supportedUrls: {},
    requests,
    async doStream(callOptions) {
      const { moves, firstCallId } = await answer(callOptions);
      const parts = answerParts(version, moves, firstCallId);
      return { stream: streamOf(parts, pace, callOptions.abortSignal) as ReadableStream<never> };
    },
    async doGenerate(callOptions) {
      const { moves, firstCallId } = await answer(callOptions);
      const parts: ProviderPart[] = [];
      const reader = streamOf(answerParts(version, moves, firstCallId), pace, callOptions.abortSignal).getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) parts.push(next.value);
      const { finishReason, usage } = parts.find((candidate) => candidate.type === "finish") ?? finishPart(version, "other");
      return { content: generatedContent(parts), finishReason, usage, warnings: [] } as never;
    },
  };
}

function streamOf(beats: Iterable<Beat>, pace: ScriptedModelOptions["pace"], abortSignal: AbortSignal | undefined): ReadableStream<ProviderPart> {
  const signal = abortSignal ?? new AbortController().signal;
  const iterator = beats[Symbol.iterator]();
  let index = 0;
  return new ReadableStream<ProviderPart>(
    {
      async pull(controller) {
        for (;;) {
          signal.throwIfAborted();
          const next = iterator.next();
          if (next.done === true) {
            controller.close();
            return;
          }
          const beat = next.value;
          if ("crash" in beat) throw beat.crash;
          if ("part" in beat) {
            const pause = pauseBefore(pace, beat.part, index);
            index += 1;
            if (pause !== undefined) await unlessAborted(pause, signal);
            controller.enqueue(beat.part);
            return;
          }
          await unlessAborted(beat.until(signal), signal);
        }
      },
    },
    { highWaterMark: 0 },
  );
}

function pauseBefore(pace: ScriptedModelOptions["pace"], next: ProviderPart, index: number): Promise<unknown> | undefined {
  if (typeof pace === "number") return new Promise((resolve) => setTimeout(resolve, pace));
  return pace?.(next, index) ?? undefined;
}

async function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
