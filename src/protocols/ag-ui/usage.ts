import type { Usage } from "../../core/usage.ts";
import type { TokenUsage } from "./event.ts";

type Counts = Omit<TokenUsage, "provider" | "model">;

/** Adds what a model call used to the entry of its provider and model. What was not reported stays left out: it is not zero. */
export function addTokens(
  entries: readonly TokenUsage[],
  call: { readonly provider?: string; readonly modelId?: string; readonly usage?: Usage },
): readonly TokenUsage[] {
  const counts = countsOf(call.usage ?? {});
  if (Object.keys(counts).length === 0) return entries;
  const model: TokenUsage = { ...(call.provider !== undefined && { provider: call.provider }), ...(call.modelId !== undefined && { model: call.modelId }) };
  const known = entries.find((entry) => entry.provider === model.provider && entry.model === model.model);
  if (known === undefined) return [...entries, { ...model, ...counts }];
  return entries.map((entry) => (entry === known ? sum(entry, counts) : entry));
}

function countsOf(usage: Usage): Counts {
  const { inputTokens, outputTokens, totalTokens, reasoningTokens, cachedInputTokens, cacheCreationInputTokens: cacheWriteInputTokens } = usage;
  const all = { inputTokens, outputTokens, totalTokens, reasoningTokens, cachedInputTokens, cacheWriteInputTokens };
  // Clients refuse a count that is not a whole number of at least 0.
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== undefined && Number.isSafeInteger(count) && count >= 0));
}

function sum(entry: TokenUsage, counts: Counts): TokenUsage {
  const fields = Object.entries(counts) as [keyof Counts, number][];
  return { ...entry, ...Object.fromEntries(fields.map(([field, count]) => [field, (entry[field] ?? 0) + count])) };
}
