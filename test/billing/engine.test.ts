import { randomBytes } from "node:crypto";
import pino from "pino";
import { Webhook } from "standardwebhooks";
import { afterEach, expect, test } from "vitest";
import { webhookSink, type BilledMessage, type Sink } from "../../src/billing/index.ts";
import { call, say } from "../../src/testkit/scripted-model.ts";
import { ANN, openShop } from "../engine/shop.ts";
import { openReceiver } from "./receiver.ts";

const SECRET = `whsec_${randomBytes(24).toString("base64")}`;
const PRICES = { version: "2026-01", currency: "EUR", models: { "scripted/script-1": { input: 1_000, output: 2_000 } } };

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

test.each(["memory", "sqlite"] as const)("on %s the bill of a run reaches the sink of its engine, and is the one that its owner sees", async (store) => {
  const arrived = Promise.withResolvers<void>();
  const receiver = await openReceiver((_, response) => {
    response.writeHead(204).end();
    arrived.resolve();
  });
  closing.push(() => receiver.close());
  const sink = webhookSink({ url: receiver.url, secret: SECRET });
  const shop = await openShop({
    store,
    script: [[say("Adding."), call("add", { a: 1, b: 2 })], [say("3")]],
    engine: { billing: { sinks: [sink], prices: PRICES } },
  });
  closing.push(() => shop.close());

  const run = await shop.ask("1 + 2?");
  await shop.log(run);
  await arrived.promise;
  const [request] = receiver.requests;
  const message = new Webhook(SECRET).verify(request?.body ?? "", request?.headers as Record<string, string>) as BilledMessage;
  const usage = await shop.engine.usage(ANN, run.id);
  expect(message.data).toEqual(usage.bill);
  // Two calls of the scripted model, 20 tokens in and 10 out each.
  const billable = { usage: { inputTokens: 40, outputTokens: 20, totalTokens: 60 }, calls: { settled: shop.model.requests.length }, amount: 0.08 };
  expect(message.data).toMatchObject({ runId: run.id, resourceId: "ann", status: "completed", priceVersion: "2026-01", billable });
  expect(usage.entries).toHaveLength(shop.model.requests.length);
  expect(await shop.engine.usageReport(ANN, { groupBy: "resource" })).toMatchObject([{ key: "ann", runs: 1, billable, cost: billable }]);
  expect(await shop.engine.usageReport({ resourceId: "bob" }, { groupBy: "resource" })).toEqual([]);
  await expect(shop.engine.usage({ resourceId: "bob" }, run.id)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});

test("a bill that is refused for good is logged as an error", async () => {
  const logged: string[] = [];
  const told = Promise.withResolvers<void>();
  const stream = {
    write: (line: string) => {
      logged.push(line);
      told.resolve();
    },
  };
  const sink: Sink = { name: "meter", send: () => Promise.resolve({ outcome: "refused", reason: "No such customer.", isFinal: true }) };
  const shop = await openShop({ store: "memory", script: [[say("3")]], engine: { billing: { sinks: [sink] }, logger: pino({ level: "error" }, stream) } });
  closing.push(() => shop.close());
  const run = await shop.ask("1 + 2?");
  await told.promise;
  expect(JSON.parse(logged[0] ?? "")).toMatchObject({ level: 50, sink: "meter", runId: run.id, state: "dead", err: "No such customer." });
});
