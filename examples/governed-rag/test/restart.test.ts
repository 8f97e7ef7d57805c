import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { SECRET } from "./open-example.ts";

const ROOT = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "governed-rag-"));
const env = { PATH: process.env["PATH"], HOLDFAST_JWT_SECRET: SECRET, GOVERNED_RAG_DATA: folder, HOLDFAST_PORT: "0" };
const children: ChildProcess[] = [];

after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function run(script: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, script), ...args], { env, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

async function start(paceMs: number): Promise<{ readonly url: string; kill(): Promise<void> }> {
  const child = spawn(process.execPath, [join(ROOT, "main.ts")], {
    env: { ...env, GOVERNED_RAG_PACE_MS: String(paceMs) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const url = /http:\/\/[^/]+/.exec(line)?.[0];
  assert.ok(url, line);
  return {
    url,
    kill: async () => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Asks until the answer is good, at most for a minute. */
async function until<T>(url: string, headers: Readonly<Record<string, string>>, isGood: (body: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 600; tries += 1) {
    const body = (await (await fetch(url, { headers })).json()) as T;
    if (isGood(body)) return body;
    await delay(100);
  }
  throw new Error(`${url} did not give what was waited for.`);
}

test("a server that is killed in the middle of an answer ends its run when it is back, with each decision on record once", { timeout: 120_000 }, async () => {
  assert.equal(run("scripts/index-documents.ts"), "22 documents, 24 passages");
  const jwt = run("scripts/print-tokens.ts", "finance-viewer");
  const headers = { authorization: `Bearer ${jwt}` };
  const question = "What is the budget of the finance department?";
  // A word every minute: the answer cannot end before the kill.
  const first = await start(60_000);
  const response = await fetch(`${first.url}/api/chat`, { method: "POST", body: JSON.stringify({ jwt, question }) });
  const runId = response.headers.get("x-workflow-run-id") ?? "";
  const hasBegun = (log: readonly { readonly event: { readonly stepId?: string } }[]): boolean => log.some(({ event }) => event.stepId === "answer");
  await until(`${first.url}/v1/runs/${runId}/events?offset=-1`, headers, hasBegun);
  await first.kill();
  await response.text().catch(() => undefined);

  const second = await start(0);
  const { attempt, status } = await until<{ readonly status: string; readonly attempt: number }>(
    `${second.url}/v1/runs/${runId}`,
    headers,
    (body) => body.status !== "running" && body.status !== "pending",
  );
  assert.deepEqual([status, attempt], ["completed", 2]);
  const { entries } = (await (await fetch(`${second.url}/audit/${runId}`, { headers })).json()) as {
    readonly entries: readonly { readonly decision: string; readonly docId?: string }[];
  };
  const named = entries.map(({ decision, docId }) => (docId === undefined ? decision : `${decision} ${docId}`));
  assert.deepEqual(named, ["admitted", "allowed acme-finance-budget", "used acme-finance-budget", "verified"]);
  await second.kill();

  const third = await start(0);
  const again = await fetch(`${third.url}/audit/${runId}`, { headers });
  assert.deepEqual(((await again.json()) as { readonly entries: unknown }).entries, entries);
  const rows = run("scripts/print-audit.ts", runId).split("\n");
  // Who runs the server sees the refusals, too: as many as are put on record, and each once.
  assert.equal(rows.length, entries.length + 10);
  assert.ok(rows.some((row) => row.includes('"reason":"classification"')));
});
