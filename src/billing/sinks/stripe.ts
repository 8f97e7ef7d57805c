import type { Bill } from "../../core/bill.ts";
import { systemClock, type Clock } from "../../core/clock.ts";
import { HoldfastError } from "../../core/error.ts";
import { checkedHeaders, checkedUrl, post, resultOf, type HttpAnswer } from "../http-request.ts";
import { sendParts } from "../send-parts.ts";
import type { SendResult, Sink } from "../sink.ts";

/** A meter of Stripe, and how much of it a bill is. */
export interface StripeMeter {
  /** The `event_name` of the meter. */
  readonly eventName: string;
  /** A whole number; of 0 or nothing no event is sent. What a customer pays for stands in `bill.billable` and `bill.lines`. */
  readonly value: (bill: Bill) => number | undefined;
}

export interface StripeSinkOptions {
  /** A secret key, or a restricted one that may write meter events. */
  readonly apiKey: string;
  readonly meters: readonly StripeMeter[];
  /** The id of the Stripe customer who pays; nothing is sent where there is none. */
  readonly customer: (bill: Bill) => string | undefined | Promise<string | undefined>;
  /** Default `https://api.stripe.com`. */
  readonly baseUrl?: string;
  /** The `Stripe-Version` of the requests. Default: the account's own. */
  readonly apiVersion?: string;
  /** Default `stripe`. */
  readonly name?: string;
  readonly clock?: Clock;
}

const HOUR_MS = 3_600_000;
/** Stripe keeps identifiers unique "within a rolling period of at least 24 hours": https://docs.stripe.com/api/billing/meter-event/create */
const IDENTIFIER_WINDOW_MS = 24 * HOUR_MS;
/** Stripe takes timestamps "within the past 35 calendar days". */
const OLDEST_MS = 35 * 24 * HOUR_MS;

/**
 * Sends meter events to Stripe, one for each meter of a run, with the identifier `runId:eventName` and the end of the run as their time.
 * Stripe checks customer and meter afterwards: accepted means that it has the event; what is wrong with it Stripe tells in its
 * own `v1.billing.meter.error_report_triggered`.
 * @throws {HoldfastError} CONFIG_INVALID
 *
 * @example
 * stripeSink({
 *   apiKey: process.env.STRIPE_KEY ?? "",
 *   customer: (bill) => customerIds.get(bill.resourceId),
 *   meters: [
 *     { eventName: "input_tokens", value: (bill) => bill.billable.usage.inputTokens },
 *     { eventName: "output_tokens", value: (bill) => bill.billable.usage.outputTokens },
 *   ],
 * });
 */
export function stripeSink(options: StripeSinkOptions): Sink {
  const { name = "stripe", apiKey, apiVersion, meters, customer, clock = systemClock, baseUrl = "https://api.stripe.com" } = options;
  const url = `${checkedUrl(name, baseUrl).replace(/\/+$/, "")}/v1/billing/meter_events`;
  if (new Set(meters.map((meter) => meter.eventName)).size < meters.length) {
    throw new HoldfastError("CONFIG_INVALID", `Two meters of the sink ${name} have the same eventName.`);
  }
  const headers = checkedHeaders(name, {
    authorization: `Bearer ${apiKey}`,
    "content-type": "application/x-www-form-urlencoded",
    ...(apiVersion !== undefined && { "stripe-version": apiVersion }),
  });
  return {
    name,
    dedupWindowMs: IDENTIFIER_WINDOW_MS,
    send: async ({ bill }, signal) => {
      if (clock.now() - bill.at > OLDEST_MS) return refusedForGood("The run ended more than 35 days ago, longer than Stripe takes events.");
      const customerId = await customerOf(bill, customer);
      if (typeof customerId === "object") return customerId;
      if (customerId === undefined) return { outcome: "accepted" };
      const events = meterEvents(bill, customerId, meters);
      if ("outcome" in events) return events;
      return sendParts(events.map((event) => () => post({ url, headers, body: String(new URLSearchParams(event)) }, signal, (answer) => read(answer, event))));
    },
  };
}

interface MeterEvent extends Record<string, string> {
  readonly identifier: string;
}

/** The events of a bill, all of them computed before the first is sent. */
function meterEvents(bill: Bill, customerId: string, meters: readonly StripeMeter[]): readonly MeterEvent[] | SendResult {
  const events: MeterEvent[] = [];
  for (const { eventName, value } of meters) {
    let count: number;
    try {
      count = value(bill) ?? 0;
    } catch (error) {
      return nothingSent(`The meter ${eventName} threw`, error);
    }
    if (!Number.isSafeInteger(count) || count < 0) return refusedForGood(`The meter ${eventName} made ${count} of the bill; Stripe takes whole numbers.`);
    if (count === 0) continue;
    events.push({
      event_name: eventName,
      identifier: `${bill.runId}:${eventName}`,
      timestamp: String(Math.floor(bill.at / 1_000)),
      "payload[stripe_customer_id]": customerId,
      "payload[value]": String(count),
    });
  }
  return events;
}

async function customerOf(bill: Bill, customer: StripeSinkOptions["customer"]): Promise<string | undefined | SendResult> {
  try {
    return await customer(bill);
  } catch (error) {
    return nothingSent("The customer could not be looked up", error);
  }
}

/** What the application's own functions throw leaves nothing sent, unlike a sink that throws. */
function nothingSent(what: string, error: unknown): SendResult {
  return { outcome: "refused", reason: `${what}: ${error instanceof Error ? error.message : String(error)}`, isFinal: false };
}

function refusedForGood(reason: string): SendResult {
  return { outcome: "refused", reason, isFinal: true };
}

/** Stripe says in words only that it has an event already; the identifier is ours alone, so that what it has is this event. */
function read({ status, text }: HttpAnswer, { identifier }: MeterEvent): SendResult {
  const message = errorMessage(text);
  if (status === 400 && message.includes("already exists with identifier") && message.includes(identifier)) return { outcome: "accepted" };
  return resultOf({ status }, message);
}

function errorMessage(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: unknown } };
    return typeof error?.message === "string" ? error.message : "";
  } catch {
    return "";
  }
}
