import { initialNormalizeState, normalizeChunk, type Normalized, type NormalizedEvent, type NormalizeState } from "../../src/mastra/normalize.ts";

/** A chunk in Mastra's envelope. */
export function chunk(type: string, payload: unknown = {}): Readonly<Record<string, unknown>> {
  return { type, runId: "r1", from: "AGENT", payload };
}

/** A chunk of a sub-agent, as a tool call carries it. */
export function nested(toolCallId: string, inner: unknown, runId = "sub-1"): Readonly<Record<string, unknown>> {
  return { ...chunk("tool-output", { toolCallId, toolName: "agent-helper", output: { ...(inner as object), runId } }), from: "USER" };
}

/** Everything that the chunks tell, in order. */
export function fold(
  chunks: readonly unknown[],
  initial: NormalizeState = initialNormalizeState(),
): { readonly state: NormalizeState; readonly items: readonly Normalized[] } {
  let state = initial;
  const items: Normalized[] = [];
  for (const one of chunks) {
    const [next, news] = normalizeChunk(state, one);
    state = next;
    items.push(...news);
  }
  return { state, items };
}

/** The same, with events out of their wrapping. */
export function told(chunks: readonly unknown[], initial?: NormalizeState): readonly unknown[] {
  return fold(chunks, initial).items.map((item) => ("event" in item ? item.event : item));
}

export function events(items: readonly Normalized[]): readonly NormalizedEvent[] {
  return items.flatMap((item) => ("event" in item ? [item.event] : []));
}

/** A step-finish chunk with the weight that Mastra puts into it. */
export function stepFinish(
  reason: string | undefined,
  options: { readonly isContinued?: boolean; readonly usage?: object; readonly steps?: readonly object[] } = {},
): Readonly<Record<string, unknown>> {
  const { isContinued = false, usage = { inputTokens: 20, outputTokens: 10, totalTokens: 30 }, steps = [{}] } = options;
  return chunk("step-finish", {
    messageId: "m1",
    stepResult: { reason, isContinued, warnings: [] },
    output: { text: "said", toolCalls: [], usage, steps },
    metadata: { request: { body: "the whole request" }, headers: { authorization: "secret" } },
    messages: { all: ["heavy"], user: ["heavy"], nonUser: ["heavy"] },
  });
}
