import { parseArgs } from "node:util";
import { Dispatcher } from "../../src/billing/dispatcher.ts";
import { webhookSink } from "../../src/billing/index.ts";
import type { Sink } from "../../src/billing/sink.ts";
import type { Clock } from "../../src/core/clock.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";

// A process that brings the bills of a store to a webhook, on a clock that is ahead by --ahead-ms. With --die-after it kills itself when
// that many messages were accepted, before it has noted the last; otherwise it ends when nothing is due.

const { values } = parseArgs({
  options: {
    path: { type: "string", default: "" },
    url: { type: "string", default: "" },
    secret: { type: "string", default: "" },
    "window-ms": { type: "string" },
    "ahead-ms": { type: "string", default: "0" },
    "die-after": { type: "string" },
  },
});

const clock: Clock = { now: () => Date.now() + Number(values["ahead-ms"]) };
const store = await openSqliteStore({ path: values.path, clock });
const dedupWindowMs = values["window-ms"] === undefined ? {} : { dedupWindowMs: Number(values["window-ms"]) };
const webhook = webhookSink({ url: values.url, secret: values.secret, ...dedupWindowMs });
let accepted = 0;
const sink: Sink = {
  ...webhook,
  send: async (delivery, signal) => {
    const result = await webhook.send(delivery, signal);
    accepted += 1;
    if (accepted === Number(values["die-after"])) process.kill(process.pid, "SIGKILL");
    return result;
  },
};
const dispatcher = new Dispatcher({
  store,
  sinks: [sink],
  clock,
  pollMs: 10,
  onProblem: (message, about) => void process.stderr.write(`${message} ${about.runId ?? ""}\n`),
});
dispatcher.open();
for (;;) {
  const { deliveries } = await store.listDeliveries({ states: ["pending"], limit: 1 });
  if (deliveries.length === 0) break;
  await new Promise((resolve) => setTimeout(resolve, 5));
}
await dispatcher.close();
await store.close();
