import { isDeepStrictEqual } from "node:util";
import { billableCalls, modelName, totalsOf, type Bill, type Totals } from "../core/bill.ts";
import { modelCallsOf, type ModelCall } from "../core/ledger.ts";
import type { RunUsage } from "../core/protocol.ts";
import type { RunStore } from "../core/store.ts";
import { USAGE_GROUPS, usageReport, type UsageGroup, type UsageQuery, type UsageRow } from "../core/usage-report.ts";
import { isoTime } from "../http/iso-time.ts";
import { runUsageJson, usageRowJson } from "../http/usage-json.ts";
import { timeText } from "../http/usage-query.ts";
import { EXIT_FAILED, EXIT_MISUSED, refuse, textFlag, type Arguments, type Command, type Env } from "./command.ts";
import { failure, success, type Result } from "./result.ts";
import { openExistingStore } from "./store-reader.ts";
import { table } from "./table.ts";

const USAGE = `Usage: holdfast usage [flags]

Sums up what the runs that ended in a period are charged and what they cost, of every resource; or shows the model calls of one run.

  --store <store>     sqlite:<path>; HOLDFAST_STORE, else sqlite:.holdfast/holdfast.db
  --from <time>       runs that ended from this time on: ISO 8601, a date, or milliseconds since 1970
  --to <time>         runs that ended before this time
  --by <group>        ${USAGE_GROUPS.join(", ")} (resource)
  --run <id>          the model calls, the totals and the bill of this run
  --json              one JSON object per line
`;

/** `holdfast usage` */
export const usage: Command = {
  usage: USAGE,
  flags: {
    store: { type: "string" },
    from: { type: "string" },
    to: { type: "string" },
    by: { type: "string" },
    run: { type: "string" },
    json: { type: "boolean" },
  },
  async run(given, env) {
    const asked = question(given);
    return asked.ok ? answer(asked.value, given, env) : refuse(asked.message, EXIT_MISUSED);
  },
};

type Question = { readonly runId: string } | { readonly groupBy: UsageGroup; readonly period: UsageQuery };

function question(given: Arguments): Result<Question> {
  if (given.positionals.length > 0) return failure(`holdfast usage takes no "${given.positionals[0]}"; see holdfast usage --help.`);
  const runId = textFlag(given, "run");
  if (runId !== undefined) {
    const surplus = ["from", "to", "by"].find((name) => given.flags[name] !== undefined);
    return surplus === undefined ? success({ runId }) : failure(`--run shows one run; leave --${surplus} out.`);
  }
  const by = textFlag(given, "by") ?? "resource";
  const groupBy = USAGE_GROUPS.find((group) => group === by);
  if (groupBy === undefined) return failure(`There is no group "${by}"; use ${USAGE_GROUPS.join(", ")}.`);
  const period: { from?: number; to?: number } = {};
  for (const end of ["from", "to"] as const) {
    const text = textFlag(given, end);
    if (text === undefined) continue;
    const at = timeText.safeParse(text);
    if (!at.success) return failure(`The time "${text}" is not ISO 8601 with a time zone, nor a date, nor milliseconds since 1970.`);
    period[end] = at.data;
  }
  return success({ groupBy, period });
}

async function answer(asked: Question, given: Arguments, env: Env): Promise<number> {
  const opened = await openExistingStore(given, env);
  if (!opened.ok) return refuse(opened.message, EXIT_FAILED);
  const store = opened.value;
  const isJson = given.flags["json"] === true;
  try {
    if ("groupBy" in asked) {
      const rows = usageReport(await store.listBilledRuns(asked.period), asked.groupBy);
      process.stdout.write(isJson ? rows.map((row) => `${JSON.stringify(usageRowJson(row))}\n`).join("") : reportTable(rows, asked.groupBy));
      return 0;
    }
    const used = await runUsage(store, asked.runId);
    if (used === undefined) return refuse(`There is no run ${asked.runId} in this store; holdfast runs lists them.`, EXIT_FAILED);
    process.stdout.write(isJson ? `${JSON.stringify(runUsageJson(used))}\n` : runText(used));
    return 0;
  } finally {
    await store.close();
  }
}

