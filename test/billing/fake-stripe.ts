import type { ServerResponse } from "node:http";
import type { Clock } from "../../src/core/clock.ts";
import { openReceiver, type ReceivedRequest, type Receiver } from "./receiver.ts";

const WINDOW_MS = 24 * 3_600_000;
const OLDEST_MS = 35 * 24 * 3_600_000;

/** What the fake does with a request beside answering it. */
export type Mishap =
  /** It takes the event and never answers. */
  | "silent-after-acceptance"
  /** It takes the event and answers 500. */
  | "fault-after-acceptance"
  /** It takes the event and cuts the connection. */
  | "reset-after-acceptance"
  /** It takes nothing and answers 429. */
  | "too-many";

export interface CountedEvent {
  readonly identifier: string;
  readonly eventName: string;
  readonly customer: string;
  readonly value: number;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
}

export interface FakeStripe extends Receiver {
  /** What the customers are charged for. */
  readonly counted: readonly CountedEvent[];
  /** For the next requests, one each. */
  readonly mishaps: (Mishap | undefined)[];
  /** How often each identifier came in. */
  arrivals(): Readonly<Record<string, number>>;
}

/** The meter events of Stripe on loopback: an identifier is unique for 24 hours, and counted again after that. */
export async function openFakeStripe(clock: Clock): Promise<FakeStripe> {
  const counted: CountedEvent[] = [];
  const mishaps: (Mishap | undefined)[] = [];
  const seenAt = new Map<string, number>();
  const arrivals: string[] = [];

  const answer = (request: ReceivedRequest, response: ServerResponse): void => {
    const event = eventOf(request);
    const refuse = (status: number, message: string): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error: { type: "invalid_request_error", message } }));
    };
    if (request.headers.authorization !== "Bearer sk_test") return refuse(401, "Invalid API Key provided.");
    if (request.path !== "/v1/billing/meter_events" || event === undefined) return refuse(400, "Received unknown parameter.");
    arrivals.push(event.identifier);
    const mishap = mishaps.shift();
    if (mishap === "too-many") return refuse(429, "Too many requests.");
    const now = clock.now();
    if (now - event.timestamp * 1_000 > OLDEST_MS) return refuse(400, "The timestamp is too old.");
    const seen = seenAt.get(event.identifier);
    if (seen !== undefined && now - seen < WINDOW_MS) return refuse(400, `An event already exists with identifier ${event.identifier}.`);
    seenAt.set(event.identifier, now);
    counted.push(event);
    if (mishap === "silent-after-acceptance") return;
    if (mishap === "reset-after-acceptance") return void response.destroy();
    if (mishap === "fault-after-acceptance") return refuse(500, "An unknown error occurred.");
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ object: "billing.meter_event", identifier: event.identifier }));
  };

  const receiver = await openReceiver(answer);
  const count = (): Readonly<Record<string, number>> =>
    Object.fromEntries([...new Set(arrivals)].map((id) => [id, arrivals.filter((other) => other === id).length]));
  return { ...receiver, counted, mishaps, arrivals: count };
}

function eventOf({ headers, body }: ReceivedRequest): CountedEvent | undefined {
  if (headers["content-type"] !== "application/x-www-form-urlencoded") return undefined;
  const form = new URLSearchParams(body);
  const [identifier, eventName, customer] = ["identifier", "event_name", "payload[stripe_customer_id]"].map((name) => form.get(name));
  const value = Number(form.get("payload[value]") ?? Number.NaN);
  const timestamp = Number(form.get("timestamp") ?? Number.NaN);
  if (!identifier || !eventName || !customer || !Number.isInteger(value) || !Number.isInteger(timestamp)) return undefined;
  return { identifier, eventName, customer, value, timestamp };
}
