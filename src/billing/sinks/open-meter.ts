import { modelName, type Bill, type Totals } from "../../core/bill.ts";
import type { JsonObject } from "../../core/json.ts";
import { checkedHeaders, checkedUrl, post } from "../http-request.ts";
import { sendParts } from "../send-parts.ts";
import type { Sink } from "../sink.ts";

export interface OpenMeterSinkOptions {
  /** Without a path: `https://openmeter.cloud`. */
  readonly url: string;
  readonly apiKey?: string;
  /** The `source` of the events. OpenMeter counts a pair of source and id once. Default `holdfast`. */
  readonly source?: string;
  /** The `type` of the events, which a meter is tied to. Default `run.billed`. */
  readonly type?: string;
  /** `run`: one event for each run. `model`: one for each agent and model of its bill. Default `run`. */
  readonly eventPer?: "run" | "model";
  /** Default `openmeter`. */
  readonly name?: string;
  /** How long OpenMeter recognises an event, in milliseconds, as its `dedupe.config.expiration` says. Default 24 h, as there. */
  readonly dedupWindowMs?: number;
}

/** OpenMeter's own default where it keeps the ids in Redis: https://github.com/openmeterio/openmeter, app/config/dedupe.go */
const DEFAULT_DEDUP_WINDOW_MS = 24 * 3_600_000;

/**
 * Sends what a customer pays for as CloudEvents 1.0 in structured JSON, the way that OpenMeter takes them in: `subject` is the resource of
 * the run, `time` its end, `id` the run's id, with `:agent:provider/model` behind it where there is one event for each model. OpenMeter
 * counts an id once only where its `dedupe.enabled` is switched on.
 * @throws {HoldfastError} CONFIG_INVALID
 *
 * @example
 * openMeterSink({ url: "https://openmeter.cloud", apiKey: process.env.OPENMETER_KEY ?? "", eventPer: "model" });
 */
export function openMeterSink(options: OpenMeterSinkOptions): Sink {
  const { name = "openmeter", apiKey, dedupWindowMs = DEFAULT_DEDUP_WINDOW_MS } = options;
  const url = `${checkedUrl(name, options.url).replace(/\/+$/, "")}/api/v1/events`;
  const authorization = apiKey !== undefined && { authorization: `Bearer ${apiKey}` };
  const headers = checkedHeaders(name, { "content-type": "application/cloudevents+json", ...authorization });
  return {
    name,
    dedupWindowMs,
    send: ({ bill }, signal) => sendParts(cloudEvents(bill, options).map((event) => () => post({ url, headers, body: JSON.stringify(event) }, signal))),
  };
}

/** The CloudEvents of a bill, see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md. */
export function cloudEvents(bill: Bill, options: Pick<OpenMeterSinkOptions, "source" | "type" | "eventPer">): readonly JsonObject[] {
  const { source = "holdfast", type = "run.billed", eventPer = "run" } = options;
  const { runId, threadId, status } = bill;
  const base = { specversion: "1.0", source, type, subject: bill.resourceId, time: new Date(bill.at).toISOString(), datacontenttype: "application/json" };
  const run = { runId, threadId, status };
  if (eventPer === "run") return [{ ...base, id: runId, data: { ...run, agentId: bill.agentId, ...counts(bill.billable) } }];
  return bill.lines.map((line) => {
    const model = modelName(line);
    return { ...base, id: `${runId}:${line.agentId}:${model}`, data: { ...run, agentId: line.agentId, model, ...counts(line) } };
  });
}

/** A meter takes no event without its field, so the three fields that every meter is made of are always there. */
function counts({ usage, calls, amount, currency }: Totals): JsonObject {
  const { inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens, ...others } = usage;
  const { reasoningTokens, cachedInputTokens, cacheCreationInputTokens } = others;
  return {
    inputTokens,
    outputTokens,
    totalTokens,
    ...(reasoningTokens !== undefined && { reasoningTokens }),
    ...(cachedInputTokens !== undefined && { cachedInputTokens }),
    ...(cacheCreationInputTokens !== undefined && { cacheCreationInputTokens }),
    ...(amount !== undefined && currency !== undefined && { amount, currency }),
    settledCalls: calls.settled,
    estimatedCalls: calls.estimated,
    unknownCalls: calls.unknown,
  };
}
