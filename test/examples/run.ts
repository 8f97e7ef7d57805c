import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";

/**
 * Installs every example that has tests, with the package as it is built now, and runs `npm test` in it, which is node:test. The last line is the
 * sum: `N passed, N failed`. Names of examples run just those.
 */

const ROOT = join(import.meta.dirname, "..", "..");
/** What node:test counts, as its reporters print it when they end. */
const COUNT = /^(?:ℹ|#) (pass|fail|cancelled|skipped|todo) (\d+)$/;

interface Count {
  readonly passed: number;
  readonly failed: number;
}

// The examples run on the Node that runs this.
const env = { ...process.env, PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) };
const isShellNeeded = process.platform === "win32";

function npm(folder: string, ...args: readonly string[]): void {
  const { status } = spawnSync("npm", args, { cwd: folder, env, stdio: "inherit", shell: isShellNeeded });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed in ${folder}.`);
}

function install(folder: string): void {
  if (!isInstalled(folder)) npm(folder, "ci", "--no-audit", "--no-fund");
  // An example installs a copy of the package, which may be of an earlier build.
  const installed = join(folder, "node_modules", "holdfast");
  for (const name of ["dist", "package.json"]) {
    rmSync(join(installed, name), { recursive: true, force: true });
    cpSync(join(ROOT, name), join(installed, name), { recursive: true });
  }
}

/** npm writes a lock file of its own into node_modules when an install is complete. */
function isInstalled(folder: string): boolean {
  const installed = join(folder, "node_modules", ".package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(folder, "package-lock.json")).mtimeMs;
}

function test(folder: string): Promise<Count> {
  const child = spawn("npm", ["test"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"], shell: isShellNeeded });
  const counts = new Map<string, number>();
  let unfinished = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    process.stdout.write(text);
    const lines = (unfinished + text).split("\n");
    unfinished = lines.pop() ?? "";
    for (const line of lines) {
      const [, name, count] = COUNT.exec(line) ?? [];
      if (name !== undefined) counts.set(name, Number(count));
    }
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const passed = counts.get("pass") ?? 0;
      const failed = ["fail", "cancelled", "skipped", "todo"].reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
      resolve({ passed, failed: code === 0 && passed > 0 ? failed : Math.max(1, failed) });
    });
  });
}

function hasTests(folder: string): boolean {
  const { scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly scripts?: { readonly test?: string } };
  return scripts?.test !== undefined;
}

const names = process.argv.slice(2);
const folders = globSync("examples/*/package.json", { cwd: ROOT })
  .map((file) => join(ROOT, dirname(file)))
  .filter((folder) => hasTests(folder) && (names.length === 0 || names.includes(basename(folder))));
npm(ROOT, "run", "--silent", "build");
let sum: Count = { passed: 0, failed: 0 };
for (const folder of folders) {
  install(folder);
  const { passed, failed } = await test(folder);
  sum = { passed: sum.passed + passed, failed: sum.failed + failed };
}
const isGood = sum.passed > 0 && sum.failed === 0;
console.log(`${sum.passed} passed, ${isGood ? 0 : Math.max(1, sum.failed)} failed`);
process.exitCode = isGood ? 0 : 1;
