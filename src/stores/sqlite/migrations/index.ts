import { HoldfastError } from "../../../core/error.ts";
import type { SqliteConnection } from "../connection.ts";
import { runs } from "./0001-runs.ts";
import { ledgerAndAnswers } from "./0002-ledger-and-answers.ts";
import { waitingRuns } from "./0003-waiting-runs.ts";
import { unwatchedRuns } from "./0004-unwatched-runs.ts";
import { answeredRuns } from "./0005-answered-runs.ts";

/** In order; the version of the schema is the number of them that were applied. One that was released is never edited. */
const MIGRATIONS: readonly string[] = [runs, ledgerAndAnswers, waitingRuns, unwatchedRuns, answeredRuns];

/**
 * Brings the schema up to date. Processes that open one file at once take turns.
 * @throws {HoldfastError} STORE_SCHEMA_MISMATCH when a newer version of the package wrote the file
 */
export function migrate(connection: SqliteConnection): void {
  if (schemaVersion(connection) === MIGRATIONS.length) return;
  connection.write("flushed", () => {
    const version = schemaVersion(connection);
    if (version > MIGRATIONS.length) {
      const message = `The database has schema version ${version}, this version of Holdfast knows ${MIGRATIONS.length}; install the version that wrote it, or a later one.`;
      throw new HoldfastError("STORE_SCHEMA_MISMATCH", message, { details: { found: version, known: MIGRATIONS.length } });
    }
    for (const migration of MIGRATIONS.slice(version)) connection.script(migration);
    connection.script(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

function schemaVersion(connection: SqliteConnection): number {
  return (connection.get("PRAGMA user_version") as { user_version: number } | undefined)?.user_version ?? 0;
}
