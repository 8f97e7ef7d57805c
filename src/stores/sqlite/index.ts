import { systemClock, type Clock } from "../../core/clock.ts";
import { HoldfastError } from "../../core/error.ts";
import type { RunStore } from "../../core/store.ts";
import { SqliteConnection } from "./connection.ts";
import { migrate } from "./migrations/index.ts";
import { SqliteRunStore } from "./store.ts";

export interface SqliteStoreOptions {
  /** The database file; it and its folder are created. `:memory:` keeps everything in this process. */
  readonly path: string;
  readonly clock?: Clock;
}

/**
 * Opening switches the file to WAL and repairs it after a crash. Both need the file for themselves, and SQLite does not wait
 * for that, so processes that start together are made to wait here; a file that stays locked longer is somebody's to look at.
 */
const OPEN_WITHIN_MS = 3_000;
const OPEN_WAIT_MS = 50;

/**
 * Opens the default store: one SQLite file, shared by the processes of one machine.
 * @throws {HoldfastError} CONFIG_INVALID, STORE_UNAVAILABLE, STORE_SCHEMA_MISMATCH
 * @example const store = await openSqliteStore({ path: ".holdfast/runs.db" });
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<RunStore> {
  const giveUpMs = performance.now() + OPEN_WITHIN_MS;
  for (;;) {
    try {
      return SqliteRunStore.on(openUpToDate(options.path), options.clock ?? systemClock);
    } catch (error) {
      if (performance.now() > giveUpMs || !HoldfastError.is(error) || error.code !== "STORE_UNAVAILABLE") throw error;
      await new Promise((resolve) => setTimeout(resolve, OPEN_WAIT_MS));
    }
  }
}

function openUpToDate(path: string): SqliteConnection {
  const connection = SqliteConnection.open(path);
  try {
    migrate(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