/** What a run used. Its bill outlives it, when it is deleted with its thread. */
async function runUsage(store: RunStore, runId: string): Promise<RunUsage | undefined> {
  const run = await store.getRun(runId);
  // The bill before the rows: what is read after it can only be more complete.
  const bill = await store.getBill(runId);
  const entries = modelCallsOf(await store.listUsage(runId), bill?.agentId ?? run?.agentId ?? "");
  const policy = bill?.policy ?? run?.billingPolicy;
  if (policy === undefined) return undefined;
  const billable = bill?.billable ?? totalsOf(billableCalls(entries, policy));
  return { runId, entries, totals: { billable, cost: costOf(entries, bill) }, ...(bill && { bill }) };
}

/** Prices are known to the server alone: the amount on the bill stands for as long as no figure came late. */
function costOf(entries: readonly ModelCall[], bill: Bill | undefined): Totals {
  const cost = totalsOf(entries);
  return bill !== undefined && isDeepStrictEqual([bill.cost.usage, bill.cost.calls], [cost.usage, cost.calls]) ? bill.cost : cost;
}

/** A report as a table, one group a line. */
function reportTable(rows: readonly UsageRow[], groupBy: UsageGroup): string {
  const header = [groupBy.toUpperCase(), "RUNS", "CALLS", "INPUT", "OUTPUT", "AMOUNT", "COST CALLS", "COST INPUT", "COST OUTPUT", "UNKNOWN"];
  return table([
    header,
    ...rows.map(({ key, runs, billable, cost }) => [key, String(runs), ...figures(billable), amount(billable), ...figures(cost), unknown(cost)]),
  ]);
}

/** A run as a table of its model calls, the totals below. */
function runText({ runId, entries, totals, bill }: RunUsage): string {
  const header = ["ATTEMPT", "AGENT", "CALL", "MODEL", "STATE", "INPUT", "OUTPUT", "STARTED"];
  const charged = [
    ["TOTAL", "CALLS", "INPUT", "OUTPUT", "AMOUNT", "UNKNOWN"],
    ["billable", ...figures(totals.billable), amount(totals.billable), unknown(totals.billable)],
    ["cost", ...figures(totals.cost), amount(totals.cost), unknown(totals.cost)],
  ];
  const state =
    bill === undefined ? `Run ${runId} has not ended; it has no bill yet.` : `Run ${runId} ${bill.status}, billed ${isoTime(bill.at)} (${bill.policy}).`;
  return `${table([header, ...entries.map(callRow)])}\n${table(charged)}\n${state}\n`;
}

function callRow({ attempt, agentId, path, call, state, isSuperseded, usage: used, startedAt, ...model }: ModelCall): string[] {
  const agent = path === "" ? agentId : `${agentId} (${path})`;
  const shown = isSuperseded === true ? `${state}, repeated` : state;
  return [String(attempt), agent, String(call), modelName(model), shown, tokens(used?.inputTokens), tokens(used?.outputTokens), isoTime(startedAt)];
}

/** How many calls have a figure, and its tokens. */
function figures({ usage: used, calls }: Totals): string[] {
  return [String(calls.settled + calls.estimated), tokens(used.inputTokens), tokens(used.outputTokens)];
}

/** Calls whose usage nobody knows are in no sum. */
function unknown({ calls }: Totals): string {
  return String(calls.unknown + calls.pending);
}

function amount({ amount: sum, currency, unpricedModels }: Totals): string {
  // Amounts are whole billionths; a small one would print as 4e-7.
  if (sum !== undefined && currency !== undefined) return `${sum.toFixed(9).replace(/\.?0+$/, "")} ${currency}`;
  return unpricedModels === undefined ? "" : `no price: ${unpricedModels.join(", ")}`;
}

function tokens(count: number | undefined): string {
  return count === undefined ? "" : String(count);
}
