import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { openMeterSink, stripeSink, webhookSink, type BilledMessage } from "../../src/billing/index.ts";
import type { RunStore } from "../../src/core/store.ts";
import { settableClock, type SettableClock } from "../../src/testkit/store-samples.ts";
import { allDeliveries, billRun, STORES, type OpenedStore } from "./billed-runs.ts";
import { dispatching, type Dispatching } from "./dispatching.ts";
import { openReceiver, type ReceivedRequest, type Receiver } from "./receiver.ts";

const SECRET = `whsec_${randomBytes(24).toString("base64")}`;
const OTHER_SECRET = `whsec_${randomBytes(24).toString("base64")}`;

let clock: SettableClock;
let opened: OpenedStore;
let store: RunStore;
let receiver: Receiver;
let status = 200;
const running: Dispatching[] = [];

beforeEach(async () => {
  clock = settableClock();
  opened = await STORES.memory(clock);
  store = opened.store;
  status = 200;
  receiver = await openReceiver((_, response) => response.writeHead(status, { location: "http://127.0.0.1:9/elsewhere" }).end());
});

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ dispatcher }) => dispatcher.close()));
  await receiver.close();
  await opened.close();
});

function dispatch(secret: string | readonly string[] = SECRET): Dispatching {
  const each = dispatching(store, clock, { sinks: [webhookSink({ url: `${receiver.url}/billing?from=holdfast`, secret })] });
  running.push(each);
  return each;
}

function verified(request: ReceivedRequest | undefined, secret: string = SECRET): BilledMessage {
  if (request === undefined) throw new Error("nothing came in");
  return new Webhook(secret).verify(request.body, request.headers as Record<string, string>) as BilledMessage;
}

async function stateOf(): Promise<readonly unknown[]> {
  return (await allDeliveries(store)).map(({ state, lastError }) => [state, lastError]);
}

describe("a webhook", () => {
  test("carries the bill of a run, and the library of Standard Webhooks verifies it", async () => {
    await billRun(store, "run-1", { sinks: ["webhook"], run: { resourceId: "ann · 😀" } });
    await dispatch().quiet();
    const [request] = receiver.requests;
    expect(request).toMatchObject({ method: "POST", path: "/billing?from=holdfast" });
    expect(request?.headers).toMatchObject({ "webhook-id": "run-1", "content-type": "application/json" });
    const message = verified(request);
    expect(message).toEqual({ type: "run.billed", timestamp: new Date(clock.now()).toISOString(), data: await store.getBill("run-1") });
    expect(message.data).toMatchObject({ resourceId: "ann · 😀", billable: { usage: { inputTokens: 100 }, amount: 0.00014, currency: "EUR" } });
  });

  test("with another secret, or with another amount, is not believed", async () => {
    await billRun(store, "run-1", { sinks: ["webhook"] });
    await dispatch().quiet();
    const [request] = receiver.requests;
    expect(() => verified(request, OTHER_SECRET)).toThrow(WebhookVerificationError);
    expect(() => verified(request && { ...request, body: request.body.replace("0.00014", "0.00013") })).toThrow(WebhookVerificationError);
    expect(() => verified(request && { ...request, headers: { ...request.headers, "webhook-id": "run-2" } })).toThrow(WebhookVerificationError);
  });

  test("signed with two secrets is believed by whoever has one of them", async () => {
    await billRun(store, "run-1", { sinks: ["webhook"] });
    await dispatch([SECRET, OTHER_SECRET]).quiet();
    expect(verified(receiver.requests[0])).toEqual(verified(receiver.requests[0], OTHER_SECRET));
  });

  test("is sent again with the same id and the same body, signed anew", async () => {
    status = 503;
    await billRun(store, "run-1", { sinks: ["webhook"] });
    const each = dispatch();
    await each.quiet();
    status = 204;
    clock.advance(60_000);
    await each.quiet();
    const [first, second] = receiver.requests;
    expect(receiver.requests).toHaveLength(2);
    expect(verified(second)).toEqual(verified(first));
    expect(second?.headers["webhook-id"]).toBe("run-1");
    expect(await stateOf()).toEqual([["sent", undefined]]);
  });
});

describe("an answer", () => {
  test.each([
    [200, "sent", undefined],
    [204, "sent", undefined],
    [307, "pending", "It answered 307."],
    [400, "dead", "It answered 400."],
    [401, "pending", "It answered 401."],
    [404, "pending", "It answered 404."],
    [408, "pending", "It answered 408."],
    [409, "pending", "It answered 409."],
    [410, "dead", "It answered 410."],
    [422, "dead", "It answered 422."],
    [425, "pending", "It answered 425."],
    [429, "pending", "It answered 429."],
    [500, "pending", "It answered 500."],
    [504, "pending", "It answered 504."],
  ])("of %i leaves the delivery %s", async (answered, state, reason) => {
    status = answered;
    await billRun(store, "run-1", { sinks: ["webhook"] });
    await dispatch().quiet();
    expect(await stateOf()).toEqual([[state, reason]]);
    expect((await allDeliveries(store))[0]?.unknownSince).toBe(answered >= 500 ? clock.now() : undefined);
    expect(receiver.requests).toHaveLength(1);
  });

  test("that cannot come, since nobody listens, leaves nothing unknown", async () => {
    await receiver.close();
    await billRun(store, "run-1", { sinks: ["webhook"] });
    await dispatch().quiet();
    expect(await stateOf()).toEqual([["pending", "It could not be reached: ECONNREFUSED."]]);
    expect((await allDeliveries(store))[0]).not.toHaveProperty("unknownSince");
  });
});

test.each([
  ["an address that is none", { url: "billing.example.com", secret: SECRET }],
  ["an address that is not of the web", { url: "file:///etc/passwd", secret: SECRET }],
  ["an address with a password", { url: "https://user:hunter2@billing.example.com", secret: SECRET }],
  ["no secret", { url: "https://billing.example.com", secret: [] }],
  ["an empty secret", { url: "https://billing.example.com", secret: "" }],
  ["a secret that is not base64", { url: "https://billing.example.com", secret: "whsec_$$$" }],
])("%s is refused when the sink is made, and the refusal tells no secret", (_name, options) => {
  expect(() => webhookSink(options)).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.not.stringContaining("hunter2") as string }) as Error,
  );
});

test.each(["hunter2\n", "hunter2\r\nx-other: 1", "", "hunter2\u2028"])(
  "the key %j is refused when a sink is made, and the refusal does not tell it",
  (apiKey) => {
    const refusal = expect.objectContaining({ code: "CONFIG_INVALID", message: expect.not.stringContaining("hunter2") as string }) as Error;
    expect(() => openMeterSink({ url: "https://openmeter.cloud", apiKey })).toThrow(refusal);
    expect(() => stripeSink({ apiKey, meters: [], customer: () => undefined })).toThrow(refusal);
  },
);
