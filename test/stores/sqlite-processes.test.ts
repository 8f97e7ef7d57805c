import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { START } from "../../src/core/offset.ts";
import type { RunStore } from "../../src/core/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { appendOf, sampleRun, startedRun, suspendedRun } from "../../src/testkit/store-samples.ts";

const CHILD = fileURLToPath(new URL("sqlite-child.ts", import.meta.url));
const NAMES = ["a", "b", "c", "d"] as const;

let folder = "";
let path = "";
let children: Child[] = [];
const stores: RunStore[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-processes-"));
  path = join(folder, "runs.db");
});

afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()));
  children = [];
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await rm(folder, { recursive: true, force: true });
});

/** A child process and the values that it printed. */
class Child {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exit: Promise<unknown>;
  readonly printed: unknown[] = [];

  constructor(task: string, name: string) {
    this.#process = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", CHILD, path, task, name], { stdio: ["pipe", "pipe", "inherit"] });
    this.#exit = once(this.#process, "close");
    createInterface(this.#process.stdout).on("line", (line) => {
      this.printed.push(JSON.parse(line));
      this.#process.emit("printed");
    });
    children.push(this);
  }

  async hasPrinted(count: number): Promise<void> {
    while (this.printed.length < count) await once(this.#process, "printed");
  }

  go(): void {
    this.#process.stdin.write("go\n");
  }

  async ended(): Promise<readonly unknown[]> {
    await this.#exit;
    expect(this.#process.exitCode).toBe(0);
    return this.printed.slice(1);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#exit;
  }
}

async function openStore(): Promise<RunStore> {
  const store = await openSqliteStore({ path });
  stores.push(store);
  return store;
}

/** What several processes print that begin one task at the same moment. */
async function race(task: string): Promise<readonly unknown[]> {
  const racing = NAMES.map((name) => new Child(task, name));
  await Promise.all(racing.map((child) => child.hasPrinted(1)));
  for (const child of racing) child.go();
  return (await Promise.all(racing.map((child) => child.ended()))).flat();
}

test("processes that make the file and start runs on the same threads at once agree on one run per thread", async () => {
  const results = (await race("startOnThreads")) as readonly { readonly outcome?: string; readonly runId?: string; readonly busyWith?: string }[];
  const created = results.filter((result) => result.outcome === "created").map((result) => result.runId ?? "");
  const busyWith = results.flatMap((result) => result.busyWith ?? []);
  expect(new Set(created.map((id) => id.split("-")[1])).size).toBe(40);
  expect(created).toHaveLength(40);
  expect(busyWith).toHaveLength(40 * (NAMES.length - 1));
  expect(busyWith.filter((id) => !created.includes(id))).toEqual([]);
  const { runs } = await (await openStore()).listRuns({ limit: 1_000 });
  expect(runs.map(({ id }) => id).toSorted()).toEqual(created.toSorted());
});

test("processes that claim at once never get the same run", async () => {
  const store = await openStore();
  const ids = Array.from({ length: 120 }, (_, index) => `run-${index}`);
  for (const id of ids) await store.createRun(sampleRun(id));
  const leases = (await race("claimUntilNoneIsLeft")) as readonly { readonly runId: string; readonly epoch: number }[];
  expect(leases.map(({ runId }) => runId).toSorted()).toEqual(ids.toSorted());
  expect(new Set(leases.map(({ epoch }) => epoch))).toEqual(new Set([1]));
});

test("processes that answer the same questions at once: one answers each, and one run goes on from it", async () => {
  const store = await openStore();
  for (let run = 0; run < 40; run += 1) await suspendedRun(store, sampleRun(`run-${run}`), [`question-${run}`]);
  const results = (await race("answerAll")) as readonly { readonly outcome: string; readonly childRunId?: string; readonly epoch?: number }[];
  const answered = results.filter(({ outcome }) => outcome === "answered");
  expect(answered).toHaveLength(40);
  expect(results.filter(({ outcome }) => outcome === "conflict")).toHaveLength(40 * (NAMES.length - 1));
  expect(new Set(answered.map(({ epoch }) => epoch))).toEqual(new Set([1]));
  const goingOn = await Promise.all(Array.from({ length: 40 }, (_, run) => store.getChildRun(`run-${run}`)));
  expect(goingOn.map((child) => child?.id ?? "none").toSorted()).toEqual(answered.map(({ childRunId }) => childRunId ?? "").toSorted());
  expect((await store.listRuns({ limit: 1_000 })).runs).toHaveLength(80);
});

test("processes that dispatch at once never get the same delivery", async () => {
  const store = await openStore();
  const ids = Array.from({ length: 60 }, (_, index) => `run-${index}`);
  for (const id of ids) {
    const { lease } = await startedRun(store, sampleRun(id));
    await store.append([{ ...appendOf(lease, { type: "run-completed" }), billing: { sinks: ["meter"] } }]);
  }
  const claimed = (await race("dispatchUntilNoneIsLeft")) as readonly { readonly runId: string; readonly attempts: number }[];
  expect(claimed.map(({ runId }) => runId).toSorted()).toEqual(ids.toSorted());
  expect(new Set(claimed.map(({ attempts }) => attempts))).toEqual(new Set([1]));
});

test("a process that is killed while it appends leaves every acknowledged entry and no hole", async () => {
  for (const name of ["first", "second", "third"]) {
    const child = new Child("appendForEver", name);
    child.go();
    await child.hasPrinted(300);
    await child.kill();
    const acknowledged = Number(child.printed.at(-1));
    const store = await openStore();
    const entries = await store.readEntries(name, START, 1_000_000);
    expect(entries.length).toBeGreaterThanOrEqual(acknowledged);
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, index) => index + 1));
    const deltas = entries.slice(2).map(({ event }) => event.type === "text-delta" && event.text);
    expect(deltas).toEqual(entries.slice(2).map(({ offset }) => String(offset)));
  }
});

test("a process that only reads is woken by the appends of another", async () => {
  const store = await openStore();
  const child = new Child("appendForEver", "run");
  let wakes = 0;
  const seen = new Promise<void>((resolve) => {
    store.onForeignAppend(() => {
      wakes += 1;
      if (wakes === 3) resolve();
    });
  });
  child.go();
  await seen;
  expect(await store.lastOffset("run")).toBeGreaterThan(2);
});
