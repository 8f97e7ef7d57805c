import type { Json } from "./json.ts";

/** Tokens of one model call or of several, as the provider reported them. A missing field was not reported; it is not zero. */
export interface Usage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly totalTokens?: number;
  readonly reasoningTokens?: number;
  readonly cachedInputTokens?: number;
  readonly cacheCreationInputTokens?: number;
  /** What the provider sent, untouched. Not summed. */
  readonly raw?: Json;
}

const COUNTS = ["inputTokens", "outputTokens", "totalTokens", "reasoningTokens", "cachedInputTokens", "cacheCreationInputTokens"] as const;

/** Adds token counts field by field; a field that neither side reported stays missing. */
export function addUsage(left: Usage, right: Usage): Usage {
  const sum: { -readonly [field in (typeof COUNTS)[number]]?: number } = {};
  for (const field of COUNTS) {
    if (left[field] !== undefined || right[field] !== undefined) sum[field] = (left[field] ?? 0) + (right[field] ?? 0);
  }
  return sum;
}
