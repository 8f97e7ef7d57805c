import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { HoldfastError } from "../../core/error.ts";
import { refuseClosedStore } from "../log-rules.ts";
import { Checkpointer } from "./checkpointer.ts";

/**
 * Whether a transaction is on the disk once it is acknowledged. `written` survives a killed process, `flushed` also a power
 * cut: about 120 µs instead of 20 µs for one row on a fast disk, milliseconds on a slow one.
 */
export type Durability = "written" | "flushed";

/** Holds the pages that some thousands of running runs write to; with SQLite's own 2 MB their appends read from the file again. */
const CACHE_KIB = 16_384;

/** How long a call waits for another process to finish its transaction, in milliseconds. Below the default lease of 1,500. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * The checkpointer keeps the WAL moved into the database, so this is reached only where the commits never leave it a moment in which
 * all of the WAL is moved; then little is left to do here.
 */
const OWN_CHECKPOINT_PAGES = 16_384;

/** Primary result codes of SQLite, see https://www.sqlite.org/rescode.html. */
const RESULT = { perm: 3, busy: 5, locked: 6, noMemory: 7, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** What may be gone when the call is made again. */
const PASSING: ReadonlySet<number> = new Set([RESULT.busy, RESULT.locked, RESULT.noMemory, RESULT.readOnly, RESULT.ioError, RESULT.full, RESULT.cannotOpen]);

/** What a wrong path gives at opening. */
const WRONG_PATH: Readonly<Record<number, string>> = {
  [RESULT.perm]: "access to it is denied",
  [RESULT.readOnly]: "it is read-only",
  [RESULT.cannotOpen]: "it cannot be opened or created",
  [RESULT.notADatabase]: "it is not a SQLite database",
};

/**
 * One connection to the database file. Every call blocks until it is done, so the transactions of a process never interleave.
 * Parameters are plain question marks: Node 22 binds no numbered ones by position.
 */
export class SqliteConnection {
  readonly #database: DatabaseSync;
  readonly #statements: Map<string, StatementSync> = new Map();
  #checkpointer: Checkpointer | undefined;
  #isClosed = false;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Opens or creates the file and its folder.
   * @throws {HoldfastError} CONFIG_INVALID when the path cannot hold a database, STORE_UNAVAILABLE when the file is locked
   */
  static open(path: string): SqliteConnection {
    try {
      if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
      const connection = new SqliteConnection(new DatabaseSync(path));
      connection.#configure();
      if (path !== ":memory:") connection.#checkpointer = new Checkpointer(path);
      return connection;
    } catch (error) {
      throw openingError(error);
    }
  }

  #configure(): void {
    try {
      this.#database.exec(
        `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${OWN_CHECKPOINT_PAGES}; PRAGMA cache_size = -${CACHE_KIB}`,
      );
      const mode = this.#database.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
      if (mode !== "wal" && mode !== "memory") {
        throw new HoldfastError(
          "CONFIG_INVALID",
          "The file system of the configured database cannot share memory between processes, which WAL needs; use a local disk.",
        );
      }
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Runs a transaction that no other process interleaves with. What it throws undoes all of it. */
  write<Result>(durability: Durability, work: () => Result): Result {
    return this.#run(() => {
      // The level is per connection and SQLite ignores a change of it inside a transaction.
      if (durability === "flushed") this.#database.exec("PRAGMA synchronous = FULL");
      try {
        return this.#transact(work);
      } finally {
        if (durability === "flushed") this.#database.exec("PRAGMA synchronous = NORMAL");
      }
    });
  }

  #transact<Result>(work: () => Result): Result {
    this.#prepared("BEGIN IMMEDIATE").run();
    try {
      const result = work();
      this.#prepared("COMMIT").run();
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself after some errors (disk full, I/O); then there is no transaction to end.
    }
  }

  /** The first row as an object by column name, or `undefined`; the caller knows its shape. */
  get(sql: string, ...parameters: readonly SQLInputValue[]): unknown {
    return this.#run(() => this.#prepared(sql).get(...parameters));
  }

  /** Every row. */
  all(sql: string, ...parameters: readonly SQLInputValue[]): readonly unknown[] {
    return this.#run(() => this.#prepared(sql).all(...parameters));
  }

  /** Executes a statement and gives the number of rows that it changed. */
  run(sql: string, ...parameters: readonly SQLInputValue[]): number {
    return this.#run(() => Number(this.#prepared(sql).run(...parameters).changes));
  }

  /** Executes several statements of a migration. */
  script(sql: string): void {
    this.#run(() => {
      this.#database.exec(sql);
    });
  }

  /** A number that changes whenever another connection has committed. */
  dataVersion(): number {
    return Number((this.get("PRAGMA data_version") as { data_version: number } | undefined)?.data_version);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#statements.clear();
    this.#checkpointer?.close();
    this.#database.close();
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run<Result>(work: () => Result): Result {
    if (this.#isClosed) refuseClosedStore();
    try {
      return work();
    } catch (error) {
      throw storeError(error);
    }
  }
}

function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

function storeError(error: unknown): unknown {
  const code = resultCodeOf(error);
  if (code === undefined) return error;
  if (PASSING.has(code)) {
    return new HoldfastError("STORE_UNAVAILABLE", "The database is busy, full or out of reach, and nothing was written; try again.", {
      cause: error,
      details: { resultCode: code },
    });
  }
  const message = code === RESULT.corrupt ? "The database file is damaged; restore it from a copy." : "The database refused a statement; report this.";
  return new HoldfastError("INTERNAL", message, { cause: error, details: { resultCode: code } });
}

function openingError(error: unknown): unknown {
  const reason = WRONG_PATH[resultCodeOf(error) ?? -1];
  if (reason !== undefined) return new HoldfastError("CONFIG_INVALID", `The configured database is not usable: ${reason}; check its path.`, { cause: error });
  if (error instanceof Error && "syscall" in error) {
    return new HoldfastError("CONFIG_INVALID", "The folder of the configured database cannot be created; check its path.", { cause: error });
  }
  return storeError(error);
}
