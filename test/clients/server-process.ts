import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { ServerSettings } from "./server/main.ts";

const MAIN = join(import.meta.dirname, "server", "main.ts");
const EXIT_MS = 20_000;

/** A whole server in a process of its own. */
export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
    this.#exited = once(child, "exit");
  }

  /** Resolves when it serves. */
  static async start(settings: ServerSettings): Promise<ServerProcess> {
    const env = { ...process.env, CLIENTS_SERVER: JSON.stringify(settings), NODE_NO_WARNINGS: "1" };
    const child = fork(MAIN, { env, execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const started = new ServerProcess(settings.port, child);
    const died = started.#exited.then(() => {
      throw new Error(`The server ended with code ${child.exitCode} before it was ready.`);
    });
    await Promise.race([once(child, "message"), died]);
    died.catch(() => undefined);
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Ends it, and waits until it has ended. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const limit = setTimeout(() => this.#child.kill("SIGKILL"), EXIT_MS);
    this.#child.kill(signal);
    await this.#exited;
    clearTimeout(limit);
  }
}

/** Opens a gate that an answer waits at. */
export async function openGate(serverUrl: string, key: string): Promise<void> {
  const response = await fetch(`${serverUrl}/gates/${encodeURIComponent(key)}`, { method: "POST" });
  if (response.status !== 204) throw new Error(`The gate answered ${response.status}.`);
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
