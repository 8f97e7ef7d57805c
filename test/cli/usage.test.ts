import { join } from "node:path";
import { expect, test } from "vitest";
import { totalsOf } from "../../src/core/bill.ts";
import { modelCallsOf } from "../../src/core/ledger.ts";
import type { RunStore } from "../../src/core/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { appendOf, sampleRun, settableClock, startedRun } from "../../src/testkit/store-samples.ts";
import { billRun } from "../billing/billed-runs.ts";
import { holdfast, newFolder } from "./holdfast.ts";

const STARTED = Date.UTC(2026, 0, 2);
const DAY_MS = 24 * 3_600_000;

/** A store with a day between the runs of ann and bob, and a third run that is under way. */
async function filledStore(): Promise<{ readonly path: string; readonly store: RunStore }> {
  const path = join(newFolder(), "runs.db");
  const clock = settableClock(STARTED);
  const store = await openSqliteStore({ path, clock });
  await billRun(store, "run-1", { run: { resourceId: "ann" } });
  clock.advance(DAY_MS);
  await billRun(store, "run-2", { run: { resourceId: "bob" }, usage: { inputTokens: 7, outputTokens: 1 } });
  const { lease } = await startedRun(store, sampleRun("run-3", { resourceId: "ann" }));
  await store.append([appendOf(lease, { type: "model-called", step: 0, call: 0, provider: "acme", modelId: "big" })]);
  return { path, store };
}

function cells(stdout: string): readonly (readonly string[])[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));
}

