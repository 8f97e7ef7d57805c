import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const CHILD = fileURLToPath(new URL("many-child.ts", import.meta.url));
const COUNT = 20;

async function child(...args: string[]): Promise<{ readonly signal: NodeJS.Signals | null; readonly lines: readonly string[] }> {
  const started = spawn(process.execPath, [CHILD, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  started.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => started.on("close", (_, by) => resolve(by)));
  return { signal, lines: text.split("\n").filter(Boolean) };
}

test("many runs that one kill left behind all end, each with its question and its answer once", async () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-many-"));
  expect((await child(directory, "start", String(COUNT))).signal).toBe("SIGKILL");
  const { lines } = await child(directory, "finish");
  const runs = lines.map((line) => JSON.parse(line) as { end: string; crashes: number; attempt: number; roles: string[] });
  expect(runs).toHaveLength(COUNT);
  for (const run of runs) {
    expect(run).toMatchObject({ end: "run-completed", roles: ["user", "assistant"] });
    // Taken over once: nothing held the process up for so long that it lost its own runs again.
    expect(run.crashes).toBeLessThanOrEqual(1);
  }
  rmSync(directory, { recursive: true, force: true });
});
