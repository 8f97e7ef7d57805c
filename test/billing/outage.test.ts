import { afterEach, describe, expect, test } from "vitest";
import type { SendResult, Sink } from "../../src/billing/sink.ts";
import { settableClock } from "../../src/testkit/store-samples.ts";
import { allDeliveries, billRun, STORES, type OpenedStore } from "./billed-runs.ts";
import { dispatching, type Dispatching } from "./dispatching.ts";

const MINUTE_MS = 60_000;

/** A meter that counts a key once, and for an hour fails in every way there is, some of them after it has counted. */
class OutageMeter implements Sink {
  readonly name: string = "meter";
  readonly counted = new Map<string, number>();
  readonly acknowledged: string[] = [];
  sends = 0;
  isDown = true;

  async send({ runId, bill }: Parameters<Sink["send"]>[0]): Promise<SendResult> {
    this.sends += 1;
    const failure = this.isDown ? this.sends % 4 : undefined;
    if (failure === 0) return { outcome: "refused", reason: "It could not be reached: ECONNREFUSED.", isFinal: false };
    if (failure === 1) return { outcome: "unknown", reason: "It answered 503." };
    this.counted.set(runId, bill.billable.usage.inputTokens ?? 0);
    if (failure === 2) return { outcome: "unknown", reason: "It did not answer in time." };
    if (failure === 3) throw new Error("The connection broke off.");
    this.acknowledged.push(runId);
    return { outcome: "accepted" };
  }
}

const opened: OpenedStore[] = [];
const running: Dispatching[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ dispatcher }) => dispatcher.close()));
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

describe.each(Object.entries(STORES))("on %s", (_name, open) => {
  test("a sink that fails for an hour and comes back gets every bill once by its key", async () => {
    const clock = settableClock();
    const one = await open(clock);
    opened.push(one);
    const { store } = one;
    const meter = new OutageMeter();
    running.push(dispatching(store, clock, { sinks: [meter] }), dispatching(store, clock, { sinks: [meter] }));
    const quiet = async (): Promise<void> => void (await Promise.all(running.map((each) => each.quiet())));

    for (let minute = 0; minute < 60; minute += 1) {
      if (minute % 5 === 0) await billRun(store, `run-${minute}`, { usage: { inputTokens: minute + 1 } });
      await quiet();
      clock.advance(MINUTE_MS);
    }
    expect((await allDeliveries(store)).map(({ state }) => state)).toEqual(Array.from({ length: 12 }, () => "pending"));
    expect(running.flatMap(({ problems }) => problems)).toEqual([]);

    meter.isDown = false;
    for (let minute = 0; minute < 60; minute += 1) {
      clock.advance(MINUTE_MS);
      await quiet();
    }
    const bills = new Map(Array.from({ length: 12 }, (_, index) => [`run-${index * 5}`, index * 5 + 1]));
    expect((await allDeliveries(store)).map(({ runId, state }) => [runId, state])).toEqual([...bills.keys()].toReversed().map((runId) => [runId, "sent"]));
    expect(new Map([...meter.counted].toSorted(([left], [right]) => Number(left.slice(4)) - Number(right.slice(4))))).toEqual(bills);
    expect(meter.acknowledged.toSorted()).toEqual([...bills.keys()].toSorted());
    expect(meter.sends).toBeGreaterThan(4 * bills.size);
  });

  test("bills that wait for longer than an hour are told once an hour", async () => {
    const clock = settableClock();
    const one = await open(clock);
    opened.push(one);
    const meter = new OutageMeter();
    const each = dispatching(one.store, clock, { sinks: [meter] });
    running.push(each);
    await billRun(one.store, "run-1");
    await billRun(one.store, "run-2");
    for (let minute = 0; minute < 250; minute += 10) {
      await each.quiet();
      clock.advance(10 * MINUTE_MS);
    }
    expect(each.problems.length).toBeGreaterThanOrEqual(2);
    expect(each.problems.length).toBeLessThanOrEqual(4);
    expect(each.problems[0]).toMatch(/^bills wait for longer than an hour to be delivered: meter run-[12]$/);
  });
});