function jsonLines(stdout: string): readonly unknown[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

test("usage sums up what the runs of a store are charged and what they cost", async () => {
  const { path, store } = await filledStore();
  await store.close();
  const { code, stdout } = await holdfast(["usage", "--store", path]).ended;
  expect(code).toBe(0);
  expect(cells(stdout)).toEqual([
    ["RESOURCE", "RUNS", "CALLS", "INPUT", "OUTPUT", "AMOUNT", "COST CALLS", "COST INPUT", "COST OUTPUT", "UNKNOWN"],
    ["ann", "1", "1", "100", "20", "0.00014 EUR", "1", "100", "20", "0"],
    ["bob", "1", "1", "7", "1", "0.000009 EUR", "1", "7", "1", "0"],
  ]);
});

test("usage of a period and by model, as JSON, agrees with the bills of the store", async () => {
  const { path, store } = await filledStore();
  const bill = await store.getBill("run-2");
  const rows = await store.listUsage("run-2");
  await store.close();
  const { code, stdout } = await holdfast(["usage", "--store", path, "--from", "2026-01-03", "--to", "2026-01-04T00:00:00Z", "--by", "model", "--json"]).ended;
  expect(code).toBe(0);
  expect(jsonLines(stdout)).toEqual([{ key: "acme/big", runs: 1, billable: bill?.billable, cost: totalsOf(modelCallsOf(rows, "agent-1")) }]);
  expect((await holdfast(["usage", "--store", path, "--to", String(STARTED), "--json"]).ended).stdout).toBe("");
});

test("usage of a run shows its calls, both totals and the bill", async () => {
  const { path, store } = await filledStore();
  await store.close();
  const { code, stdout } = await holdfast(["usage", "--store", path, "--run", "run-1"]).ended;
  expect(code).toBe(0);
  expect(cells(stdout)).toEqual([
    ["ATTEMPT", "AGENT", "CALL", "MODEL", "STATE", "INPUT", "OUTPUT", "STARTED"],
    ["1", "agent-1", "0", "acme/big", "settled", "100", "20", "2026-01-02T00:00:00.000Z"],
    [""],
    ["TOTAL", "CALLS", "INPUT", "OUTPUT", "AMOUNT", "UNKNOWN"],
    ["billable", "1", "100", "20", "0.00014 EUR", "0"],
    ["cost", "1", "100", "20", "0.00014 EUR", "0"],
    [""],
    ["Run run-1 completed, billed 2026-01-02T00:00:00.000Z (delivered)."],
  ]);
  const json = jsonLines((await holdfast(["usage", "--store", path, "--run", "run-1", "--json"]).ended).stdout);
  expect(json).toMatchObject([{ runId: "run-1", entries: [{ state: "settled" }], bill: { resourceId: "ann", at: "2026-01-02T00:00:00.000Z" } }]);
});

test("usage of a run that goes on says that there is no bill yet", async () => {
  const { path, store } = await filledStore();
  await store.close();
  const { stdout } = await holdfast(["usage", "--store", path, "--run", "run-3"]).ended;
  expect(cells(stdout)[1]).toEqual(["1", "agent-1", "0", "acme/big", "pending", "2026-01-03T00:00:00.000Z"]);
  expect(stdout).toContain("Run run-3 has not ended; it has no bill yet.");
});

test("usage of a run outlives the thread of the run", async () => {
  const { path, store } = await filledStore();
  expect(await store.deleteThread("thread-of-run-1")).toBe("deleted");
  await store.close();
  const { code, stdout } = await holdfast(["usage", "--store", path, "--run", "run-1"]).ended;
  expect(code).toBe(0);
  expect(stdout).toContain("Run run-1 completed, billed");
});

test("deliveries lists bills on their way, and sends a dead one again", async () => {
  const { path, store } = await filledStore();
  const claimed = await store.claimDeliveries({ sinks: ["meter"], limit: 1, leaseMs: 1_000 });
  expect(claimed.map(({ runId }) => runId)).toEqual(["run-1"]);
  await store.settleDelivery({ runId: "run-1", sink: "meter", state: "dead", error: "It answered 400:\n no such meter" });
  await store.close();

  const all = await holdfast(["deliveries", "--store", path]).ended;
  expect(cells(all.stdout)).toEqual([
    ["RUN", "SINK", "STATE", "TRIES", "CREATED", "SENT OR NEXT", "REASON"],
    ["run-2", "meter", "pending", "0", "2026-01-03T00:00:00.000Z", "2026-01-03T00:00:00.000Z"],
    ["run-1", "meter", "dead", "1", "2026-01-02T00:00:00.000Z", "It answered 400: no such meter"],
  ]);
  const dead = await holdfast(["deliveries", "--store", path, "--state", "dead,held", "--sink", "meter", "--json"]).ended;
  expect(jsonLines(dead.stdout)).toMatchObject([{ runId: "run-1", sink: "meter", state: "dead", attempts: 1, bill: { resourceId: "ann" } }]);

  const replayed = await holdfast(["deliveries", "--store", path, "--replay", "run-1", "--sink", "meter"]).ended;
  expect(replayed).toMatchObject({ code: 0, stdout: "The bill of run-1 will be sent to meter again.\n" });
  const again = await holdfast(["deliveries", "--store", path, "--replay", "run-1", "--sink", "meter"]).ended;
  expect(again).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("no dead or held delivery to meter") as string });
  const pending = await holdfast(["deliveries", "--store", path, "--state", "pending", "--json"]).ended;
  expect(jsonLines(pending.stdout)).toMatchObject([{ runId: "run-2" }, { runId: "run-1", attempts: 0 }]);
});

test.each([
  [["usage", "run-1"], 'takes no "run-1"'],
  [["usage", "--by", "day"], 'There is no group "day"'],
  [["usage", "--from", "yesterday"], 'The time "yesterday"'],
  [["usage", "--run", "run-1", "--from", "2026-01-01"], "leave --from out"],
  [["deliveries", "--state", "lost"], 'There is no state "lost"'],
  [["deliveries", "--limit", "0"], 'The limit "0"'],
  [["deliveries", "--replay", "run-1"], "--replay needs the --sink"],
])("%j is refused before a store is opened", async (argv, reason) => {
  const ended = await holdfast(argv).ended;
  expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(reason) as string });
});

test("usage of an unknown run says so", async () => {
  const { path, store } = await filledStore();
  await store.close();
  const ended = await holdfast(["usage", "--store", path, "--run", "run-9"]).ended;
  expect(ended).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("There is no run run-9") as string });
});
