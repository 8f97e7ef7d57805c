import { arrayOf, COUNT, INSTANT, named, objectOf, TEXT, type JsonSchema } from "../../core/json-schema.ts";

const COUNTS = {
  inputTokens: COUNT,
  outputTokens: COUNT,
  totalTokens: COUNT,
  reasoningTokens: COUNT,
  cachedInputTokens: COUNT,
  cacheCreationInputTokens: COUNT,
} as const;

const PRICED = {
  amount: { type: "number", description: "In units of the currency; left out without a price table, and where a model is not in it." },
  currency: TEXT,
  unpricedModels: arrayOf(TEXT),
} as const;

const SUMMED = { usage: named("Usage"), calls: objectOf({ pending: COUNT, settled: COUNT, estimated: COUNT, unknown: COUNT }) } as const;

/** What was used and what it costs. */
export const USAGE_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Usage: {
    ...objectOf({}, { ...COUNTS, raw: { description: "What the provider sent, untouched." } }),
    description: "Tokens as the provider reported them. A missing field was not reported; it is not zero.",
  },
  Totals: objectOf(SUMMED, PRICED),
  ModelCall: objectOf(
    {
      attempt: COUNT,
      path: { ...TEXT, description: "Empty for the run's own agent, else the id of the tool call that the sub-agent runs in." },
      call: COUNT,
      state: { type: "string", enum: ["pending", "settled", "estimated", "unknown"] },
      agentId: TEXT,
      startedAt: INSTANT,
      at: INSTANT,
    },
    {
      provider: TEXT,
      modelId: TEXT,
      usage: named("Usage"),
      basis: { type: "string", enum: ["provider", "bytes"] },
      bounds: objectOf({ lower: named("Usage"), upper: named("Usage") }),
      isSuperseded: { type: "boolean" },
    },
  ),
  BillLine: objectOf({ agentId: TEXT, ...SUMMED }, { provider: TEXT, modelId: TEXT, ...PRICED }),
  Bill: objectOf(
    {
      runId: TEXT,
      threadId: TEXT,
      resourceId: TEXT,
      agentId: TEXT,
      status: { type: "string", enum: ["completed", "failed", "canceled", "suspended"] },
      policy: { type: "string", enum: ["delivered", "all-attempts"] },
      at: INSTANT,
      billable: named("Totals"),
      cost: named("Totals"),
      lines: arrayOf(named("BillLine")),
    },
    { priceVersion: TEXT },
  ),
  RunUsage: objectOf(
    { runId: TEXT, entries: arrayOf(named("ModelCall")), totals: objectOf({ billable: named("Totals"), cost: named("Totals") }) },
    { bill: named("Bill") },
  ),
  UsageRow: objectOf({
    key: { ...TEXT, description: "The resource, the agent, or `provider/modelId`." },
    runs: COUNT,
    billable: named("Totals"),
    cost: named("Totals"),
  }),
};
