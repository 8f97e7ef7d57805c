import type { Usage } from "../core/usage.ts";
import { toJson } from "./json-value.ts";

interface Fields {
  readonly [field: string]: unknown;
}

/**
 * Token usage from what a provider reports (specification v2: numbers; v3 and v4: objects by kind) or from what Mastra makes of
 * it; `undefined` when it holds no number.
 */
export function usageOf(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const counts = isRecord(value["inputTokens"]) || isRecord(value["outputTokens"]) ? countsByKind(value) : flatCounts(value);
  const present = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined)) as Usage;
  if (Object.keys(present).length === 0) return undefined;
  const raw = providersOwn(value);
  return raw === undefined ? present : { ...present, raw: toJson(raw) };
}

type Counts = { readonly [field in Exclude<keyof Usage, "raw">]: number | undefined };

function flatCounts(usage: Fields): Counts {
  const inputTokens = numberOf(usage["inputTokens"]);
  const outputTokens = numberOf(usage["outputTokens"]);
  const totalTokens = numberOf(usage["totalTokens"]);
  return {
    inputTokens,
    outputTokens,
    // Mastra writes a total of 0 where nothing was reported.
    totalTokens: totalTokens === 0 && inputTokens === undefined && outputTokens === undefined ? undefined : (totalTokens ?? sum(inputTokens, outputTokens)),
    reasoningTokens: numberOf(usage["reasoningTokens"]),
    cachedInputTokens: numberOf(usage["cachedInputTokens"]),
    cacheCreationInputTokens: numberOf(usage["cacheCreationInputTokens"]),
  };
}

function countsByKind(usage: Fields): Counts {
  const input = innermost(usage["inputTokens"]);
  const output = innermost(usage["outputTokens"]);
  const inputTokens = numberOf(input["total"]);
  const outputTokens = numberOf(output["total"]);
  return {
    inputTokens,
    outputTokens,
    totalTokens: numberOf(usage["totalTokens"]) ?? sum(inputTokens, outputTokens),
    reasoningTokens: numberOf(output["reasoning"]),
    cachedInputTokens: numberOf(input["cacheRead"]),
    cacheCreationInputTokens: numberOf(input["cacheWrite"]),
  };
}

/** A model wrapped for another specification may carry `{ total: { total } }`; the innermost object has the counts. */
function innermost(tokens: unknown): Fields {
  let current = isRecord(tokens) ? tokens : {};
  for (let depth = 0; depth < 4; depth += 1) {
    const { total } = current;
    if (!isRecord(total)) break;
    current = total;
  }
  return current;
}

/** Mastra's `raw` is the model's whole usage object, whose own `raw` (v3 and v4) is what the provider sent. */
function providersOwn(usage: Fields): unknown {
  const { raw } = usage;
  return isRecord(raw) && ("inputTokens" in raw || "outputTokens" in raw) ? raw["raw"] : raw;
}

function sum(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : left + right;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
