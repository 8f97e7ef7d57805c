import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BilledMessage } from "../../src/billing/index.ts";
import type { RunStore } from "../../src/core/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { allDeliveries, billRun } from "./billed-runs.ts";
import { openReceiver, type Receiver } from "./receiver.ts";

const CHILD = fileURLToPath(new URL("crash-child.ts", import.meta.url));
const SECRET = `whsec_${randomBytes(24).toString("base64")}`;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let folder = "";
let path = "";
let store: RunStore;
let receiver: Receiver;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-outbox-"));
  path = join(folder, "runs.db");
  store = await openSqliteStore({ path });
  receiver = await openReceiver((_, response) => response.writeHead(204).end());
});

afterEach(async () => {
  await receiver.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

/** Runs a process of the deployment to its end and tells how it ended. */
async function childEnds(...flags: readonly string[]): Promise<readonly [code: number | null, signal: NodeJS.Signals | null]> {
  const args = [CHILD, "--path", path, "--url", receiver.url, "--secret", SECRET, ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return [code, signal];
}

/** The messages that came in, each verified. */
function messages(): readonly BilledMessage[] {
  return receiver.requests.map(({ body, headers }) => new Webhook(SECRET).verify(body, headers as Record<string, string>) as BilledMessage);
}

test("processes killed between a send and the note of it: others send again with the same key, and a receiver that counts a key once counts every bill once", async () => {
  const expected = new Map(Array.from({ length: 20 }, (_, index) => [`run-${index}`, index + 1]));
  for (const [runId, inputTokens] of expected) await billRun(store, runId, { sinks: ["webhook"], usage: { inputTokens } });

  expect(await childEnds("--die-after", "3")).toEqual([null, "SIGKILL"]);
  expect((await allDeliveries(store)).filter(({ state }) => state === "pending").length).toBeGreaterThan(0);
  // The lease of a delivery is a minute long; clocks that are ahead save the waiting.
  expect(await childEnds("--die-after", "5", "--ahead-ms", String(10 * MINUTE_MS))).toEqual([null, "SIGKILL"]);
  expect(await childEnds("--ahead-ms", String(20 * MINUTE_MS))).toEqual([0, null]);

  const keys = receiver.requests.map(({ headers }) => String(headers["webhook-id"]));
  expect(keys.length).toBeGreaterThan(expected.size);
  const counted = new Map<string, number | undefined>();
  for (const [index, { data }] of messages().entries()) {
    expect(data.runId).toBe(keys[index]);
    if (!counted.has(data.runId)) counted.set(data.runId, data.billable.usage.inputTokens);
  }
  expect(new Map([...counted].toSorted(([left], [right]) => Number(left.slice(4)) - Number(right.slice(4))))).toEqual(expected);
  expect((await allDeliveries(store)).map(({ state }) => state)).toEqual(Array.from(expected, () => "sent"));
});

test("a bill whose process died while it sent it is held once the receiver may have forgotten its key", async () => {
  await billRun(store, "run-1", { sinks: ["webhook"] });
  expect(await childEnds("--die-after", "1")).toEqual([null, "SIGKILL"]);
  expect(await childEnds("--ahead-ms", String(DAY_MS), "--window-ms", String(DAY_MS))).toEqual([0, null]);
  expect(receiver.requests).toHaveLength(1);
  expect(await allDeliveries(store)).toMatchObject([{ runId: "run-1", state: "held", attempts: 2 }]);
});
