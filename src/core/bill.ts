import type { ModelCall, UsageState } from "./ledger.ts";
import type { TerminalStatus } from "./run.ts";
import { addUsage, type Usage } from "./usage.ts";

/**
 * What a customer pays for; fixed when the run starts. `delivered`: the work that counts, not what a crash made us repeat.
 * `all-attempts`: everything that was spent.
 */
export type BillingPolicy = "delivered" | "all-attempts";

export const DEFAULT_BILLING_POLICY: BillingPolicy = "delivered";

/** What tokens cost. Nothing is guessed: a model that is not listed has no amount. */
export interface PriceTable {
  /** Stored with each amount that is computed from this table. */
  readonly version: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** By `provider/modelId`, else by `modelId`. */
  readonly models: { readonly [model: string]: ModelPrice };
}

/** Per million tokens, in units of the table's currency. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
  /** Of input tokens that the provider read from its cache; the price of input where it is left out. */
  readonly cachedInput?: number;
  /** Of input tokens that were written to the provider's cache; the price of input where it is left out. */
  readonly cacheCreationInput?: number;
  /** Of output tokens that were spent on reasoning; the price of output where it is left out. */
  readonly reasoning?: number;
}

export type CallCounts = { readonly [state in UsageState]: number };

/** What several model calls add up to. Calls of unknown usage add nothing to the tokens and are counted by themselves. */
export interface Totals {
  readonly usage: Usage;
  readonly calls: CallCounts;
  /** In units of {@link currency}; left out without a price table, and where a model of the calls is not in it. */
  readonly amount?: number;
  readonly currency?: string;
  /** Models with tokens and without a price. */
  readonly unpricedModels?: readonly string[];
}

/** What one agent spent on one model. */
export interface BillLine extends Totals {
  readonly agentId: string;
  readonly provider?: string;
  readonly modelId?: string;
}

/** The one row of a run that is charged. */
export interface Bill {
  readonly runId: string;
  readonly threadId: string;
  readonly resourceId: string;
  readonly agentId: string;
  readonly status: TerminalStatus;
  readonly policy: BillingPolicy;
  /** When the run ended, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** What the customer pays for. Never changes. */
  readonly billable: Totals;
  /** What the provider charges, as known when the run ended. */
  readonly cost: Totals;
  /** The billable work by agent and model. */
  readonly lines: readonly BillLine[];
  readonly priceVersion?: string;
}

/** What a bill says of its run. */
export type BillSubject = Pick<Bill, "runId" | "threadId" | "resourceId" | "agentId" | "status" | "policy" | "at">;

/** The bill of a run that ends, from its ledger. */
export function billOf(subject: BillSubject, calls: readonly ModelCall[], prices: PriceTable | undefined): Bill {
  const billable = billableCalls(calls, subject.policy);
  return {
    ...subject,
    billable: totalsOf(billable, prices),
    cost: totalsOf(calls, prices),
    lines: linesOf(billable, prices),
    ...(prices && { priceVersion: prices.version }),
  };
}

/** The calls that a customer pays for. */
export function billableCalls(calls: readonly ModelCall[], policy: BillingPolicy): readonly ModelCall[] {
  return policy === "all-attempts" ? calls : calls.filter((call) => call.isSuperseded !== true);
}

/** Adds calls up. */
export function totalsOf(calls: readonly ModelCall[], prices?: PriceTable): Totals {
  const counts = { pending: 0, settled: 0, estimated: 0, unknown: 0 };
  let usage: Usage = {};
  let nanos = 0;
  const unpriced = new Set<string>();
  for (const call of calls) {
    counts[call.state] += 1;
    if (call.usage === undefined) continue;
    usage = addUsage(usage, call.usage);
    const price = prices && priceOf(call, prices);
    if (price) nanos += nanosOf(call.usage, price);
    else unpriced.add(modelName(call));
  }
  const totals = { usage, calls: counts };
  if (prices === undefined) return totals;
  if (unpriced.size > 0) return { ...totals, unpricedModels: [...unpriced].toSorted() };
  return { ...totals, amount: nanos / NANOS, currency: prices.currency };
}

/** Adds totals of different runs up; an amount is left out as soon as one is missing or in another currency. */
export function addTotals(left: Totals, right: Totals): Totals {
  const calls = {
    pending: left.calls.pending + right.calls.pending,
    settled: left.calls.settled + right.calls.settled,
    estimated: left.calls.estimated + right.calls.estimated,
    unknown: left.calls.unknown + right.calls.unknown,
  };
  const sum = { usage: addUsage(left.usage, right.usage), calls };
  const unpriced = [...new Set([...(left.unpricedModels ?? []), ...(right.unpricedModels ?? [])])].toSorted();
  if (unpriced.length > 0) return { ...sum, unpricedModels: unpriced };
  const isPriced = left.amount !== undefined && right.amount !== undefined && left.currency !== undefined && left.currency === right.currency;
  if (!isPriced) return sum;
  const amount = (Math.round(left.amount * NANOS) + Math.round(right.amount * NANOS)) / NANOS;
  return { ...sum, amount, currency: left.currency };
}

/** One line for each agent and model, in the order in which they first appear. */
export function linesOf(calls: readonly ModelCall[], prices?: PriceTable): readonly BillLine[] {
  const groups = new Map<string, ModelCall[]>();
  for (const call of calls) {
    const key = JSON.stringify([call.agentId, call.provider, call.modelId]);
    const group = groups.get(key);
    if (group) group.push(call);
    else groups.set(key, [call]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { agentId, provider, modelId } = first;
    return [{ agentId, ...(provider !== undefined && { provider }), ...(modelId !== undefined && { modelId }), ...totalsOf(group, prices) }];
  });
}

/** How a model is named in reports and price tables: `provider/modelId`. */
export function modelName({ provider, modelId }: { readonly provider?: string | undefined; readonly modelId?: string | undefined }): string {
  return [provider, modelId].filter((part) => part !== undefined).join("/") || "unknown";
}

function priceOf(call: ModelCall, prices: PriceTable): ModelPrice | undefined {
  const named = modelName(call);
  if (Object.hasOwn(prices.models, named)) return prices.models[named];
  return call.modelId !== undefined && Object.hasOwn(prices.models, call.modelId) ? prices.models[call.modelId] : undefined;
}

/** Whole billionths of the currency's unit, so that sums of many calls are exact. */
const NANOS = 1_000_000_000;
const NANOS_PER_PRICE_OF_ONE_TOKEN = NANOS / 1_000_000;

/** Cached tokens are part of the input, and tokens of reasoning part of the output. */
function nanosOf(usage: Usage, price: ModelPrice): number {
  const cached = usage.cachedInputTokens ?? 0;
  const created = usage.cacheCreationInputTokens ?? 0;
  const reasoning = usage.reasoningTokens ?? 0;
  const plainInput = Math.max(0, (usage.inputTokens ?? 0) - cached - created);
  const plainOutput = Math.max(0, (usage.outputTokens ?? 0) - reasoning);
  const priced =
    plainInput * price.input +
    cached * (price.cachedInput ?? price.input) +
    created * (price.cacheCreationInput ?? price.input) +
    plainOutput * price.output +
    reasoning * (price.reasoning ?? price.output);
  return Math.round(priced * NANOS_PER_PRICE_OF_ONE_TOKEN);
}
