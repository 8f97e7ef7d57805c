import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import { DEFAULT_LEASE_TIMES } from "../../src/core/lease.ts";
import { checkLog, checkThread } from "./checks.ts";
import { crashChild, type CrashChild } from "./process.ts";
import { effectsIn } from "./world.ts";

let directory = "";
const children: CrashChild[] = [];

function child(...flags: string[]): CrashChild {
  const started = crashChild(directory, ["--memory", ...flags]);
  children.push(started);
  return started;
}

function openDirectory(): void {
  directory = mkdtempSync(join(tmpdir(), "holdfast-takeover-"));
}

afterEach(async () => {
  for (const { process: running } of children.splice(0)) if (running.exitCode === null && running.signalCode === null) running.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

const isText = (entry: Entry): boolean => entry.event.type === "text-delta";

describe("two processes on one SQLite file", () => {
  test("the second takes over when the first is killed, with the default lease, and its reader misses nothing", async () => {
    openDirectory();
    const first = child("--start", "--pace-ms", "40");
    const second = child();
    await Promise.all([first.ready, second.ready]);
    // The reader of the second process follows the run while the first one writes it.
    await second.seen(isText);
    first.process.kill("SIGKILL");
    const killedAt = Date.now();
    const killed = (await first.exit).report;
    const report = await second.ended;
    checkLog(killed.entries, report, effectsIn(directory));
    checkThread(report);
    const takenOver = report.entries.find((entry) => entry.event.type === "attempt-started" && entry.event.attempt === 2);
    const tookMs = (takenOver?.at ?? Number.NaN) - killedAt;
    process.stdout.write(`taken over ${tookMs} ms after the kill (default lease)\n`);
    expect(DEFAULT_LEASE_TIMES.leaseMs + DEFAULT_LEASE_TIMES.sweepMs).toBeLessThan(2_000);
    expect(tookMs).toBeGreaterThan(0);
  });

  test("a frozen first is fenced when it wakes: it changes neither the log nor the thread", async () => {
    openDirectory();
    const first = child("--start", "--pace-ms", "40", "--lease-ms", "400", "--stay");
    const second = child("--lease-ms", "400", "--stay");
    await Promise.all([first.ready, second.ready]);
    await second.seen(isText);
    first.process.kill("SIGSTOP");
    const before = await second.ended;
    first.process.kill("SIGCONT");
    // The woken process ends its own reading at the terminal event that the second one wrote.
    const woken = await first.ended;
    expect(woken.entries).toEqual(before.entries);
    checkLog([], before, effectsIn(directory));
    // A third process looks at what is on the disk once the first one had its chance to do harm.
    first.process.stdin?.end();
    second.process.stdin?.end();
    expect((await first.exit).code).toBe(0);
    await second.exit;
    const after = (await child().exit).report;
    expect(after.entries).toEqual(before.entries);
    checkThread(after);
    expect(after.thread).toEqual(before.thread);
  });
});
