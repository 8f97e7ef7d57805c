import type { FinishReason } from "../core/event.ts";

const KNOWN: ReadonlySet<string> = new Set<FinishReason>(["stop", "length", "content-filter", "tool-calls", "error", "other"]);

/**
 * Why a model or a run stopped, from what a provider (specification v2: text; v3 and v4: `{ unified, raw }`) or Mastra says; its own
 * words (`tripwire`, `retry`, `aborted`) and unknown ones are `other`, and nothing stays nothing.
 */
export function finishReasonOf(value: unknown): FinishReason | undefined {
  const reason = unifiedOf(value);
  if (typeof reason !== "string" || reason === "" || reason === "undefined") return undefined;
  return KNOWN.has(reason) ? (reason as FinishReason) : "other";
}

/** A model wrapped for another specification may carry `{ unified: { unified } }`. */
function unifiedOf(value: unknown): unknown {
  let reason = value;
  for (let depth = 0; depth < 4 && typeof reason === "object" && reason !== null; depth += 1) reason = (reason as { readonly unified?: unknown }).unified;
  return reason;
}
