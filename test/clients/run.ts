import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs the tests of real clients. The last line is the sum: `N passed, N failed`. */

const FOLDER = import.meta.dirname;
const ROOT = join(FOLDER, "..", "..");
/** Clients that take other releases of what the packages here take stand in folders of their own: each finds its own first. */
const PACKAGES = [FOLDER, ...["v6", "ag-ui-0", "copilotkit", "cedar"].map((name) => join(FOLDER, name))];

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

function install(folder: string): void {
  if (isInstalled(folder)) return;
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
  if (npm.status !== 0) throw new Error(`npm ci failed in ${folder}.`);
}

/** npm writes a lock file of its own into node_modules when an install is complete. */
function isInstalled(folder: string): boolean {
  const installed = join(folder, "node_modules", ".package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(folder, "package-lock.json")).mtimeMs;
}

function runVitest(filters: readonly string[]): { readonly status: number | null; readonly report: Report | undefined } {
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-clients-"));
  const file = join(scratch, "report.json");
  try {
    const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
    const { status } = spawnSync(process.execPath, [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...filters], {
      cwd: FOLDER,
      stdio: "inherit",
    });
    return { status, report: existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : undefined };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

for (const folder of PACKAGES) install(folder);
const { status, report } = runVitest(process.argv.slice(2));
const passed = report?.numPassedTests ?? 0;
const failed = (report?.numFailedTests ?? 0) + (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
const isGood = status === 0 && passed > 0 && failed === 0;
console.log(`${passed} passed, ${isGood ? 0 : Math.max(1, failed)} failed`);
process.exitCode = isGood ? 0 : 1;
