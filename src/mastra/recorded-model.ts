import type { FinishReason, ProviderMetadata } from "../core/event.ts";
import type { ToolPart, TranscriptPart, TranscriptStep } from "../core/transcript.ts";
import type { StreamPart } from "./streaming-model.ts";

/** A language model of specification v2 that plays one answer. */
export interface RecordedModel {
  readonly specificationVersion: "v2";
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls: Record<string, never>;
  doStream(): Promise<{ readonly stream: ReadableStream<StreamPart> }>;
  doGenerate(): Promise<never>;
}

/**
 * Plays the recorded answer of a finished model call, so that Mastra goes through the step again (messages, memory, tools) without
 * the provider being asked again.
 */
export function recordedModel(step: TranscriptStep, idPrefix: string = ""): RecordedModel {
  const parts = recordedParts(step, idPrefix);
  return {
    specificationVersion: "v2",
    provider: step.modelFinished?.provider ?? "holdfast",
    modelId: step.modelFinished?.modelId ?? "recorded",
    supportedUrls: {},
    doStream: () => Promise.resolve({ stream: streamOf(parts) }),
    doGenerate: () => Promise.reject(new Error("a recorded answer is streamed")),
  };
}

/** The stream parts of a recorded answer. `idPrefix`: what the log puts before the ids of a sub-agent's calls. */
export function recordedParts(step: TranscriptStep, idPrefix: string = ""): readonly StreamPart[] {
  const usage = step.modelFinished?.usage;
  return [
    { type: "stream-start", warnings: [] },
    ...step.parts.flatMap((part) => partsOf(part, idPrefix)),
    {
      type: "finish",
      finishReason: v2FinishReason(step.modelFinished?.finishReason),
      usage: { inputTokens: usage?.inputTokens, outputTokens: usage?.outputTokens, totalTokens: usage?.totalTokens },
      ...metadata(step.modelFinished?.providerMetadata),
    },
  ];
}

function partsOf(part: TranscriptPart, idPrefix: string): readonly StreamPart[] {
  switch (part.type) {
    case "text":
    case "reasoning": {
      const { type, id, text } = part;
      return [
        { type: `${type}-start`, id, ...metadata(part.providerMetadata) },
        { type: `${type}-delta`, id, delta: text },
        { type: `${type}-end`, id, ...metadata(part.providerMetadata) },
      ];
    }
    case "tool":
      // A model that broke off while it wrote the arguments made no call, though the next one completed the answer.
      return part.state === "input-streaming" ? [] : toolParts(part, idPrefix);
    case "source":
      return [{ ...part, type: "source" }];
    case "file":
      return part.base64 === undefined ? [] : [{ type: "file", mediaType: part.mediaType, data: part.base64 }];
    // Made by tools and processors, not by the model.
    case "data":
    case "custom":
    case "object":
    case "tripwire":
      return [];
  }
}

function toolParts(part: ToolPart, idPrefix: string): readonly StreamPart[] {
  const { toolName, providerExecuted } = part;
  const toolCallId = part.toolCallId.startsWith(idPrefix) ? part.toolCallId.slice(idPrefix.length) : part.toolCallId;
  const call = {
    type: "tool-call",
    toolCallId,
    toolName,
    input: part.invalid === undefined ? JSON.stringify(part.input ?? {}) : notJson(part.inputText),
    ...(providerExecuted !== undefined && { providerExecuted }),
    ...metadata(part.providerMetadata),
  };
  if (providerExecuted !== true || (part.state !== "result" && part.state !== "error")) return [call];
  const isError = part.state === "error";
  return [call, { type: "tool-result", toolCallId, toolName, result: isError ? part.message : part.output, providerExecuted, ...(isError && { isError }) }];
}

/** A call that was refused for its arguments must be refused again, whatever was recorded of them. */
function notJson(text: string): string {
  try {
    JSON.parse(text);
    return "{";
  } catch {
    return text === "" ? "{" : text;
  }
}

function metadata(providerMetadata: ProviderMetadata | undefined): { readonly providerMetadata?: ProviderMetadata } {
  return providerMetadata === undefined ? {} : { providerMetadata };
}

// Specification v2 says `unknown` where an end has no reason.
function v2FinishReason(reason: FinishReason | undefined): string {
  return reason ?? "unknown";
}

function streamOf(parts: readonly StreamPart[]): ReadableStream<StreamPart> {
  return new ReadableStream<StreamPart>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}
