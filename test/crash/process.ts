import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Entry } from "../../src/core/entry.ts";
import { CHILD_ENV } from "./compile-cache.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { Run } from "../../src/core/run.ts";

const CHILD = fileURLToPath(new URL("child.ts", import.meta.url));

/** What a child printed. */
export interface ChildReport {
  readonly entries: readonly Entry[];
  readonly thread: readonly JsonObject[] | undefined;
  readonly run: Run | undefined;
}

export interface CrashChild {
  readonly process: ChildProcess;
  /** Resolves once the child serves. */
  readonly ready: Promise<void>;
  /** Resolves once a reader in the child has seen an entry that fits. */
  seen(fits: (entry: Entry) => boolean): Promise<void>;
  /** Resolves when the child has printed the end of the run. */
  readonly ended: Promise<ChildReport>;
  readonly exit: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly report: ChildReport }>;
}

/** Starts a process of the deployment that lives in the directory. */
export function crashChild(directory: string, flags: readonly string[]): CrashChild {
  const child = spawn(process.execPath, [CHILD, "--dir", directory, ...flags], { stdio: ["pipe", "pipe", "pipe"], env: CHILD_ENV });
  const entries: Entry[] = [];
  let thread: readonly JsonObject[] | undefined;
  let run: Run | undefined;
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<ChildReport>();
  const watchers = new Set<() => void>();
  const report = (): ChildReport => ({ entries, thread, run });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const said = parsed(line);
    if (said?.entry) entries.push(said.entry);
    if (said?.thread) thread = said.thread;
    if (said?.ready) ready.resolve();
    if (said?.run) {
      run = said.run;
      ended.resolve(report());
    }
    for (const watcher of watchers) watcher();
  });
  const exit = once(child, "close").then(([code, signal]: unknown[]) => {
    const died = new Error(`the child ended with ${String(code ?? signal)}: ${errors.slice(-2_000)}`);
    ready.reject(died);
    ended.reject(died);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, report: report() };
  });
  ready.promise.catch(() => undefined);
  ended.promise.catch(() => undefined);
  return {
    process: child,
    ready: ready.promise,
    ended: ended.promise,
    exit,
    seen: (fits) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!entries.some(fits)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
        ended.promise.catch(reject);
      }),
  };
}

interface Said {
  readonly ready?: number;
  readonly entry?: Entry;
  readonly thread?: readonly JsonObject[];
  readonly run?: Run;
}

/** A line that a kill cut short says nothing. */
function parsed(line: string): Said | undefined {
  try {
    return JSON.parse(line) as Said;
  } catch {
    return undefined;
  }
}
