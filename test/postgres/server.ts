import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "pg";

const KEEPER = fileURLToPath(new URL("keeper.ts", import.meta.url));

/** A PostgreSQL server for the tests of one file and for the processes that they start. */
export interface PostgresServer {
  /** The connection string of an empty database that nobody else has. */
  freshDatabase(): Promise<string>;
  /** Ends the server, or drops the databases where the server is somebody else's. Close your own connections first. */
  close(): Promise<void>;
}

/** Starts a server in a temporary folder on a free port; with `DATABASE_URL` set, uses the one at that address instead. */
export async function openPostgres(): Promise<PostgresServer> {
  const given = process.env["DATABASE_URL"];
  if (given !== undefined && given !== "") {
    const made: string[] = [];
    return {
      async freshDatabase() {
        const url = await createDatabase(given);
        made.push(new URL(url).pathname.slice(1));
        return url;
      },
      close: () => query(given, ...made.map((name) => `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)),
    };
  }
  const { url, stop } = await startKeeper();
  return { freshDatabase: () => createDatabase(url), close: stop };
}

/**
 * The server runs below a process of its own. That one sees its input close when this process ends in whatever way, and it is in no
 * process group that somebody kills as a whole.
 */
async function startKeeper(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const keeper = spawn(process.execPath, [KEEPER], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let errors = "";
  keeper.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ended = once(keeper, "close");
  const line = once(createInterface({ input: keeper.stdout }), "line") as Promise<[string]>;
  const died = ended.then((): never => {
    throw new Error(`the PostgreSQL server ended: ${errors.slice(-2_000)}`);
  });
  died.catch(() => undefined);
  const [said] = await Promise.race([line, died]);
  return {
    url: (JSON.parse(said) as { readonly url: string }).url,
    async stop() {
      keeper.stdin.end();
      await ended;
    },
  };
}

async function createDatabase(server: string): Promise<string> {
  const name = `holdfast_${randomUUID().replaceAll("-", "")}`;
  await query(server, `CREATE DATABASE "${name}"`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function query(server: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: server });
  // A server that ends says so on an idle connection, too; what is asked of it fails by itself.
  client.on("error", () => undefined);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
