import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Packs the built package, installs the tarball into an empty project as a user would, and uses it there. */

const root = join(import.meta.dirname, "..", "..");

interface Manifest {
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const CONSUMER = `import { createHoldfast, HoldfastError } from "holdfast";
import { resilientFetch } from "holdfast/client";
import { IoMastraBridgeFactory, type IoMastraBridge } from "holdfast/io-bridge";

import { HoldfastAgentRunner } from "holdfast/copilotkit";

type Options = Parameters<typeof createHoldfast>[0];
export const start = (options: Options): unknown => createHoldfast(options);
export const isBusy = (error: unknown): boolean => HoldfastError.is(error) && error.code === "THREAD_BUSY";
export const fetchLike: unknown = resilientFetch;
export const runner = (holdfast: Awaited<ReturnType<typeof createHoldfast>>): unknown => new HoldfastAgentRunner({ holdfast, principal: () => ({ resourceId: "a" }) });
export const bridgeRoutes: readonly IoMastraBridge.HonoRoute[] = IoMastraBridgeFactory().createHonoRoutes();
`;

const IMPORTS = `
import { createHoldfast, HoldfastError } from "holdfast";
import * as client from "holdfast/client";
import { cedarFetch } from "holdfast/client/cedar";
import { IoMastraBridgeFactory } from "holdfast/io-bridge";
if (typeof createHoldfast !== "function") throw new Error("holdfast exports no createHoldfast");
if (!HoldfastError.is(new HoldfastError("RUN_NOT_FOUND", "No such run."))) throw new Error("HoldfastError does not know itself");
if (typeof client.resilientFetch !== "function") throw new Error("holdfast/client exports no resilientFetch");
if (typeof cedarFetch !== "function") throw new Error("holdfast/client/cedar exports no cedarFetch");
if (IoMastraBridgeFactory().createHonoRoutes().length !== 10) throw new Error("holdfast/io-bridge does not have its ten routes");
`;

function run(cwd: string, program: string, ...rest: readonly string[]): string {
  return execFileSync(program, rest, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], timeout: 10 * 60_000 });
}

function check(isTrue: boolean, problem: string): void {
  if (!isTrue) throw new Error(problem);
}

function pack(folder: string): string {
  const [packed] = JSON.parse(run(root, "npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder)) as {
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[];
  check(packed !== undefined, "npm pack made no tarball");
  const paths = packed?.files.map((file) => file.path) ?? [];
  const wanted = [
    "package.json",
    "README.md",
    "LICENSE",
    "dist/index.js",
    "dist/index.d.ts",
    "dist/client/index.js",
    "dist/client/cedar.js",
    "dist/copilotkit.js",
    "dist/io-bridge.js",
    "dist/cli/main.js",
  ];
  const missing = wanted.filter((path) => !paths.includes(path));
  check(missing.length === 0, `the tarball lacks ${missing.join(", ")}`);
  const surplus = paths.filter((path) => !/^(package\.json|README\.md|LICENSE|dist\/.+\.(js|d\.ts))$/.test(path) || /\.test\.|testkit\//.test(path));
  check(surplus.length === 0, `the tarball also holds ${surplus.join(", ")}`);
  return join(folder, packed?.filename ?? "");
}

function install(folder: string, tarball: string, manifest: Manifest): void {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  // The versions of the lockfile: they stand in npm's cache after `npm ci`, and peers that float would test something else each day.
  const peers = Object.keys(manifest.peerDependencies).map((name) => `${name}@${manifest.devDependencies[name] ?? "latest"}`);
  run(folder, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", tarball, ...peers);
}

function main(folder: string): void {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  install(folder, pack(folder), manifest);
  console.log("ok  the tarball holds what it should and installs");

  writeFileSync(join(folder, "imports.js"), IMPORTS);
  run(folder, process.execPath, "imports.js");
  console.log("ok  holdfast, holdfast/client and holdfast/io-bridge can be imported");

  const options = { strict: true, module: "nodenext", target: "es2024", lib: ["es2024", "dom"], types: [], skipLibCheck: true, noEmit: true };
  writeFileSync(join(folder, "consumer.ts"), CONSUMER);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["consumer.ts"] }));
  run(folder, join(root, "node_modules", ".bin", "tsc"), "-p", folder);
  console.log("ok  a strict project type checks against it");

  const holdfast = join(folder, "node_modules", ".bin", "holdfast");
  check(run(folder, holdfast, "--help").includes("serve"), "`holdfast --help` does not name serve");
  check(run(folder, holdfast, "serve", "--help").includes("--port"), "`holdfast serve --help` does not describe --port");
  check(run(folder, holdfast, "--version").trim() === manifest.version, "`holdfast --version` is not the version of the package");
  console.log("ok  holdfast --help, serve --help and --version answer");
}

const folder = mkdtempSync(join(tmpdir(), "holdfast-package-"));
try {
  main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
