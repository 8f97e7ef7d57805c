import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Dispatcher } from "../../src/billing/dispatcher.ts";
import type { SendResult, Sink } from "../../src/billing/sink.ts";
import type { Delivery } from "../../src/core/outbox.ts";
import type { RunStore } from "../../src/core/store.ts";
import { faultyStore, type FaultyStore } from "../../src/testkit/faulty-store.ts";
import { settableClock, type SettableClock } from "../../src/testkit/store-samples.ts";
import { allDeliveries, billRun, STORES, type OpenedStore } from "./billed-runs.ts";
import { dispatching, type Dispatching } from "./dispatching.ts";

const DAY_MS = 24 * 3_600_000;
const ACCEPTED: SendResult = { outcome: "accepted" };

let clock: SettableClock;
let opened: OpenedStore;
let store: FaultyStore;
const running: Dispatching[] = [];

beforeEach(async () => {
  clock = settableClock();
  opened = await STORES.memory(clock);
  store = faultyStore(opened.store);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ dispatcher }) => dispatcher.close()));
  await opened.close();
});

function dispatch(...[options, on]: [options: Parameters<typeof dispatching>[2], on?: RunStore]): Dispatching {
  const each = dispatching(on ?? store, clock, options);
  running.push(each);
  return each;
}

/** A sink that does as it is told and keeps the ids of the runs that it was sent. */
function meter(
  send: (delivery: Delivery, signal: AbortSignal) => SendResult | Promise<SendResult>,
  change: Partial<Sink> = {},
): Sink & { readonly sent: string[] } {
  const sent: string[] = [];
  return {
    name: "meter",
    ...change,
    sent,
    send: async (delivery, signal) => {
      sent.push(delivery.runId);
      return send(delivery, signal);
    },
  };
}

async function states(): Promise<readonly (readonly [runId: string, state: string, attempts: number])[]> {
  return (await allDeliveries(store)).map(({ runId, state, attempts }) => [runId, state, attempts]);
}

describe("a delivery", () => {
  test("a delivery is sent again until it is accepted, always with the same key", async () => {
    const answers: SendResult[] = [
      { outcome: "refused", reason: "busy", isFinal: false },
      { outcome: "unknown", reason: "late" },
    ];
    const sink = meter(() => answers.shift() ?? ACCEPTED);
    const { quiet } = dispatch({ sinks: [sink] });
    await billRun(store, "run-1");
    for (let round = 0; round < 4; round += 1) {
      await quiet();
      clock.advance(60_000);
    }
    expect(sink.sent).toEqual(["run-1", "run-1", "run-1"]);
    expect(await states()).toEqual([["run-1", "sent", 3]]);
  });

  test("a delivery whose outcome is unknown for longer than the sink recognises its key is held, not sent", async () => {
    const sink = meter(() => ({ outcome: "unknown", reason: "late" }), { dedupWindowMs: DAY_MS });
    const { quiet, problems } = dispatch({ sinks: [sink] });
    await billRun(store, "run-1");
    await quiet();
    clock.advance(DAY_MS);
    await quiet();
    expect(sink.sent).toEqual(["run-1"]);
    expect(await states()).toEqual([["run-1", "held", 2]]);
    expect(problems).toEqual(["a bill is held: it may have been charged, and sending it again could charge it twice: meter run-1"]);
  });

  test("a delivery that is refused for good, or tried too often, is dead and not sent", async () => {
    const sink = meter(() => ({ outcome: "refused", reason: "no such meter", isFinal: true }));
    const { quiet, problems } = dispatch({ sinks: [sink] });
    await billRun(store, "run-1");
    await quiet();
    clock.advance(DAY_MS);
    await quiet();
    expect(sink.sent).toEqual(["run-1"]);
    expect(await states()).toEqual([["run-1", "dead", 1]]);
    expect(problems).toEqual(["a bill could not be delivered; holdfast deliveries --replay sends it again: meter run-1"]);
  });

  test("that is dead is sent again once it is replayed", async () => {
    const answers: SendResult[] = [{ outcome: "refused", reason: "no such meter", isFinal: true }];
    const sink = meter(() => answers.shift() ?? ACCEPTED);
    const { dispatcher, quiet } = dispatch({ sinks: [sink] });
    await billRun(store, "run-1");
    await quiet();
    expect(await store.replayDelivery({ runId: "run-1", sink: "meter" })).toBe(true);
    dispatcher.wake();
    await quiet();
    expect(await states()).toEqual([["run-1", "sent", 1]]);
  });
});

