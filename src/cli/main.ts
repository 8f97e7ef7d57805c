#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { HoldfastError } from "../core/error.ts";
import { EXIT_FAILED, EXIT_MISUSED, refuse, type Command, type Env } from "./command.ts";
import { reasonOf } from "./result.ts";

/** Loaded when they are called: all but `serve` need no Mastra. */
const COMMANDS: ReadonlyMap<string, { readonly summary: string; load(): Promise<Command> }> = new Map([
  ["serve", { summary: "serve the agents of a Mastra instance, or a demo", load: async () => (await import("./serve.ts")).serve }],
  ["runs", { summary: "list the runs of a store", load: async () => (await import("./runs.ts")).runs }],
  ["usage", { summary: "sum up what runs are charged and what they cost", load: async () => (await import("./usage.ts")).usage }],
  ["deliveries", { summary: "list the bills on their way to outside systems", load: async () => (await import("./deliveries.ts")).deliveries }],
  ["tail", { summary: "print the events of a run as they are committed", load: async () => (await import("./tail.ts")).tail }],
]);

async function main(argv: readonly string[], env: Env): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return print(overview());
  if (name === "--version" || name === "-v") return print(version());
  const entry = COMMANDS.get(name);
  if (entry === undefined) return refuse(`There is no command "${name}"; see holdfast --help.`, EXIT_MISUSED);
  const command = await entry.load();
  let given;
  try {
    given = parseArgs({ args: rest, options: { ...command.flags, help: { type: "boolean", short: "h" } }, allowPositionals: true });
  } catch (error) {
    const [fault] = reasonOf(error).split(". ", 1);
    return refuse(`${fault}; see holdfast ${name} --help.`, EXIT_MISUSED);
  }
  if (given.values["help"] === true) return print(command.usage);
  return command.run({ flags: given.values, positionals: given.positionals }, env);
}

function overview(): string {
  const lines = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`);
  return `Usage: holdfast <command> [flags]\n\n${lines.join("\n")}\n\nholdfast <command> --help lists the flags of a command.\n`;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  return `${manifest.version}\n`;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

// A reader that closed its end, such as `holdfast runs | head`, has what it wanted.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT_FAILED));

async function exitCode(): Promise<number> {
  try {
    return await main(process.argv.slice(2), process.env);
  } catch (error) {
    // The message of a HoldfastError is written for people; of anything else the stack is all there is to find the cause with.
    if (!HoldfastError.is(error)) throw error;
    return refuse(reasonOf(error), EXIT_FAILED);
  }
}

const code = await exitCode();
// Agents may leave timers and connections behind, so the process is ended; what was printed goes out before.
process.stdout.write("", () => process.exit(code));
