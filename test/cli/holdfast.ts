import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { afterEach } from "vitest";

const MAIN = resolve(import.meta.dirname, "../../src/cli/main.ts");
const NODE_MODULES = resolve(import.meta.dirname, "../../node_modules");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the command line in a process of its own. */
export interface Cli {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<Ended>;
  /** Resolves once what was printed matches; rejects when the process ends without it. */
  printed(stream: "stdout" | "stderr", pattern: RegExp): Promise<string>;
}

const running: Cli[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const { child } of running) child.kill("SIGKILL");
  await Promise.all(running.splice(0).map((cli) => cli.ended));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** An empty folder that is removed after the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
  folders.push(folder);
  return folder;
}

/** A folder as an adopter's project would be, with these files and this repository's packages. */
export function project(files: Readonly<Record<string, string>>): string {
  const folder = newFolder();
  symlinkSync(NODE_MODULES, join(folder, "node_modules"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Starts `holdfast` with these arguments in a folder; the environment holds no setting of its own. */
export function holdfast(argv: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv; nodeFlags?: readonly string[] } = {}): Cli {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, [...(options.nodeFlags ?? []), MAIN, ...argv], {
    cwd: options.cwd ?? newFolder(),
    env: { PATH, HOME, TMPDIR, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const ended = new Promise<Ended>((settle) => child.on("close", (code, signal) => settle({ code, signal, ...output })));
  const cli: Cli = {
    child,
    ended,
    printed: (stream, pattern) =>
      new Promise((found, failed) => {
        const look = (): void => {
          const match = pattern.exec(output[stream]);
          if (match) found(match[0]);
        };
        child[stream].on("data", look);
        look();
        void ended.then((end) => failed(new Error(`holdfast ended with ${end.code ?? end.signal} before it printed ${pattern}\n${end.stderr}`)));
      }),
  };
  running.push(cli);
  return cli;
}

/** The URL that `holdfast serve` prints once it is ready. */
export async function urlOf(cli: Cli): Promise<string> {
  return (await cli.printed("stdout", /http:\/\/\S+(?=\n)/)).trim();
}

/** Starts a run and gives its id; the answer is left to itself. */
export async function startRun(url: string, text: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const abort = new AbortController();
  const response = await fetch(`${url}/api/chat`, {
    method: "POST",
    signal: abort.signal,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ id: "chat-1", trigger: "submit-message", messages: [{ id: "m-1", role: "user", parts: [{ type: "text", text }] }] }),
  });
  const runId = response.headers.get("x-workflow-run-id");
  if (runId === null) throw new Error(`no run: ${response.status} ${await response.text()}`);
  abort.abort();
  return runId;
}