describe("a sink", () => {
  test.each<readonly [string, Parameters<typeof meter>[0]]>([
    ["throws", () => Promise.reject(new Error("boom"))],
    ["does not heed its signal", () => new Promise(() => {})],
    ["gives no result", () => undefined as unknown as SendResult],
  ])("that %s: a sink that throws or does not answer in time leaves the outcome unknown", async (_name, send) => {
    const { quiet } = dispatch({ sinks: [meter(send)], sendTimeoutMs: 50 });
    await billRun(store, "run-1");
    await quiet();
    expect(await allDeliveries(store)).toMatchObject([{ state: "pending", attempts: 1, unknownSince: clock.now(), lastError: expect.any(String) as string }]);
  });

  test("a slow sink holds back no other", async () => {
    const answer = Promise.withResolvers<SendResult>();
    const slow = meter(() => answer.promise, { name: "slow" });
    const fast = meter(() => ACCEPTED, { name: "fast" });
    // Longer than the test may take: the slow one is still at it when the fast one has everything.
    dispatch({ sinks: [slow, fast], sendTimeoutMs: 60_000 });
    const runIds = Array.from({ length: 30 }, (_, index) => `run-${index}`);
    for (const runId of runIds) await billRun(store, runId, { sinks: ["slow", "fast"] });
    await expect.poll(async () => (await store.listDeliveries({ states: ["sent"], sink: "fast", limit: 100 })).deliveries.length, { timeout: 20_000 }).toBe(30);
    expect(fast.sent.toSorted()).toEqual(runIds.toSorted());
    expect(slow.sent).toHaveLength(8);
    answer.resolve(ACCEPTED);
  });

  test("is sent to by eight at once, and by the next as soon as one has its answer", async () => {
    let atOnce = 0;
    let most = 0;
    const sink = meter(async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      return ACCEPTED;
    });
    for (let index = 0; index < 50; index += 1) await billRun(store, `run-${index}`);
    const { quiet } = dispatch({ sinks: [sink] });
    await quiet();
    expect(most).toBe(8);
    expect(new Set(sink.sent).size).toBe(50);
    expect(sink.sent).toHaveLength(50);
  });

  test("that is not configured any more keeps its deliveries", async () => {
    await billRun(store, "run-1", { sinks: ["former", "meter"] });
    const { quiet: _quiet } = dispatch({ sinks: [meter(() => ACCEPTED)] });
    await expect.poll(async () => (await states()).map(([, state]) => state).toSorted(), { timeout: 20_000 }).toEqual(["pending", "sent"]);
  });
});

describe("dispatchers", () => {
  test("on one store share the deliveries out, each of them sent once", async () => {
    const sink = meter(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return ACCEPTED;
    });
    const each = [dispatch({ sinks: [sink] }), dispatch({ sinks: [sink] }), dispatch({ sinks: [sink] })];
    for (let index = 0; index < 60; index += 1) await billRun(store, `run-${index}`);
    await Promise.all(each.map(({ quiet }) => quiet()));
    expect(sink.sent).toHaveLength(60);
    expect(new Set(sink.sent).size).toBe(60);
  });

  test("go on when the store fails for a while, and say so", async () => {
    const sink = meter(() => ACCEPTED);
    await billRun(store, "run-1");
    store.failNext("claimDeliveries", 2);
    store.failNext("settleDelivery", 2);
    const { quiet, problems } = dispatch({ sinks: [sink] });
    await quiet();
    expect(await states()).toEqual([["run-1", "sent", 1]]);
    expect(sink.sent).toEqual(["run-1"]);
    expect(problems).toEqual(Array.from({ length: 2 }, () => "the outbox could not be read; trying again: meter"));
  });

  test("look at the outbox at once when they are woken", async () => {
    const sink = meter(() => ACCEPTED);
    const { dispatcher, quiet } = dispatch({ sinks: [sink], pollMs: 3_600_000 });
    await billRun(store, "run-1");
    dispatcher.wake();
    await quiet();
    expect(sink.sent).toEqual(["run-1"]);
  });

  test("wait for answers that are on their way when they are closed, and take no more", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<SendResult>();
    const sink = meter(() => {
      asked.resolve();
      return answer.promise;
    });
    const { dispatcher } = dispatch({ sinks: [sink] });
    await billRun(store, "run-1");
    await asked.promise;
    const closed = dispatcher.close();
    await billRun(store, "run-2");
    answer.resolve(ACCEPTED);
    await closed;
    expect(await states()).toEqual([
      ["run-2", "pending", 0],
      ["run-1", "sent", 1],
    ]);
  });

  test("refuse two sinks of one name", () => {
    const sinks = [meter(() => ACCEPTED), meter(() => ACCEPTED)];
    expect(() => new Dispatcher({ store, sinks, clock, onProblem: () => undefined })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as Error);
  });
});
