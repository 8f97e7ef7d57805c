import type { Metadata, Move, ProviderPart, ScriptedUsage, ToolCallMove } from "./scripted-parts.ts";

/** Version of the language model specification. */
export type ModelVersion = "v2" | "v3" | "v4";

/** What a script yields: a part, or something to wait for or to fail with between two parts. */
export type Beat = { readonly part: ProviderPart } | { readonly until: (signal: AbortSignal) => Promise<unknown> } | { readonly crash: unknown };

const USAGE: ScriptedUsage = { inputTokens: 20, outputTokens: 10 };

/** The stream of one answer, in the words of the specification version. */
export function* answerParts(version: ModelVersion, moves: readonly Move[], firstCallId: number): Generator<Beat> {
  yield { part: { type: "stream-start", warnings: [] } };
  let texts = 0;
  let calls = 0;
  // What the provider executes itself leaves nothing to wait for.
  const asksForTools = moves.some((move) => move.move === "tool-call" && move.providerExecuted !== true);
  for (const move of moves) {
    switch (move.move) {
      case "text":
      case "reasoning":
        yield* spokenParts(move, move.id ?? `${move.move === "text" ? "t" : "r"}${texts}`);
        texts += 1;
        break;
      case "tool-call":
        yield* callParts(move, move.id ?? `call_${firstCallId + calls}`);
        calls += 1;
        break;
      case "tool-result":
        yield {
          part: {
            type: "tool-result",
            toolCallId: move.id,
            toolName: move.toolName,
            result: move.result,
            isError: move.isError,
            ...(version === "v2" && { providerExecuted: true }),
          },
        };
        break;
      case "source":
        yield { part: { type: "source", ...move.part } };
        break;
      case "file":
        yield { part: { type: "file", mediaType: move.mediaType, data: version === "v4" ? { type: "data", data: move.data } : move.data } };
        break;
      case "part":
        yield { part: move.part };
        break;
      case "wait":
        yield { until: move.until };
        break;
      case "stop":
        yield { part: { ...finishPart(version, move.reason ?? (asksForTools ? "tool-calls" : "stop"), move.usage), ...withMetadata(move.metadata) } };
        return;
      case "crash":
        yield { crash: move.error };
        return;
      case "cut":
      case "refuse":
        return;
    }
  }
  if (!moves.some((move) => move.move === "part" && move.part.type === "error")) yield { part: finishPart(version, asksForTools ? "tool-calls" : "stop") };
}

/** The part that ends an answer. */
export function finishPart(version: ModelVersion, reason: string, usage: ScriptedUsage = USAGE): ProviderPart {
  const { inputTokens, outputTokens, reasoningTokens, cachedInputTokens } = usage;
  if (version === "v2") {
    const kinds = { ...(reasoningTokens !== undefined && { reasoningTokens }), ...(cachedInputTokens !== undefined && { cachedInputTokens }) };
    return { type: "finish", finishReason: reason, usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, ...kinds } };
  }
  const uncached = cachedInputTokens === undefined ? undefined : inputTokens - cachedInputTokens;
  const spoken = reasoningTokens === undefined ? undefined : outputTokens - reasoningTokens;
  return {
    type: "finish",
    finishReason: { unified: reason, raw: reason },
    usage: {
      inputTokens: { total: inputTokens, noCache: uncached, cacheRead: cachedInputTokens, cacheWrite: undefined },
      outputTokens: { total: outputTokens, text: spoken, reasoning: reasoningTokens },
    },
  };
}

/** The content that the same answer has when it is not streamed. */
export function generatedContent(parts: readonly ProviderPart[]): readonly ProviderPart[] {
  const content: ProviderPart[] = [];
  const spoken = new Map<unknown, { type: string; text: string }>();
  for (const part of parts) {
    if (part.type === "text-start" || part.type === "reasoning-start") {
      const begun = { type: part.type === "text-start" ? "text" : "reasoning", text: "" };
      spoken.set(part["id"], begun);
      content.push(begun);
    } else if (part.type === "text-delta" || part.type === "reasoning-delta") {
      const begun = spoken.get(part["id"]);
      if (begun !== undefined) begun.text += String(part["delta"]);
    } else if (part.type === "tool-call" || part.type === "tool-result" || part.type === "source" || part.type === "file") {
      content.push(part);
    } else if (part.type === "error") {
      throw part["error"];
    }
  }
  return content;
}

function* spokenParts(move: Extract<Move, { move: "text" | "reasoning" }>, id: string): Generator<Beat> {
  const type = move.move;
  yield { part: { type: `${type}-start`, id } };
  for (const delta of move.pieces) yield { part: { type: `${type}-delta`, id, delta } };
  if (move.metadata !== undefined) yield { part: { type: `${type}-delta`, id, delta: "", ...withMetadata(move.metadata) } };
  if (!move.isCut) yield { part: { type: `${type}-end`, id } };
}

function* callParts(move: ToolCallMove, id: string): Generator<Beat> {
  const { toolName, input, pieces, providerExecuted, metadata } = move;
  const traits = providerExecuted === undefined ? {} : { providerExecuted };
  if (pieces.length > 0) {
    yield { part: { type: "tool-input-start", id, toolName, ...traits } };
    for (const delta of pieces) yield { part: { type: "tool-input-delta", id, delta } };
    yield { part: { type: "tool-input-end", id } };
  }
  yield { part: { type: "tool-call", toolCallId: id, toolName, input, ...traits, ...withMetadata(metadata) } };
}

function withMetadata(providerMetadata: Metadata | undefined): { readonly providerMetadata?: Metadata } {
  return providerMetadata === undefined ? {} : { providerMetadata };
}
