import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import type { EngineOptions } from "../engine-options.ts";
import { failure, reasonOf, success, type Result } from "./result.ts";

type Mastra = EngineOptions["mastra"];

/**
 * Why Node cannot link a module that a bundler can: imports without extension, path aliases, enums, type imports that look like
 * values. All of them come before anything is evaluated, so a second try evaluates nothing twice.
 */
const NOT_LINKED: ReadonlySet<unknown> = new Set([
  "ERR_MODULE_NOT_FOUND",
  "ERR_PACKAGE_IMPORT_NOT_DEFINED",
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_DIR_IMPORT",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
]);

/**
 * Loads the `mastra` that a .ts or .js module exports. Its imports resolve from where the module lies, and packages are loaded as Node
 * loads them, so that it shares one copy of Mastra with this process.
 */
export async function loadMastra(file: string): Promise<Result<Mastra>> {
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return failure(`There is no module at ${file}; pass the file that exports mastra.`);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await importModule(path);
  } catch (error) {
    return failure(`${file} cannot be loaded: ${reasonOf(error)}`);
  }
  const { mastra } = module;
  if (mastra === undefined) return failure(`${file} does not export mastra; add: export const mastra = new Mastra({ … })`);
  return isMastra(mastra) ? success(mastra) : failure(`The mastra that ${file} exports is not an instance of Mastra.`);
}

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !NOT_LINKED.has((error as { code?: unknown } | undefined)?.code)) throw error;
  }
  return createJiti(path, { tsconfigPaths: true }).import(path);
}

/** By its shape: the module may have a copy of Mastra of its own. */
function isMastra(value: unknown): value is Mastra {
  return typeof value === "object" && value !== null && typeof (value as { getAgent?: unknown }).getAgent === "function";
}
