import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stripeSink, type StripeSinkOptions } from "../../src/billing/index.ts";
import type { Bill } from "../../src/core/bill.ts";
import type { RunStore } from "../../src/core/store.ts";
import { settableClock, type SettableClock } from "../../src/testkit/store-samples.ts";
import { allDeliveries, billRun, STORES, type OpenedStore } from "./billed-runs.ts";
import { dispatching, type Dispatching } from "./dispatching.ts";
import { openFakeStripe, type CountedEvent, type FakeStripe, type Mishap } from "./fake-stripe.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STARTED = 1_700_000_000_000;
/** For requests that are answered: longer than a busy machine may stand still. */
const PATIENT_MS = 15_000;
/** For requests that are not: long enough to arrive. */
const SHORT_MS = 1_000;

let clock: SettableClock;
let stripe: FakeStripe;
let opened: OpenedStore;
let store: RunStore;
const running: Dispatching[] = [];

beforeEach(async () => {
  clock = settableClock(STARTED);
  stripe = await openFakeStripe(clock);
  opened = await STORES.sqlite(clock);
  store = opened.store;
});

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ dispatcher }) => dispatcher.close()));
  await stripe.close();
  await opened.close();
});

function dispatch(options: Partial<StripeSinkOptions> = {}, sendTimeoutMs: number = PATIENT_MS): Dispatching {
  const sink = stripeSink({
    apiKey: "sk_test",
    baseUrl: stripe.url,
    clock,
    customer: (bill) => `cus_${bill.resourceId}`,
    meters: [
      { eventName: "input_tokens", value: (bill) => bill.billable.usage.inputTokens },
      { eventName: "output_tokens", value: (bill) => bill.billable.usage.outputTokens },
    ],
    ...options,
  });
  const each = dispatching(store, clock, { sinks: [sink], sendTimeoutMs });
  running.push(each);
  return each;
}

/** Sends once and gives up on the answer that does not come. */
async function sendInVain(): Promise<void> {
  const impatient = dispatch({}, SHORT_MS);
  await impatient.quiet();
  await impatient.dispatcher.close();
}

const bill = (id: string, resourceId: string = "ann"): Promise<void> => billRun(store, id, { sinks: ["stripe"], run: { resourceId } });
const state = async (): Promise<readonly string[]> => (await allDeliveries(store)).map((delivery) => `${delivery.runId} ${delivery.state}`);
const reasons = async (): Promise<readonly (string | undefined)[]> => (await allDeliveries(store)).map(({ lastError }) => lastError);

function counted(runId: string, eventName: string, value: number, customer: string = "cus_ann"): CountedEvent {
  return { identifier: `${runId}:${eventName}`, eventName, customer, value, timestamp: STARTED / 1_000 };
}
const BOTH = [counted("run-1", "input_tokens", 100), counted("run-1", "output_tokens", 20)];

describe("what a run is charged", () => {
  test("goes to each meter once, for its customer, at the time when the run ended", async () => {
    await bill("run-1");
    clock.advance(DAY_MS);
    await dispatch().quiet();
    expect(stripe.counted).toEqual(BOTH);
    expect(await state()).toEqual(["run-1 sent"]);
  });

  test("goes to no meter where the resource has no customer, or the meter has nothing", async () => {
    await bill("run-1", "guest");
    await bill("run-2");
    const meters = [
      { eventName: "input_tokens", value: (given: Bill) => given.billable.usage.inputTokens },
      { eventName: "images", value: () => 0 },
      { eventName: "seconds", value: () => undefined },
    ];
    await dispatch({ meters, customer: async ({ resourceId }) => (resourceId === "guest" ? undefined : `cus_${resourceId}`) }).quiet();
    expect(stripe.counted).toEqual([counted("run-2", "input_tokens", 100)]);
    expect(await state()).toEqual(["run-2 sent", "run-1 sent"]);
  });
});

describe("an event that Stripe took without saying so", () => {
  test.each<Mishap>(["silent-after-acceptance", "fault-after-acceptance", "reset-after-acceptance"])("(%s) is sent again and counted once", async (mishap) => {
    stripe.mishaps.push(mishap);
    await bill("run-1");
    await (mishap === "silent-after-acceptance" ? sendInVain() : dispatch().quiet());
    expect(await state()).toEqual(["run-1 pending"]);
    clock.advance(MINUTE_MS);
    await dispatch().quiet();
    expect(await state()).toEqual(["run-1 sent"]);
    expect(stripe.arrivals()).toEqual({ "run-1:input_tokens": 2, "run-1:output_tokens": 1 });
    expect(stripe.counted).toEqual(BOTH);
  });

  test("is held, not sent, once Stripe may have forgotten its identifier, and is listed", async () => {
    stripe.mishaps.push("silent-after-acceptance");
    await bill("run-1");
    await sendInVain();
    clock.advance(DAY_MS);

    const each = dispatch();
    await each.quiet();
    expect(stripe.arrivals()).toEqual({ "run-1:input_tokens": 1 });
    expect(stripe.counted).toEqual(BOTH.slice(0, 1));
    expect((await store.listDeliveries({ states: ["held"], limit: 10 })).deliveries).toMatchObject([
      { runId: "run-1", unknownSince: STARTED, lastError: expect.stringContaining("It did not answer in time.") as string },
    ]);
    expect(each.problems).toEqual(["a bill is held: it may have been charged, and sending it again could charge it twice: stripe run-1"]);
  });

  test("that is held can be replayed by somebody who looked", async () => {
    stripe.mishaps.push("too-many", "silent-after-acceptance");
    await bill("run-1");
    await sendInVain();
    clock.advance(MINUTE_MS);
    await sendInVain();
    clock.advance(DAY_MS);
    const each = dispatch();
    await each.quiet();
    expect(await state()).toEqual(["run-1 held"]);

    expect(await store.replayDelivery({ runId: "run-1", sink: "stripe" })).toBe(true);
    each.dispatcher.wake();
    await each.quiet();
    expect(await state()).toEqual(["run-1 sent"]);
    expect(stripe.arrivals()).toEqual({ "run-1:input_tokens": 3, "run-1:output_tokens": 1 });
  });
});

