import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect } from "vitest";
import { CHILD_ENV } from "./compile-cache.ts";

/** A process that is told a line of JSON at a time, and says one of what came of it. */
export class Racer<Command, Told> {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(script: string, directory: string) {
    this.#child = spawn(process.execPath, [script, directory], { stdio: ["pipe", "pipe", "inherit"], env: CHILD_ENV });
    this.#lines = createInterface({ input: this.#child.stdout as NonNullable<ChildProcess["stdout"]> })[Symbol.asyncIterator]();
  }

  async ready(): Promise<void> {
    expect((await this.#lines.next()).value).toBe("ready");
  }

  async tell(command: Command): Promise<Told> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error("the process is gone");
    return JSON.parse(line.value) as Told;
  }

  async leave(): Promise<void> {
    const closed = once(this.#child, "close");
    this.#child.stdin?.end();
    await closed;
  }

  /** Ends a process that did not leave. */
  kill(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGKILL");
  }
}
