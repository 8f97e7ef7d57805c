import { existsSync } from "node:fs";
import type { RunStore } from "../core/store.ts";
import { openStore } from "../stores/open-store.ts";
import type { Arguments, Env } from "./command.ts";
import { storePath, storeSetting } from "./config.ts";
import { failure, success, type Result } from "./result.ts";

/**
 * Opens the store that a server writes, to look into it. Never makes one.
 * @throws {HoldfastError} CONFIG_INVALID, STORE_UNAVAILABLE, STORE_SCHEMA_MISMATCH
 */
export async function openExistingStore(given: Arguments, env: Env): Promise<Result<RunStore>> {
  const setting = storeSetting(given, env);
  if (!setting.ok) return setting;
  if (setting.value === "memory") return failure("The store memory lives inside its server; name a store that other processes can open.");
  const path = storePath(setting.value);
  if (path !== undefined && !existsSync(path)) return failure(`There is no store at ${path}; pass the --store that the server uses.`);
  return success(await openStore(setting.value));
}
