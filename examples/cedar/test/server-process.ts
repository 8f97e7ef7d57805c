import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const EXAMPLE = join(import.meta.dirname, "..");
export const SECRET = "a secret of the tests that is long enough";

/** The example's server in a process of its own, always at one address and on one store, which can be killed. */
export class ServerProcess {
  readonly url: string;
  /** For what a test writes; it goes with the server. */
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;
  /** Where the server takes the page from. */
  readonly page: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, env: NodeJS.ProcessEnv) {
    this.url = `http://127.0.0.1:${port}`;
    this.folder = mkdtempSync(join(tmpdir(), "holdfast-example-cedar-"));
    this.page = join(this.folder, "page");
    mkdirSync(this.page);
    this.#env = {
      PATH: process.env["PATH"],
      HOLDFAST_JWT_SECRET: SECRET,
      HOLDFAST_DEMO_SIGN_IN: "true",
      HOLDFAST_STORE: `sqlite:${join(this.folder, "holdfast.db")}`,
      MASTRA_STORE: `file:${join(this.folder, "memory.db")}`,
      HOLDFAST_PORT: String(port),
      HARBOUR_PAGE: this.page,
      ...env,
    };
  }

  static async start(env: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as AddressInfo;
    probe.close();
    const server = new ServerProcess(port, env);
    await server.restart();
    return server;
  }

  async restart(): Promise<void> {
    const child = spawn(process.execPath, ["server.ts"], { cwd: EXAMPLE, env: this.#env, stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    await Promise.race([
      once(child.stdout, "data"),
      once(child, "exit").then(([code]) => {
        throw new Error(`The server ended with ${String(code)}.`);
      }),
    ]);
    child.stdout.resume();
  }

  /** As if the machine had lost its power. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
