import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Figure, Scenario, ScenarioOptions, ScenarioResult } from "../report/result.ts";
import { median } from "../report/statistics.ts";
import type { AgentWaitsReport } from "../servers/agent-waits.ts";
import type { FairnessReport } from "../servers/fairness.ts";

const ROUNDS = 5;
/** What an event may wait, or one commit where that takes longer. */
const ALLOWANCE_MS = 5;

/** How long events wait for their commit in a process in which one producer never pauses. */
export const fairness: Scenario = { name: "fairness", title: "Fairness: from emit to committed beside a producer that never pauses", run };

const KINDS = { busy: "the run that never pauses", quiet: "8 runs beside it" } as const;
const SHARES = { p50Ms: "p50", p99Ms: "p99", p999Ms: "p99.9", maxMs: "max" } as const;
const AGENT_SHARES = { p50Ms: "p50", p99Ms: "p99", maxMs: "max" } as const;

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const reports: FairnessReport[] = [];
  const agents: AgentWaitsReport[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    reports.push(await reportOf<FairnessReport>("fairness", options));
    agents.push(await reportOf<AgentWaitsReport>("agent-waits", options));
  }
  const longest = reports.map((report) => report.longestCommitMs);
  return {
    figures: [...commitFigures(reports), { subject: "store", measure: "longest commit", unit: "ms", values: longest }, ...agentFigures(agents)],
    targets: keysOf(KINDS).map((kind) => ({
      claim: `${KINDS[kind]}: p99.9 of the wait, ms (limit: 5 ms or the longest commit)`,
      actual: median(reports.map((report) => report[kind].p999Ms)),
      limit: Math.max(ALLOWANCE_MS, median(longest)),
      direction: "at most" as const,
    })),
    notes: [
      `Per round: ${reports.map((report) => `${String(report.busy.events)} + ${String(report.quiet.events)} events in ${String(report.commits)} commits`).join("; ")}.`,
    ],
  };
}

function commitFigures(reports: readonly FairnessReport[]): readonly Figure[] {
  return keysOf(KINDS).flatMap((kind) =>
    keysOf(SHARES).map((share): Figure => ({
      subject: KINDS[kind],
      measure: `emit to committed, ${SHARES[share]}`,
      unit: "ms",
      values: reports.map((report) => report[kind][share]),
    })),
  );
}

/** The same through a real agent, beside what Mastra alone takes from its model to whoever reads its stream. */
function agentFigures(reports: readonly AgentWaitsReport[]): readonly Figure[] {
  return (["engine", "plain"] as const).flatMap((subject) =>
    keysOf(AGENT_SHARES).map((share): Figure => ({
      subject: subject === "engine" ? "engine.tail()" : "agent.stream()",
      measure: `model to reader in process, ${AGENT_SHARES[share]}`,
      unit: "ms",
      values: reports.map((report) => report[subject][share]),
    })),
  );
}

function keysOf<Key extends string>(table: Readonly<Record<Key, string>>): readonly Key[] {
  return Object.keys(table) as Key[];
}

/** What a process of its own found out. */
async function reportOf<Report>(name: "fairness" | "agent-waits", options: ScenarioOptions): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const profiling = options.profileDirectory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profileDirectory}`];
  const env = { ...process.env, NODE_ENV: "production", NODE_NO_WARNINGS: "1" };
  const child = fork(fileURLToPath(new URL(`../servers/${name}.ts`, import.meta.url)), [directory], { execArgv: profiling, env });
  try {
    return await new Promise((resolve, reject) => {
      let report: Report | undefined;
      child.once("message", (message) => {
        report = message as Report;
      });
      child.once("exit", (code) => (report === undefined ? reject(new Error(`The process ended with ${String(code)} and no report.`)) : resolve(report)));
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
