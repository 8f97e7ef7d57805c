import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ProcessUsage } from "../servers/launcher.ts";

/** The product and its peers, by the name of their file under `servers/`. */
export type Subject = "holdfast" | "chat-stream" | "durable-agent" | "copilotkit";

export interface ServerOptions {
  /** Kept when the server stops; left out: an own one that is removed. */
  readonly directory?: string;
  /** Where a CPU profile of the process goes. */
  readonly profileDirectory?: string;
}

/** A server of the bench in a process of its own. */
export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ownDirectory: string | undefined;

  private constructor(url: string, child: ChildProcess, ownDirectory: string | undefined) {
    this.url = url;
    this.#child = child;
    this.#ownDirectory = ownDirectory;
  }

  /** Starts a server and resolves once it listens. */
  static async start(subject: Subject, options: ServerOptions = {}): Promise<ServerProcess> {
    const ownDirectory = options.directory === undefined ? mkdtempSync(join(tmpdir(), "holdfast-bench-")) : undefined;
    const directory = options.directory ?? ownDirectory ?? ".";
    if (options.profileDirectory !== undefined) mkdirSync(options.profileDirectory, { recursive: true });
    const child = fork(fileURLToPath(new URL(`../servers/${subject}.ts`, import.meta.url)), [directory], {
      execArgv: options.profileDirectory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profileDirectory}`],
      env: { ...process.env, NODE_ENV: "production", MASTRA_TELEMETRY_DISABLED: "1", COPILOTKIT_TELEMETRY_DISABLED: "1", NODE_NO_WARNINGS: "1" },
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    return new ServerProcess(await firstUrl(child, subject), child, ownDirectory);
  }

  /** What the process has used so far. */
  usage(): Promise<ProcessUsage> {
    return new Promise((resolve) => {
      this.#child.once("message", (message) => resolve(message as ProcessUsage));
      this.#child.send("usage");
    });
  }

  /** Asks the process to exit, and kills it by its id if it does not. */
  async stop(): Promise<void> {
    const exited = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const kill = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
      this.#child.send("stop");
      await exited;
      clearTimeout(kill);
    }
    if (this.#ownDirectory !== undefined) rmSync(this.#ownDirectory, { recursive: true, force: true });
  }
}

async function firstUrl(child: ChildProcess, subject: Subject): Promise<string> {
  if (child.stdout === null) throw new Error("The server process has no output to read.");
  for await (const line of createInterface({ input: child.stdout })) {
    // What else a server prints (a warning of a library) is not its URL.
    if (/^http:\/\/\S+$/.test(line)) {
      child.stdout.resume();
      return line;
    }
  }
  throw new Error(`The ${subject} server ended before it listened.`);
}
