import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** Which tools were executed for which chat, in order. Kept in a file, so that it survives the process. */
export class Executions {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  note(tool: string, chat: string): void {
    appendFileSync(this.#file, `${JSON.stringify([chat, tool])}\n`);
  }

  of(chat: string): readonly string[] {
    const lines = existsSync(this.#file) ? readFileSync(this.#file, "utf8").split("\n").slice(0, -1) : [];
    return lines.map((line) => JSON.parse(line) as [string, string]).flatMap(([of, tool]) => (of === chat ? [tool] : []));
  }
}
