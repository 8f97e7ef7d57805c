import { HoldfastError } from "../core/error.ts";
import type { RunStore } from "../core/store.ts";
import { systemClock } from "../core/clock.ts";
import { MemoryRunStore } from "./memory/store.ts";
import { openSqliteStore } from "./sqlite/index.ts";

/**
 * Opens the store that a setting names: `memory`, `sqlite:<path>`, or a bare path, which is SQLite.
 * @throws {HoldfastError} CONFIG_INVALID, STORE_UNAVAILABLE, STORE_SCHEMA_MISMATCH
 */
export async function openStore(setting: string): Promise<RunStore> {
  if (setting === "memory") return MemoryRunStore.open({ clock: systemClock });
  const scheme = /^([a-z]{2,}):/.exec(setting)?.[1];
  if (scheme !== undefined && scheme !== "sqlite" && scheme !== "file") {
    throw new HoldfastError("CONFIG_INVALID", `There is no store for "${scheme}:"; use sqlite:<path> or memory.`);
  }
  const path = scheme === undefined ? setting : setting.slice(scheme.length + 1);
  if (path === "") throw new HoldfastError("CONFIG_INVALID", "The store names no file; use sqlite:<path>.");
  return openSqliteStore({ path });
}
