import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { LANES, PACKAGE_LANES } from "./lanes.ts";

/**
 * What CI runs. Without arguments every stage, in order, up to the first that fails; `test` runs the test lanes only, and
 * names of stages run just those. The last line is the sum over the lanes that ran: `N passed, N failed`.
 */

interface Stage {
  readonly name: string;
  /** Each command is a program of `node_modules/.bin` or of the machine, with its arguments; they run one after the other. */
  readonly commands: readonly (readonly string[])[];
  /** How a test lane tells its count: vitest writes a report, the lanes of other packages print the summary line. */
  readonly counts?: "report" | "summary";
}

interface Count {
  readonly passed: number;
  readonly failed: number;
}

interface Outcome extends Count {
  readonly isGood: boolean;
  readonly reason: string;
}

const root = join(import.meta.dirname, "..");
// Above what the slowest stage needs on a machine that others use too; it only keeps a stage that hangs from hanging CI.
const STAGE_LIMIT_MS = 30 * 60_000;
const SUMMARY = /^(\d+) passed, (\d+) failed$/;

const vitest = (name: string): Stage => ({ name, commands: [["vitest", "run", "--project", name]], counts: "report" });
const packageLane = (name: string): Stage => ({ name, commands: [["node", `test/${name}/run.ts`]], counts: "summary" });

const STAGES: readonly Stage[] = [
  { name: "format", commands: [["oxfmt", "--check"]] },
  { name: "lint", commands: [["oxlint", "--type-aware"]] },
  {
    name: "types",
    commands: [
      ["tsc", "--noEmit"],
      ["tsc", "-p", "src/core"],
      ["tsc", "-p", "src/client"],
      ["tsc", "-p", "src/protocols"],
    ],
  },
  ...["house", ...Object.keys(LANES)].map(vitest),
  ...PACKAGE_LANES.map(packageLane),
  { name: "build", commands: [["npm", "run", "--silent", "build"]] },
  {
    name: "package",
    commands: [
      ["publint", "--strict"],
      ["attw", "--pack", ".", "--profile", "esm-only"],
      ["node", "test/package/run.ts"],
    ],
  },
  { name: "knip", commands: [["knip"]] },
];

function selected(names: readonly string[]): readonly Stage[] | undefined {
  if (names.length === 0) return STAGES;
  if (names.length === 1 && names[0] === "test") return STAGES.filter((stage) => stage.counts !== undefined);
  const unknown = names.filter((name) => !STAGES.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    console.error(`No stage is called ${unknown.join(", ")}; there are: test, ${STAGES.map((stage) => stage.name).join(", ")}.`);
    return undefined;
  }
  return STAGES.filter((stage) => names.includes(stage.name));
}

/** Runs one command with its output passed through. Resolves with its exit code and the last summary line it printed. */
function run(command: readonly string[]): Promise<{ readonly code: number; readonly summary: Count | undefined }> {
  const [program = "", ...rest] = command;
  // What npm does for its scripts: the tools and the Node of this package come first, whatever the machine has.
  const path = [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter);
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { cwd: root, env: { ...process.env, PATH: path }, stdio: ["ignore", "pipe", "inherit"], detached: true });
    let summary: Count | undefined;
    let unfinished = "";
    const killGroup = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    };
    const limit = setTimeout(killGroup, STAGE_LIMIT_MS);
    process.once("SIGINT", killGroup).once("SIGTERM", killGroup);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      process.stdout.write(text);
      const lines = (unfinished + text).split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) summary = countOf(line) ?? summary;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(limit);
      process.off("SIGINT", killGroup).off("SIGTERM", killGroup);
      resolve({ code: code ?? 1, summary: countOf(unfinished) ?? summary });
    });
  });
}

function countOf(line: string): Count | undefined {
  const match = SUMMARY.exec(line.trim());
  return match ? { passed: Number(match[1]), failed: Number(match[2]) } : undefined;
}

async function runStage(stage: Stage): Promise<Outcome> {
  if (stage.counts === "report") return await runVitest(stage);
  let total: Count = { passed: 0, failed: 0 };
  for (const command of stage.commands) {
    const { code, summary } = await run(command);
    const isCounted = stage.counts === "summary";
    if (isCounted && summary) total = { passed: total.passed + summary.passed, failed: total.failed + summary.failed };
    if (code !== 0) return { ...atLeastOneFailed(total), isGood: false, reason: `\`${command.join(" ")}\` exited with ${code}` };
    if (isCounted && (summary === undefined || summary.passed === 0)) {
      return { ...atLeastOneFailed(total), isGood: false, reason: `\`${command.join(" ")}\` reported no passed test` };
    }
    if (total.failed > 0) return { ...total, isGood: false, reason: `${total.failed} failed` };
  }
  return { ...total, isGood: true, reason: "" };
}

async function runVitest(stage: Stage): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-verify-"));
  try {
    const report = join(folder, "report.json");
    const [command = []] = stage.commands;
    const { code } = await run([...command, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);
    return readReport(report, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file: string, code: number): Outcome {
  let report: { readonly numPassedTests: number; readonly numFailedTests: number; readonly numPendingTests: number; readonly numTodoTests: number };
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as typeof report;
  } catch {
    return { passed: 0, failed: 1, isGood: false, reason: `vitest exited with ${code} and left no report` };
  }
  const left = report.numPendingTests + report.numTodoTests;
  const count: Count = { passed: report.numPassedTests, failed: report.numFailedTests + left };
  if (left > 0) return { ...count, isGood: false, reason: `${left} skipped, and a skipped test is not a passed one` };
  if (code !== 0) return { ...atLeastOneFailed(count), isGood: false, reason: `${count.failed} failed, vitest exited with ${code}` };
  if (count.passed === 0) return { ...atLeastOneFailed(count), isGood: false, reason: "no test ran" };
  return { ...count, isGood: count.failed === 0, reason: "" };
}

function atLeastOneFailed(count: Count): Count {
  return { passed: count.passed, failed: Math.max(1, count.failed) };
}

async function main(): Promise<void> {
  const stages = selected(process.argv.slice(2));
  if (stages === undefined) {
    process.exitCode = 2;
    return;
  }
  const lines: string[] = [];
  let sum: Count = { passed: 0, failed: 0 };
  for (const stage of stages) {
    console.log(`\n=== ${stage.name}`);
    const startedAt = performance.now();
    const outcome = await runStage(stage);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    if (stage.counts !== undefined) sum = { passed: sum.passed + outcome.passed, failed: sum.failed + outcome.failed };
    const counted = stage.counts === undefined ? "" : `, ${outcome.passed} tests passed`;
    lines.push(outcome.isGood ? `ok      ${stage.name} (${seconds} s${counted})` : `FAILED  ${stage.name} (${seconds} s): ${outcome.reason}`);
    if (!outcome.isGood) {
      process.exitCode = 1;
      break;
    }
  }
  for (const stage of stages.slice(lines.length)) lines.push(`not run ${stage.name}`);
  console.log(`\n${lines.join("\n")}`);
  if (stages.some((stage) => stage.counts !== undefined)) console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
}

await main();
