import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holdfast as command } from "../cli/holdfast.ts";
import { ANN, BOB, CLERK, openDesk, type Desk, type Person } from "./interrupt-desk.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-usage-"));
const path = join(folder, "runs.db");
const PRICES = { version: "1", currency: "EUR", models: { "scripted/script-1": { input: 1, output: 10 } } };

interface Shown {
  readonly runId: string;
  readonly entries: readonly { readonly attempt: number; readonly path: string; readonly call: number; readonly state: string; readonly usage?: object }[];
  readonly totals: { readonly billable: Sums; readonly cost: Sums };
  readonly bill: { readonly billable: Sums };
}

interface Sums {
  readonly usage: { readonly inputTokens?: number; readonly outputTokens?: number };
  readonly amount?: number;
}

let desk: Desk;
const runsOf = new Map<Person, readonly string[]>();

async function got<Body>(person: Person, address: string): Promise<Body> {
  return (await (await desk.send(person, address)).json()) as Body;
}

beforeAll(async () => {
  desk = await openDesk({ store: `sqlite:${path}`, billing: { prices: PRICES } });
  for (const person of [ANN, BOB]) {
    const question = await desk.ask(person, "pay");
    const answered = await desk.send(person, `/v1/interrupts/${question.id}/answer`, { answer: { approved: true } });
    const { runId } = (await answered.json()) as { readonly runId: string };
    expect(await desk.endOf(person, runId)).toBe("completed");
    runsOf.set(person, [question.runId, runId]);
  }
});
afterAll(async () => {
  await desk.holdfast.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the usage routes and the command agree with the database, run by run", async () => {
  const database = new DatabaseSync(path, { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(["usage", "bills"]));
  const bills = database.prepare("SELECT run_id, bill FROM bills").all() as unknown as readonly { run_id: string; bill: string }[];
  expect(bills.map(({ run_id }) => run_id).toSorted()).toEqual([...runsOf.values()].flat().toSorted());
  for (const [person, runIds] of runsOf) {
    for (const runId of runIds) {
      const shown = await got<Shown>(person, `/v1/runs/${runId}/usage`);
      const rows = database.prepare("SELECT attempt, path, call, state FROM usage WHERE run_id = ?").all(runId);
      const settled = rows.filter(({ state }) => state === "settled");
      expect(shown.entries.map(({ attempt, path: agent, call, state }) => ({ attempt, path: agent, call, state }))).toEqual(settled.map((row) => ({ ...row })));
      const bill = JSON.parse(bills.find((kept) => kept.run_id === runId)?.bill ?? "") as Shown["bill"];
      expect(shown.totals.billable).toEqual(bill.billable);
      expect(shown.bill.billable).toEqual(bill.billable);
      const told = JSON.parse((await command(["usage", "--store", path, "--run", runId, "--json"]).ended).stdout) as Shown;
      expect(told.entries).toEqual(shown.entries);
      expect(told.bill).toEqual(shown.bill);
    }
  }
  database.close();
});

test("the sums of an owner are those of the owner's bills, and the command's row for the owner", async () => {
  const { stdout } = await command(["usage", "--store", path, "--json"]).ended;
  const told = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { readonly key: string; readonly runs: number; readonly billable: Sums });
  for (const [person, runIds] of runsOf) {
    const { rows } = await got<{ readonly rows: readonly { readonly key: string; readonly runs: number; readonly billable: Sums }[] }>(person, "/v1/usage");
    expect(rows.map(({ key, runs }) => [key, runs])).toEqual([[person.sub, 2]]);
    const single = await Promise.all(runIds.map((runId) => got<Shown>(person, `/v1/runs/${runId}/usage`)));
    const sum = single.reduce((total, { bill }) => total + (bill.billable.usage.inputTokens ?? 0), 0);
    expect(rows[0]?.billable.usage.inputTokens).toBe(sum);
    expect(told.find(({ key }) => key === person.sub)).toMatchObject({ runs: 2, billable: rows[0]?.billable });
  }
});

test("a foreign token sees nothing of it, an approver's neither", async () => {
  const [runId = ""] = runsOf.get(ANN) ?? [];
  for (const person of [BOB, CLERK]) expect((await desk.send(person, `/v1/runs/${runId}/usage`)).status).toBe(404);
  expect(await got(CLERK, "/v1/usage")).toEqual({ rows: [] });
});
