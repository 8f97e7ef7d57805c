import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/** A folder or file of `src` and what it may import. Arrows point left: nothing may import what stands to the right of it. */
export interface Layer {
  readonly name: string;
  /** Paths below `src` that belong to the layer. */
  readonly files: RegExp;
  /** Names of other layers; its own files are always allowed. */
  readonly layers: readonly string[];
  readonly packages: readonly RegExp[];
}

const NODE = /^node:/;
const HONO = /^hono(\/|$)/;
const ZOD = /^zod(\/|$)/;
const PINO = /^pino$/;
const AG_UI = /^@ag-ui\/(core|proto)(\/|$)/;
const LEAVES = [
  "core",
  "runner",
  "reader",
  "billing",
  "metrics",
  "stores",
  "stores/*",
  "stores/open-store",
  "protocols",
  "protocols/*",
  "protocols/ag-ui",
  "protocols/io-bridge",
  "mastra",
];

/** The arrow table of ARCHITECTURE.md. A file that no line describes is refused. */
export const LAYERS: readonly Layer[] = [
  { name: "core", files: /^core\//, layers: [], packages: [] },
  { name: "client", files: /^client\//, layers: [], packages: [] },
  { name: "reader", files: /^reader\//, layers: ["core"], packages: [] },
  { name: "runner", files: /^runner\//, layers: ["core"], packages: [NODE] },
  { name: "billing", files: /^billing\//, layers: ["core"], packages: [NODE, /^standardwebhooks$/] },
  { name: "metrics", files: /^metrics\//, layers: ["core"], packages: [/^prom-client$/] },
  { name: "testkit", files: /^testkit\//, layers: ["core"], packages: [NODE, /^vitest$/, /^fast-check$/] },
  { name: "mastra", files: /^mastra\//, layers: ["core"], packages: [/^node:async_hooks$/, /^@mastra\//] },
  { name: "stores/open-store", files: /^stores\/open-store\.ts$/, layers: ["core", "stores", "stores/*"], packages: [] },
  { name: "stores", files: /^stores\/[^/]+\.ts$/, layers: ["core"], packages: [NODE] },
  { name: "stores/*", files: /^stores\/([^/]+)\//, layers: ["core", "stores"], packages: [NODE] },
  { name: "protocols", files: /^protocols\/[^/]+\.ts$/, layers: ["core"], packages: [] },
  { name: "protocols/ag-ui", files: /^protocols\/ag-ui\//, layers: ["core", "protocols"], packages: [HONO, ZOD, AG_UI, /^fast-json-patch$/] },
  // io-bridge is a wire of AG-UI events under other routes: the one arrow between two protocols.
  { name: "protocols/io-bridge", files: /^protocols\/io-bridge\//, layers: ["core", "protocols", "protocols/ag-ui"], packages: [HONO, ZOD, AG_UI] },
  { name: "protocols/*", files: /^protocols\/([^/]+)\//, layers: ["core", "protocols"], packages: [HONO, ZOD] },
  {
    name: "holdfast",
    files: /^(holdfast|engine-options|run-start|run-target|threads|thread-follower|interrupts|accounts)\.ts$/,
    layers: LEAVES,
    packages: [NODE, PINO, ZOD, /^@mastra\/core\/mastra$/],
  },
  { name: "http", files: /^http\//, layers: ["core", "holdfast"], packages: [NODE, HONO, ZOD, PINO, /^@hono\//, /^jose$/] },
  { name: "index", files: /^(index|mounted-protocols)\.ts$/, layers: [...LEAVES, "holdfast", "http"], packages: [] },
  // Entries for hosts that mount Holdfast in a server of their own framework.
  {
    name: "entries",
    files: /^(io-bridge|copilotkit)\.ts$/,
    layers: [...LEAVES, "holdfast", "http"],
    packages: [HONO, AG_UI, PINO, /^@mastra\/core\/mastra$/, /^rxjs$/],
  },
  { name: "cli/demo", files: /^cli\/demo/, layers: [...LEAVES, "holdfast", "http", "index", "cli"], packages: [NODE, ZOD, /^@mastra\//] },
  { name: "cli", files: /^cli\//, layers: [...LEAVES, "holdfast", "http", "index", "cli/demo"], packages: [NODE, ZOD, PINO, /^@hono\//, /^jiti$/] },
];

/** A unit test sees its own layer, core, the testkit and the memory store; whatever is wider stands under `test/`. */
const UNIT_TEST_PATHS = /^(core|testkit|stores\/memory)\//;
const UNIT_TEST_PACKAGES: readonly RegExp[] = [NODE, /^vitest$/, /^fast-check$/, /^@hono\/node-server$/];

/** A source file: its path below `src` with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Every `.ts` and `.tsx` file below a folder, packages that are installed there left out. */
export function sourceFiles(root: string, folder: string = root): readonly SourceFile[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((left, right) => left.name.localeCompare(right.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : sourceFiles(root, path);
      return /\.tsx?$/.test(entry.name) ? [{ path: relative(root, path).replaceAll("\\", "/"), text: readFileSync(path, "utf8") }] : [];
    });
}

/** What a file imports, re-exports, loads with `import()` or names in an `import("…")` type. */
export function importsOf(file: SourceFile): readonly string[] {
  const code = file.text.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/^\s*\/\/.*$/gm, "");
  const found = code.matchAll(/^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm);
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** The layer of a path below `src`, with the folder that stands for `*`, such as `stores/sqlite`. */
export function layerOf(path: string): { readonly layer: Layer; readonly place: string } | undefined {
  for (const layer of LAYERS) {
    const match = layer.files.exec(path);
    if (match) return { layer, place: match[1] === undefined ? layer.name : layer.name.replace("*", match[1]) };
  }
  return undefined;
}

/** Every import of the files that the table does not allow, as `from -> to`. */
export function forbiddenImports(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const own = layerOf(file.path);
    if (own === undefined) return [`${file.path} -> belongs to no layer`];
    return importsOf(file)
      .filter((specifier) => !isAllowed(file.path, own, specifier))
      .map((specifier) => `${file.path} -> ${specifier}`);
  });
}

function isAllowed(path: string, own: { readonly layer: Layer; readonly place: string }, specifier: string): boolean {
  const isTest = path.endsWith(".test.ts");
  if (!specifier.startsWith(".")) {
    return own.layer.packages.some((allowed) => allowed.test(specifier)) || (isTest && UNIT_TEST_PACKAGES.some((allowed) => allowed.test(specifier)));
  }
  const target = normalize(join(dirname(path), specifier)).replaceAll("\\", "/");
  if (isTest && UNIT_TEST_PATHS.test(target)) return true;
  const other = layerOf(target);
  if (other === undefined) return false;
  return other.place === own.place || own.layer.layers.includes(other.layer.name);
}

/** The promises of the ports: what follows `INVARIANT:` in a docstring. */
export function invariantsOf(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => [...file.text.matchAll(/^\s*(?:\*|\/\/)\s*INVARIANT: (.+?)\s*(?:\*\/)?$/gm)].map((match) => match[1] ?? ""));
}

/** Whether a test of the files says the words in a string, such as its title. */
export function isTested(words: string, tests: readonly SourceFile[]): boolean {
  return tests.some((file) =>
    file.text.split("\n").some((line) => !/^\s*(\*|\/\/|\/\*)/.test(line) && /["'`]/.test(line.slice(0, Math.max(0, line.indexOf(words))))),
  );
}