describe("a bill of several events", () => {
  test("repeats those that were taken when a later one was refused, and takes the answer that they exist as a yes", async () => {
    stripe.mishaps.push(undefined, "too-many");
    await bill("run-1");
    const each = dispatch();
    await each.quiet();
    expect(await reasons()).toEqual(["1 of 2 parts were accepted. It answered 429: Too many requests."]);
    clock.advance(MINUTE_MS);
    await each.quiet();
    expect(await state()).toEqual(["run-1 sent"]);
    expect(stripe.arrivals()).toEqual({ "run-1:input_tokens": 2, "run-1:output_tokens": 2 });
    expect(stripe.counted).toEqual(BOTH);
  });

  test("is held a day after its first event was taken, although the second was refused for certain", async () => {
    stripe.mishaps.push(undefined, "too-many");
    await bill("run-1");
    const each = dispatch();
    await each.quiet();
    clock.advance(DAY_MS);
    await each.quiet();
    expect(await state()).toEqual(["run-1 held"]);
    expect(stripe.counted).toEqual(BOTH.slice(0, 1));
  });
});

describe("a bill that was refused for certain", () => {
  test("is sent again at any age that Stripe takes", async () => {
    stripe.mishaps.push("too-many");
    await bill("run-1");
    const each = dispatch();
    await each.quiet();
    clock.advance(3 * DAY_MS);
    await each.quiet();
    expect(await state()).toEqual(["run-1 sent"]);
    expect(stripe.counted).toEqual(BOTH);
  });

  test("is dead after 35 days, and never sent", async () => {
    await bill("run-1");
    clock.advance(35 * DAY_MS + 1);
    await dispatch().quiet();
    expect(stripe.requests).toEqual([]);
    expect(await state()).toEqual(["run-1 dead"]);
    expect(await reasons()).toEqual(["The run ended more than 35 days ago, longer than Stripe takes events."]);
  });

  test("waits for a key that is right, a customer that can be looked up and a meter that does not throw", async () => {
    await bill("run-1");
    const wrongKey = dispatch({ apiKey: "sk_old" });
    await wrongKey.quiet();
    await wrongKey.dispatcher.close();
    expect(await reasons()).toEqual(["It answered 401: Invalid API Key provided."]);
    clock.advance(MINUTE_MS);
    const noCustomer = dispatch({ customer: () => Promise.reject(new Error("no database")) });
    await noCustomer.quiet();
    await noCustomer.dispatcher.close();
    expect(await reasons()).toEqual(["The customer could not be looked up: no database"]);
    clock.advance(MINUTE_MS);
    const thrown = (): never => {
      throw new Error("no lines");
    };
    const noMeter = dispatch({ meters: [{ eventName: "input_tokens", value: thrown }] });
    await noMeter.quiet();
    await noMeter.dispatcher.close();
    expect(await reasons()).toEqual(["The meter input_tokens threw: no lines"]);
    expect((await allDeliveries(store))[0]).not.toHaveProperty("unknownSince");
    clock.advance(MINUTE_MS);
    await dispatch().quiet();
    expect(stripe.counted).toEqual(BOTH);
  });

  test("is dead where a meter makes no whole number of it, before any event of it was sent", async () => {
    await bill("run-1");
    const meters = [
      { eventName: "input_tokens", value: (given: Bill) => given.billable.usage.inputTokens },
      { eventName: "cents", value: (given: Bill) => (given.billable.amount ?? 0) * 100 },
    ];
    await dispatch({ meters }).quiet();
    expect(stripe.requests).toEqual([]);
    expect(await reasons()).toEqual([expect.stringMatching(/^The meter cents made 0\.0\d+ of the bill; Stripe takes whole numbers\.$/)]);
    expect(await state()).toEqual(["run-1 dead"]);
  });
});

test("two meters of one name are refused when the sink is made", () => {
  const meters = [
    { eventName: "tokens", value: () => 1 },
    { eventName: "tokens", value: () => 2 },
  ];
  expect(() => dispatch({ meters })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as Error);
});
