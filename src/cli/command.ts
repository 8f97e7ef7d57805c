import type { ParseArgsOptionsConfig } from "node:util";

/** The environment variables of the process. */
export type Env = Readonly<Record<string, string | undefined>>;

/** What followed the name of a command, as `parseArgs` read it. */
export interface Arguments {
  readonly flags: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

/** One command of the command line. Resolves to the exit code: 0, 1 when it could not do its work, 2 when it was called wrongly. */
export interface Command {
  readonly usage: string;
  readonly flags: ParseArgsOptionsConfig;
  run(given: Arguments, env: Env): Promise<number>;
}

export const EXIT_FAILED = 1;
export const EXIT_MISUSED = 2;

/** Tells on stderr, in one line, why a command ends, and gives back the exit code. */
export function refuse(message: string, exitCode: number): number {
  process.stderr.write(`holdfast: ${message}\n`);
  return exitCode;
}

/** The value of a flag that takes one text. */
export function textFlag(given: Arguments, name: string): string | undefined {
  const value = given.flags[name];
  return typeof value === "string" ? value : undefined;
}
