import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import { CHILD_ENV } from "./compile-cache.ts";
import type { Told } from "./waiting/child.ts";
import { effectsIn, QUESTION } from "./world.ts";

const CHILD = fileURLToPath(new URL("waiting/child.ts", import.meta.url));

let directory = "";
const children: ChildProcess[] = [];

afterEach(() => {
  for (const running of children.splice(0)) if (running.exitCode === null && running.signalCode === null) running.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a process and gives what it told, until it ends or `isEnough`; then it is killed. */
async function told(flags: readonly string[], isEnough: (line: Told) => boolean): Promise<readonly Told[]> {
  const child = spawn(process.execPath, [CHILD, "--dir", directory, ...flags], { stdio: ["ignore", "pipe", "inherit"], env: CHILD_ENV });
  children.push(child);
  const closed = once(child, "close");
  const lines: Told[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Told;
    lines.push(line);
    if (isEnough(line)) break;
  }
  child.kill("SIGKILL");
  await closed;
  return lines;
}

function entriesIn(lines: readonly Told[]): readonly Entry[] {
  return lines.flatMap(({ entry }) => entry ?? []);
}

test("a run that waits for its page outlives a killed process, and goes on in the one that takes the answer without asking the model again", async () => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-waiting-"));
  const before = entriesIn(await told(["--start"], ({ entry }) => entry?.event.type === "run-waiting"));
  expect(before.at(-1)?.event).toMatchObject({ type: "run-waiting", interrupts: [{ kind: "frontend-tool", toolCallId: "c1" }] });
  expect(effectsIn(directory).all()).toEqual(["model 0"]);

  const after = await told([], ({ ended }) => ended !== undefined);
  expect(after.find(({ found }) => found)?.found).toMatchObject({ status: "waiting", attempt: 1, crashes: 0 });
  const entries = entriesIn(after);
  expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, index) => index + 1));
  expect(entries.slice(0, before.length)).toEqual(before);
  expect(entries.slice(before.length).map(({ event }) => event.type)).toEqual(expect.arrayContaining(["interrupt-answered", "attempt-started", "tool-result"]));
  expect(entries.at(-1)?.event.type).toBe("run-completed");
  expect(after.at(-1)?.ended).toMatchObject({ status: "completed", attempt: 2, crashes: 0 });
  expect(effectsIn(directory).all()).toEqual(["model 0", "model 1"]);

  const thread = after.find((line) => line.thread)?.thread ?? [];
  expect(thread.map(({ id }) => id)).toEqual([QUESTION.id, after.at(-1)?.ended?.messageId]);
  expect(thread[1]?.["parts"]).toContainEqual(expect.objectContaining({ type: "tool-pick", state: "output-available", output: "the red one" }));
});
