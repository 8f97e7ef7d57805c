import { afterEach, expect, test } from "vitest";
import { openMeterSink } from "../../src/billing/index.ts";
import { settableClock } from "../../src/testkit/store-samples.ts";
import { allDeliveries, billRun, STORES } from "./billed-runs.ts";
import { dispatching } from "./dispatching.ts";
import { openReceiver } from "./receiver.ts";

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

test("a bill reaches OpenMeter as a CloudEvent in structured JSON, again with the same id after a failure", async () => {
  const clock = settableClock();
  const { store, close } = await STORES.memory(clock);
  const answers = [500, 204];
  const receiver = await openReceiver((_, response) => response.writeHead(answers.shift() ?? 204).end());
  const { dispatcher, quiet } = dispatching(store, clock, { sinks: [openMeterSink({ url: `${receiver.url}/`, apiKey: "om_key" })] });
  closing.push(
    close,
    () => receiver.close(),
    () => dispatcher.close(),
  );
  const endedAt = new Date(clock.now()).toISOString();

  await billRun(store, "run-1", { sinks: ["openmeter"] });
  dispatcher.wake();
  await quiet();
  clock.advance(60_000);
  await quiet();
  expect(receiver.requests).toHaveLength(2);
  for (const { path, headers, body } of receiver.requests) {
    expect(path).toBe("/api/v1/events");
    expect(headers).toMatchObject({ "content-type": "application/cloudevents+json", authorization: "Bearer om_key" });
    expect(JSON.parse(body)).toMatchObject({
      specversion: "1.0",
      id: "run-1",
      source: "holdfast",
      type: "run.billed",
      subject: "resource-1",
      time: endedAt,
      data: { inputTokens: 100, outputTokens: 20, totalTokens: 120, amount: 0.00014, currency: "EUR" },
    });
  }
  expect((await allDeliveries(store)).map(({ state, attempts }) => [state, attempts])).toEqual([["sent", 2]]);
});
