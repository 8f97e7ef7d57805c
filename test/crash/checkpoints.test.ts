import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHECKPOINTS, type Checkpoint } from "../../src/core/agent-source.ts";
import { openPostgres, type PostgresServer } from "../postgres/server.ts";
import { checkLog, checkThread } from "./checks.ts";
import { crashChild } from "./process.ts";
import { effectsIn } from "./world.ts";

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** How often a run of the scripted world reaches each point; the kill is tried at every one of them. */
const TIMES: Readonly<Record<Checkpoint, number>> = {
  "run-created": 1,
  "attempt-started": 1,
  "user-message-saved": 1,
  "model-called": 3,
  "model-streaming": 5,
  "model-answered": 3,
  "model-finished": 3,
  "tool-start-committed": 3,
  "tool-executed": 3,
  "tool-result-committed": 3,
  // None of the tools asks anything.
  "tool-interrupted": 0,
  "step-finished": 3,
  "agent-finished": 1,
  "thread-settled": 1,
  "run-ended": 1,
};

const FLAGS = ["--lease-ms", "400", "--pace-ms", "1"];

/** Kills a process at the named point and has another one go on; `memory`: the flags that give the agent one. */
async function crashAndRecover(name: Checkpoint, nth: number, memory: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-crash-"));
  directories.push(directory);
  const flags = [...FLAGS, ...memory];
  const killed = await crashChild(directory, [...flags, "--start", "--kill-at", name, "--nth", String(nth)]).exit;
  expect(killed.signal, "the process was killed at the named point").toBe("SIGKILL");
  const recovered = await crashChild(directory, flags).exit;
  expect(recovered.code).toBe(0);
  checkLog(killed.report.entries, recovered.report, effectsIn(directory));
  if (memory.length > 0) checkThread(recovered.report);
}

describe.concurrent("a run whose process is killed ends by itself, with nothing lost and nothing twice", () => {
  for (const name of CHECKPOINTS) {
    for (let nth = 1; nth <= TIMES[name]; nth += 1) {
      test(`killed at ${name} (${nth}), with memory`, () => crashAndRecover(name, nth, ["--memory"]));
    }
  }
  for (const [name, nth] of [
    ["model-streaming", 2],
    ["model-finished", 1],
    ["tool-result-committed", 1],
    ["step-finished", 2],
  ] as const) {
    test(`killed at ${name} (${nth}), without memory`, () => crashAndRecover(name, nth, []));
  }
});

describe.concurrent("a run whose threads are on PostgreSQL ends as well when its process is killed", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await openPostgres();
  });
  afterAll(() => server.close());

  for (const name of CHECKPOINTS.filter((checkpoint) => TIMES[checkpoint] > 0)) {
    // The last time but one: behind it something is left to do, and before it something was done.
    const nth = Math.max(1, TIMES[name] - 1);
    test(`killed at ${name} (${nth}), with memory`, async () => crashAndRecover(name, nth, ["--memory", "--memory-url", await server.freshDatabase()]));
  }
});
