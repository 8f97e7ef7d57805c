import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Scenario, ScenarioResult } from "./report/result.ts";

const HERE = import.meta.dirname;
const RESULTS = join(HERE, "results");

const { positionals, values } = parseArgs({ allowPositionals: true, options: { profile: { type: "boolean", default: false } } });
installPeers();
const { scenarios } = await import("./scenarios/index.ts");
const { printResult } = await import("./report/table.ts");
const { printProfile } = await import("./report/profile.ts");
const chosen = positionals.length === 0 ? scenarios : positionals.map(scenarioNamed);

process.stdout.write(`${machine()}\n\n`);
for (const scenario of chosen) {
  const profileDirectory = join(RESULTS, "profiles", scenario.name);
  const busy = loadavg()[0]?.toFixed(2) ?? "unknown";
  const measured = await scenario.run(values.profile ? { profileDirectory } : {});
  const result = { ...measured, notes: [...measured.notes, `Load of the machine when the scenario began: ${busy}.`] };
  process.stdout.write(`${printResult(scenario.title, result)}\n`);
  keep(scenario, result);
  if (values.profile) process.stdout.write(`Self time in ${profileDirectory}:\n\n${printProfile(profileDirectory)}\n\n`);
}

/** The peers are a package of their own, so that the root installs without them. */
function installPeers(): void {
  const { dependencies } = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8")) as { dependencies: Readonly<Record<string, string>> };
  if (Object.entries(dependencies).every(([name, version]) => isInstalled(name, version))) return;
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: HERE, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

/** What is linked from the root has the version of the root. */
function isInstalled(name: string, version: string): boolean {
  const manifest = join(HERE, "node_modules", name, "package.json");
  if (!existsSync(manifest)) return false;
  return version.startsWith("file:") || (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version === version;
}

function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  process.stderr.write(`There is no scenario "${name}". There are: ${scenarios.map((scenario) => scenario.name).join(", ")}.\n`);
  process.exit(2);
}

function machine(): string {
  const [cpu] = cpus();
  return `${new Date().toISOString()}, Node ${process.versions.node}, ${String(cpus().length)} × ${cpu?.model ?? "unknown CPU"}`;
}

function keep(scenario: Scenario, result: ScenarioResult): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${scenario.name}.json`), `${JSON.stringify({ machine: machine(), scenario: scenario.name, ...result }, undefined, 2)}\n`);
}
