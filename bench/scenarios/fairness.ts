import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Figure, Scenario, ScenarioOptions, ScenarioResult } from "../report/result.ts";
import { median } from "../report/statistics.ts";
import type { FairnessReport, Waits } from "../servers/fairness.ts";

const ROUNDS = 5;
/** What an event may wait, or one commit where that takes longer. */
const ALLOWANCE_MS = 5;

/** How long events wait for their commit in a process in which one producer never pauses. */
export const fairness: Scenario = { name: "fairness", title: "Fairness: from emit to committed beside a producer that never pauses", run };

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const reports: FairnessReport[] = [];
  for (let round = 0; round < ROUNDS; round += 1) reports.push(await measure(options));
  const figures = (["busy", "quiet"] as const).flatMap((kind) =>
    (["p50Ms", "p99Ms", "p999Ms", "maxMs"] as const).map((field): Figure => ({
      subject: kind === "busy" ? "the run that never pauses" : "8 runs beside it",
      measure: `wait for the commit, ${NAMES[field]}`,
      unit: "ms",
      values: reports.map((report) => report[kind][field]),
    })),
  );
  const longest = reports.map((report) => report.longestCommitMs);
  return {
    figures: [...figures, { subject: "store", measure: "longest commit", unit: "ms", values: longest }],
    targets: (["busy", "quiet"] as const).map((kind) => ({
      claim: `${kind} runs: p99.9 of the wait, ms (limit: 5 ms or the longest commit)`,
      actual: median(reports.map((report) => report[kind].p999Ms)),
      limit: Math.max(ALLOWANCE_MS, median(longest)),
      direction: "at most" as const,
    })),
    notes: [`Per round: ${reports.map((report) => `${String(report.busy.events)} + ${String(report.quiet.events)} events in ${String(report.commits)} commits`).join("; ")}.`],
  };
}

const NAMES: Readonly<Record<Exclude<keyof Waits, "events">, string>> = { p50Ms: "p50", p99Ms: "p99", p999Ms: "p99.9", maxMs: "max" };

async function measure(options: ScenarioOptions): Promise<FairnessReport> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const profiling = options.profileDirectory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profileDirectory}`];
  const child = fork(fileURLToPath(new URL("../servers/fairness.ts", import.meta.url)), [directory], { execArgv: profiling });
  try {
    return await new Promise((resolve, reject) => {
      let report: FairnessReport | undefined;
      child.once("message", (message) => {
        report = message as FairnessReport;
      });
      child.once("exit", (code) => (report === undefined ? reject(new Error(`The process ended with ${String(code)} and no report.`)) : resolve(report)));
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
