import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import { CHILD_ENV } from "./compile-cache.ts";
import type { Told } from "./workflows/child.ts";
import { effectsIn } from "./world.ts";

const CHILD = fileURLToPath(new URL("workflows/child.ts", import.meta.url));

let directory = "";
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-workflows-"));
});

afterEach(() => {
  for (const running of children.splice(0)) if (running.exitCode === null && running.signalCode === null) running.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a process to its end, or to its death, and gives what it told. */
async function told(...flags: readonly string[]): Promise<{ readonly entries: readonly Entry[]; readonly last: Told | undefined; readonly signal: unknown }> {
  const child = spawn(process.execPath, [CHILD, "--dir", directory, ...flags], { stdio: ["ignore", "pipe", "inherit"], env: CHILD_ENV });
  children.push(child);
  const closed = once(child, "close");
  const lines: Told[] = [];
  for await (const text of createInterface({ input: child.stdout })) lines.push(JSON.parse(text) as Told);
  const [, signal] = (await closed) as unknown[];
  return { entries: lines.flatMap(({ entry }) => entry ?? []), last: lines.at(-1), signal };
}

function stepsIn(entries: readonly Entry[]): readonly string[] {
  return entries.flatMap(({ event }) => {
    if (event.type === "workflow-step-started") return [`${event.callId} started`];
    return event.type === "workflow-step-finished" ? [`${event.callId} ${event.status}`] : [];
  });
}

describe("a workflow whose process is killed", () => {
  test("in the middle of a step that may be executed again goes on with that step, and completes", async () => {
    expect((await told("--start", "--idempotent")).signal).toBe("SIGKILL");
    const { entries, last } = await told("--idempotent");
    expect(last?.ended).toMatchObject({ status: "completed", attempt: 2, crashes: 1 });
    expect(effectsIn(directory).all()).toEqual(["one 0", "two 1", "two 1", "three 2"]);
    expect(stepsIn(entries)).toEqual(["one started", "one success", "two started", "two started", "two success", "three started", "three success"]);
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, index) => index + 1));
  });

  test("in the middle of any other step does not execute it a second time, and says so", async () => {
    await told("--start");
    const { entries, last } = await told();
    expect(last?.ended).toMatchObject({
      status: "failed",
      error: { code: "AGENT_FAILED", message: expect.stringMatching(/outcome of step two is unknown/) as string },
    });
    expect(effectsIn(directory).all()).toEqual(["one 0", "two 1"]);
    expect(stepsIn(entries)).toEqual(["one started", "one success", "two started", "two failed"]);
  });

  test("behind a step goes on with the next one", async () => {
    await told("--start", "--kill-at", "tool-result-committed", "--nth", "2");
    const { entries, last } = await told();
    expect(last?.ended?.status).toBe("completed");
    expect(effectsIn(directory).all()).toEqual(["one 0", "two 1", "three 2"]);
    expect(entries.find(({ event }) => event.type === "object")?.event).toMatchObject({ object: { n: 3 } });
  });

  test("before its end is written has its result once", async () => {
    await told("--start", "--kill-at", "agent-finished");
    const { entries, last } = await told();
    expect(last?.ended?.status).toBe("completed");
    expect(effectsIn(directory).all()).toEqual(["one 0", "two 1", "three 2"]);
    expect(entries.filter(({ event }) => event.type === "object")).toHaveLength(1);
  });

  test("between two tries of a step goes on with the second one", async () => {
    await told("--start", "--workflow", "tries", "--kill-at", "tool-result-committed", "--nth", "2");
    const { entries, last } = await told("--workflow", "tries");
    expect(last?.ended?.status).toBe("completed");
    expect(effectsIn(directory).all()).toEqual(["one 0", "two try 0", "two try 1", "three 2"]);
    expect(stepsIn(entries).slice(2, 6)).toEqual(["two started", "two failed", "two~2 started", "two~2 success"]);
  });

  test("in the second try of a step does not execute it a third time, and says so", async () => {
    await told("--start", "--workflow", "tries", "--kill-at", "tool-start-committed", "--nth", "3");
    const { entries, last } = await told("--workflow", "tries");
    expect(last?.ended).toMatchObject({ status: "failed", error: { message: expect.stringMatching(/outcome of step two is unknown/) as string } });
    expect(effectsIn(directory).all()).toEqual(["one 0", "two try 0"]);
    expect(stepsIn(entries).slice(2)).toEqual(["two started", "two failed", "two~2 started", "two~2 failed"]);
  });

  test("while it waits for an answer takes the answer in the next process", async () => {
    await told("--start", "--workflow", "asks", "--kill-at", "run-ended");
    const { entries, last } = await told("--answer", "--workflow", "asks");
    expect(last?.ended).toMatchObject({ status: "completed" });
    expect(stepsIn(entries)).toEqual(["two started", "two success", "three started", "three success"]);
    expect(effectsIn(directory).all()).toEqual(["one 0", "two asks", "two got 10", "three 11"]);
  });

  test("before the question of a step reaches its owner asks it once, without executing the step again", async () => {
    await told("--start", "--workflow", "asks", "--kill-at", "tool-interrupted");
    const { entries } = await told("--workflow", "asks");
    expect(entries.at(-1)?.event).toMatchObject({ type: "run-suspended", interrupts: [{ kind: "workflow-suspend", toolCallId: "two" }] });
    expect(effectsIn(directory).all()).toEqual(["one 0", "two asks"]);
    await told("--answer", "--workflow", "asks");
    expect(effectsIn(directory).all()).toEqual(["one 0", "two asks", "two got 10", "three 11"]);
  });
});
