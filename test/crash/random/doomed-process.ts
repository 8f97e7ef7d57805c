import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CHILD_ENV } from "../compile-cache.ts";
import type { Task } from "./child.ts";

const CHILD = fileURLToPath(new URL("child.ts", import.meta.url));

/** A process that is loaded before it is needed, since loading takes longer than what it lives to do. */
export class DoomedProcess {
  readonly #child: ChildProcess;
  readonly #loaded: Promise<void>;
  readonly #working: Promise<void>;
  readonly #exit: Promise<NodeJS.Signals | number | null>;
  #errors = "";

  constructor(directory: string) {
    this.#child = spawn(process.execPath, [CHILD, directory], { stdio: ["pipe", "pipe", "pipe"], env: CHILD_ENV });
    this.#exit = once(this.#child, "close").then(([code, signal]: unknown[]) => (signal ?? code) as NodeJS.Signals | number | null);
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#errors += text));
    const lines = createInterface({ input: this.#child.stdout as NonNullable<ChildProcess["stdout"]> });
    const said = (word: string): Promise<void> =>
      Promise.race([
        new Promise<void>((resolve) => lines.on("line", (line) => line === word && resolve())),
        // A process that kills itself at once never says that it works.
        this.#exit.then(() => undefined),
      ]);
    this.#loaded = said("loaded");
    this.#working = said("working");
  }

  /** Tells it what to do, and resolves once it works or is gone. */
  async work(task: Task): Promise<void> {
    await this.#loaded;
    this.#child.stdin?.write(`${JSON.stringify(task)}\n`);
    await this.#working;
  }

  /** Kills it, unless it is gone. Resolves with how it ended. */
  async kill(): Promise<NodeJS.Signals | number | null> {
    this.#child.kill("SIGKILL");
    return this.ended();
  }

  /** @throws when it ended by itself with an error */
  async ended(): Promise<NodeJS.Signals | number | null> {
    const end = await this.#exit;
    if (end !== "SIGKILL" && end !== 0) throw new Error(`the process ended with ${String(end)}: ${this.#errors.slice(-3_000)}`);
    return end;
  }
}
