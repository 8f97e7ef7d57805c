import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LibSQLStore } from "@mastra/libsql";
import { PostgresStore } from "@mastra/pg";
import { openPostgres } from "../postgres/server.ts";

/** The databases that hold Mastra's threads in these tests. */
export const STORAGES = ["LibSQL", "PostgreSQL"] as const;
export type StorageKind = (typeof STORAGES)[number];

/** Opens the storage that a connection string names. */
export function storageAt(url: string): LibSQLStore | PostgresStore {
  return url.startsWith("file:") ? new LibSQLStore({ id: "memory", url }) : new PostgresStore({ id: "memory", connectionString: url });
}

/** Where the tests of one file keep their threads. */
export interface StoragePlace {
  /** The connection string of an empty storage that nobody else has. */
  freshUrl(): Promise<string>;
  close(): Promise<void>;
}

export async function openPlace(kind: StorageKind): Promise<StoragePlace> {
  if (kind === "PostgreSQL") {
    const server = await openPostgres();
    return { freshUrl: () => server.freshDatabase(), close: () => server.close() };
  }
  const directory = mkdtempSync(join(tmpdir(), "holdfast-memory-"));
  let files = 0;
  return {
    freshUrl: () => Promise.resolve(`file:${join(directory, `${(files += 1)}.db`)}`),
    close: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
  };
}
