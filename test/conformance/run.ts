import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare, resultsOf, type ExpectedFailures, type Outcome } from "./outcome.ts";

const FOLDER = import.meta.dirname;

/** Installs what the lock file says, unless that is what was installed the last time. */
function install(): void {
  const lock = createHash("sha256")
    .update(readFileSync(join(FOLDER, "package-lock.json")))
    .digest("hex");
  const stamp = join(FOLDER, "node_modules", ".installed-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: FOLDER, stdio: "inherit", shell: process.platform === "win32" });
  if (npm.status !== 0) throw new Error("npm ci failed in test/conformance.");
  writeFileSync(stamp, lock);
}

/** Runs the tests of this folder and gives vitest's report. */
function runVitest(): string {
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-conformance-"));
  const report = join(scratch, "report.json");
  try {
    const vitest = join("node_modules", "vitest", "vitest.mjs");
    spawnSync(process.execPath, [vitest, "run", "--reporter=json", `--outputFile=${report}`], { cwd: FOLDER, stdio: ["ignore", "ignore", "inherit"] });
    if (!existsSync(report)) throw new Error("vitest ended without a report.");
    return readFileSync(report, "utf8");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The last line counts for the lane: what fails there is what differs from the list. */
function print({ passed, failed, skipped, differences }: Outcome): void {
  for (const difference of differences) console.error(difference);
  console.log(`${passed} tests passed, ${failed} failed and ${skipped} were skipped; expected-failures.json names what may fail`);
  console.log(`${passed} passed, ${differences.length} failed`);
}

install();
const expected = JSON.parse(readFileSync(join(FOLDER, "expected-failures.json"), "utf8")) as readonly ExpectedFailures[];
const outcome = compare(resultsOf(runVitest()), expected);
print(outcome);
process.exitCode = outcome.differences.length === 0 ? 0 : 1;
