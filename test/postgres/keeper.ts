import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverAccount, serverPrograms } from "./binaries.ts";

// Keeps one PostgreSQL server for the process that started this one: prints a line with its address, and stops the server and removes
// its files when the input closes, which it also does when that process is killed.

// Another process may take the port between the look and the start.
const MAX_TRIES = 4;
// No test cuts the power, and no two servers meet in a folder of sockets.
const SETTINGS = ["fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"];

const released = once(process.stdin.resume(), "close");
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.stdin.destroy());
// Nobody may be left to read the line.
process.stdout.on("error", () => undefined);
const folder = mkdtempSync(join(tmpdir(), "holdfast-postgres-"));
const children: ChildProcess[] = [];
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
// The account of the server goes through it to what is its own.
chmodSync(folder, 0o711);
const account = serverAccount();
const programs = serverPrograms(account, folder);
const data = join(folder, "data");
mkdirSync(data, { mode: 0o700 });
if (account.uid !== undefined && account.gid !== undefined) chownSync(data, account.uid, account.gid);

function program(name: string, ...args: readonly string[]): { readonly process: ChildProcess; log(): string } {
  let log = "";
  const child = spawn(join(programs, name), args, { ...account, cwd: data, env: { ...process.env, LC_ALL: "C" }, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  for (const output of [child.stdout, child.stderr]) output.setEncoding("utf8").on("data", (text: string) => (log += text));
  return { process: child, log: () => log };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, "127.0.0.1"), "listening");
  const { port } = probe.address() as AddressInfo;
  await once(probe.close(), "close");
  return port;
}

/** Resolves with whether the server takes connections; it does not where it ended instead. */
async function isReady(server: ReturnType<typeof program>): Promise<boolean> {
  const ready = new Promise<boolean>((resolve) => {
    server.process.stderr?.on("data", () => server.log().includes("ready to accept connections") && resolve(true));
  });
  return Promise.race([ready, once(server.process, "exit").then(() => false)]);
}

async function startServer(): Promise<{ readonly server: ChildProcess; readonly port: number }> {
  for (let tried = 1; ; tried += 1) {
    const port = await freePort();
    const server = program("postgres", "-D", data, "-p", String(port), ...SETTINGS.flatMap((setting) => ["-c", setting]));
    if (await isReady(server)) return { server: server.process, port };
    if (tried === MAX_TRIES) throw new Error(`postgres does not start: ${server.log()}`);
  }
}

const initdb = program("initdb", `--pgdata=${data}`, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync");
const [code] = (await once(initdb.process, "close")) as [number | null];
if (code !== 0) throw new Error(`initdb fails: ${initdb.log()}`);
const { server, port } = await startServer();
process.stdout.write(`${JSON.stringify({ url: `postgres://postgres@127.0.0.1:${port}/postgres` })}\n`);
await Promise.race([released, once(server, "exit")]);
const ended = server.exitCode === null && server.signalCode === null ? once(server, "exit") : undefined;
// The fast shutdown: it waits for no client.
server.kill("SIGINT");
await ended;
process.exit(0);
