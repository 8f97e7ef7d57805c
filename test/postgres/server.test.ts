import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { Client } from "pg";
import { afterEach, expect, test, vi } from "vitest";
import { openPostgres } from "./server.ts";

const OPEN = `const { openPostgres } = await import(${JSON.stringify(new URL("server.ts", import.meta.url).href)});
const server = await openPostgres();
console.log(await server.freshDatabase());`;

const holders: ChildProcess[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const holder of holders.splice(0)) holder.kill("SIGKILL");
});

async function ask(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  // A server that ends says so on an idle connection, too; what is asked of it fails by itself.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

async function isGone(url: string, folder: unknown): Promise<void> {
  await vi.waitFor(
    async () => {
      await expect(ask(url, "SELECT 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
      expect(existsSync(String(folder))).toBe(false);
    },
    { timeout: 30_000, interval: 50 },
  );
}

test("databases of one server are empty and know nothing of each other", async () => {
  const server = await openPostgres();
  const [first, second] = await Promise.all([server.freshDatabase(), server.freshDatabase()]);
  await ask(first, "CREATE TABLE fruit (name text)");
  const tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
  expect(await ask(first, tables)).toEqual([{ tablename: "fruit" }]);
  expect(await ask(second, tables)).toEqual([]);
  await server.close();
});

test("a server that is closed leaves neither a process nor files", async () => {
  vi.stubEnv("DATABASE_URL", "");
  const server = await openPostgres();
  const url = await server.freshDatabase();
  const [row] = await ask(url, "SHOW data_directory");
  await server.close();
  await isGone(url, row?.["data_directory"]);
});

test("a server whose owner is killed leaves neither a process nor files", async () => {
  const holder = spawn(process.execPath, ["--input-type=module", "-e", OPEN], {
    env: { ...process.env, DATABASE_URL: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  holders.push(holder);
  const [url] = (await once(createInterface({ input: holder.stdout }), "line")) as [string];
  const [row] = await ask(url, "SHOW data_directory");
  holder.kill("SIGKILL");
  await isGone(url, row?.["data_directory"]);
});

test("with DATABASE_URL set its server is used, and left as it was", async () => {
  vi.stubEnv("DATABASE_URL", "");
  const host = await openPostgres();
  const given = await host.freshDatabase();
  vi.stubEnv("DATABASE_URL", given);
  const before = await ask(given, "SELECT datname FROM pg_database ORDER BY datname");
  const guest = await openPostgres();
  const url = await guest.freshDatabase();
  expect(new URL(url).host).toBe(new URL(given).host);
  expect(await ask(given, "SELECT datname FROM pg_database ORDER BY datname")).toHaveLength(before.length + 1);
  await guest.close();
  expect(await ask(given, "SELECT datname FROM pg_database ORDER BY datname")).toEqual(before);
  await host.close();
});
