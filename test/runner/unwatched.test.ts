import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AgentSource, AttemptOutcome } from "../../src/core/agent-source.ts";
import { START } from "../../src/core/offset.ts";
import type { NewRun, RunStore } from "../../src/core/store.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { settableClock, type SettableClock } from "../../src/testkit/store-samples.ts";
import { asked, askingSource } from "./asking-source.ts";
import { newRun, openNode, type NodeOptions, type TestNode } from "./node.ts";
import { scriptedSource, stopped } from "./scripted-source.ts";

const UNWATCHED_MS = 8_000;
const REASON = `nobody followed the run for ${UNWATCHED_MS} ms`;
/** Pieces in which the time of a test passes: as long as a process pauses between two notes of one run. */
const PIECE_MS = UNWATCHED_MS / 4;
const SWEEP_MS = 10;
/** What a run lives longer than its time once its last reader has left: a reader is noted as one that stays. */
const AFTERLIFE_MS = 3 * PIECE_MS;

/** A process of a test, on a store of its own or on one that others have, too. */
interface Process extends TestNode {
  readonly store: RunStore;
  /** What was written about followed runs, call by call. */
  readonly notes: readonly (readonly string[])[];
  /** Resolves once a whole sweep has begun and ended. */
  swept(): Promise<void>;
  /** Begins to follow a run; gives what stops it. */
  follow(run: NewRun): Promise<() => Promise<void>>;
}

let clock: SettableClock;
let directory: string;
const processes: Process[] = [];
const stores: RunStore[] = [];

beforeEach(() => {
  clock = settableClock();
  directory = mkdtempSync(join(tmpdir(), "holdfast-unwatched-"));
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.close()));
  await Promise.all(stores.splice(0).map((store) => store.close()));
  rmSync(directory, { recursive: true, force: true });
});

async function openMemory(): Promise<RunStore> {
  const store = await MemoryRunStore.open({ clock });
  stores.push(store);
  return store;
}

/** Another handle on the one file of the test, as another process has. */
async function openFile(): Promise<RunStore> {
  const store = await openSqliteStore({ path: join(directory, "runs.db"), clock });
  stores.push(store);
  return store;
}

/** The time is the test's, so that no lease ends but where a process gives it back. */
function openProcess(store: RunStore, source: AgentSource = talking(), options: NodeOptions = { unwatchedMs: UNWATCHED_MS }): Process {
  const noted = vi.spyOn(store, "noteFollowed");
  const claimed = vi.spyOn(store, "claimRuns");
  const opened = openNode(store, source, { clock, leaseTimes: { leaseMs: 1_000 * UNWATCHED_MS, sweepMs: SWEEP_MS }, ...options });
  const process: Process = {
    ...opened,
    store,
    get notes() {
      return noted.mock.calls.map(([runIds]) => runIds);
    },
    async swept() {
      // The claim is the last thing of a sweep, and the first one may belong to a sweep that had begun before.
      const before = claimed.mock.calls.length;
      await expect.poll(() => claimed.mock.calls.length, { interval: 2 }).toBeGreaterThanOrEqual(before + 2);
    },
    async follow(run) {
      const reading = opened.tail.follow(run.id, START, new AbortController().signal);
      await reading.next();
      return async () => {
        await reading.return();
      };
    },
  };
  processes.push(process);
  return process;
}

/** Says a word, and then nothing until it is stopped. */
function talking(settled: AttemptOutcome["outcome"][] = []): AgentSource {
  return scriptedSource(
    async (attempt) => {
      void attempt.emit({ type: "step-started", step: 0 });
      void attempt.emit({ type: "text-start", id: "0.t" });
      await attempt.emit({ type: "text-delta", id: "0.t", text: "Half an answer" });
      return stopped(attempt);
    },
    {
      settle: (_run, { outcome }) => {
        settled.push(outcome);
        return Promise.resolve();
      },
    },
  );
}

/** Lets time pass, in pieces in which every process sweeps. */
async function pass(milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= PIECE_MS) {
    clock.advance(Math.min(left, PIECE_MS));
    for (const process of processes) await process.swept();
  }
}

async function started({ runner }: Process, change: Partial<NewRun> = {}): Promise<NewRun> {
  const run = newRun(change);
  await runner.start(run);
  return run;
}

async function untilStatus({ store }: Process, run: NewRun, status: string): Promise<void> {
  await expect.poll(async () => (await store.getRun(run.id))?.status).toBe(status);
}

describe("a run that nobody follows", () => {
  test("lives for its time, and is then canceled by the system; what it said is kept", async () => {
    const settled: AttemptOutcome["outcome"][] = [];
    const opened = openProcess(await openMemory(), talking(settled));
    const run = await started(opened);
    await pass(UNWATCHED_MS - 1);
    expect(await opened.store.getRun(run.id)).toMatchObject({ status: "running", cancelRequested: false });
    await pass(PIECE_MS);
    await untilStatus(opened, run, "canceled");
    const events = (await opened.store.readEntries(run.id, START, 100)).map(({ event }) => event);
    expect(events.slice(-2)).toEqual([
      { type: "text-delta", id: "0.t", text: "Half an answer" },
      { type: "run-canceled", reason: REASON },
    ]);
    expect(settled).toEqual(["aborted"]);
    expect(await opened.store.listAudit(run.id)).toMatchObject([{ action: "canceled", actor: "system", resourceId: "ann" }]);
    expect(await opened.store.getBill(run.id)).toMatchObject({ runId: run.id });
  });

  test("is canceled while it waits for a page, and its questions with it", async () => {
    const asks = scriptedSource((attempt) => askingSource([[asked(`question of ${attempt.run.id}`)]]).execute(attempt));
    const opened = openProcess(await openMemory(), asks);
    const input = { ...newRun().input, holdMs: 100 * UNWATCHED_MS };
    const [watched, run] = [await started(opened, { input }), await started(opened, { input })];
    await opened.follow(watched);
    for (const each of [watched, run]) await untilStatus(opened, each, "waiting");
    await pass(UNWATCHED_MS + PIECE_MS);
    await untilStatus(opened, run, "canceled");
    expect((await opened.readToEnd(run.id)).at(-1)?.event).toMatchObject({ type: "run-canceled", reason: REASON });
    expect((await opened.store.getInterrupt(`question of ${run.id}`))?.status).toBe("canceled");
    expect(await opened.store.getRun(watched.id)).toMatchObject({ status: "waiting", cancelRequested: false });
  });

  test("tells why also where its process died before it ended it", async () => {
    const store = await openMemory();
    const run = newRun();
    await store.createRun(run, { owner: "dead", leaseMs: 1 });
    clock.advance(UNWATCHED_MS);
    expect(await store.cancelUnwatched({ owner: "dead", unwatchedMs: UNWATCHED_MS, reason: REASON, limit: 1 })).toEqual([run.id]);
    const opened = openProcess(store);
    expect((await opened.readToEnd(run.id)).at(-1)?.event).toEqual({ type: "run-canceled", reason: REASON });
  });

  test("is given its time by a process that just began: no reader could come while there was none", async () => {
    const store = await openMemory();
    const first = openProcess(store);
    const [run, lost] = [await started(first), await started(first)];
    await processes.pop()?.close();
    clock.advance(10 * UNWATCHED_MS);
    const second = openProcess(store);
    await expect.poll(async () => (await store.getRun(run.id))?.attempt).toBe(2);
    await pass(UNWATCHED_MS - 1);
    await second.follow(run);
    await pass(AFTERLIFE_MS);
    await untilStatus(second, lost, "canceled");
    expect(await store.getRun(run.id)).toMatchObject({ status: "running", cancelRequested: false });
  });

  test("that its owner cancels first ends without a reason", async () => {
    const opened = openProcess(await openMemory());
    const run = await started(opened);
    await opened.runner.cancel(run.id, "ann");
    expect((await opened.readToEnd(run.id)).at(-1)?.event).toEqual({ type: "run-canceled" });
  });
});

describe("a run that is followed", () => {
  test("goes on as long as its reader stays, also where that is in another process on the file", async () => {
    const holder = openProcess(await openFile());
    const other = openProcess(await openFile());
    const [local, remote, unwatched] = [await started(holder), await started(holder), await started(holder)];
    await holder.follow(local);
    const leave = await other.follow(remote);
    await pass(2 * UNWATCHED_MS);
    await untilStatus(other, unwatched, "canceled");
    for (const run of [local, remote]) expect(await other.store.getRun(run.id)).toMatchObject({ status: "running", cancelRequested: false });
    await leave();
    await pass(UNWATCHED_MS - 1);
    expect(await holder.store.getRun(remote.id)).toMatchObject({ status: "running" });
    await pass(AFTERLIFE_MS);
    await untilStatus(holder, remote, "canceled");
    expect(await holder.store.getRun(local.id)).toMatchObject({ status: "running", cancelRequested: false });
  });

  test("lives on from the moment at which a reader came back, however short it stayed", async () => {
    const opened = openProcess(await openMemory());
    const [run, unwatched] = [await started(opened), await started(opened)];
    await pass(UNWATCHED_MS - 1);
    await (
      await opened.follow(run)
    )();
    await pass(UNWATCHED_MS - 1);
    await untilStatus(opened, unwatched, "canceled");
    expect(await opened.store.getRun(run.id)).toMatchObject({ status: "running", cancelRequested: false });
    await pass(AFTERLIFE_MS);
    await untilStatus(opened, run, "canceled");
  });

  test("has its whole time from the end of a process whose reader stayed to the last, whenever that noted it last", async () => {
    const holder = openProcess(await openFile());
    const other = openProcess(await openFile());
    const run = await started(holder);
    await other.follow(run);
    await other.swept();
    clock.advance(PIECE_MS - 1);
    await processes.pop()?.close();
    await pass(UNWATCHED_MS - 1);
    expect(await holder.store.getRun(run.id)).toMatchObject({ status: "running", cancelRequested: false });
    await pass(AFTERLIFE_MS);
    await untilStatus(holder, run, "canceled");
  });

  test("whose reader came at the last moment is not canceled before the process of that had a sweep to note it", async () => {
    const holder = openProcess(await openFile());
    const [run, unwatched] = [await started(holder), await started(holder)];
    await pass(UNWATCHED_MS);
    clock.advance(SWEEP_MS);
    await holder.swept();
    const other = openProcess(await openFile());
    await other.follow(run);
    await other.swept();
    await pass(PIECE_MS);
    await untilStatus(holder, unwatched, "canceled");
    expect(await holder.store.getRun(run.id)).toMatchObject({ status: "running", cancelRequested: false });
  });

  test("is noted four times in the time that an unwatched run lives, however many readers come and go", async () => {
    const opened = openProcess(await openMemory());
    const run = await started(opened);
    await opened.follow(run);
    await pass(1);
    for (let eighth = 0; eighth < 16; eighth += 1) {
      await (
        await opened.follow(run)
      )();
      await opened.follow(run);
      await pass(UNWATCHED_MS / 8);
    }
    expect(opened.notes).toEqual(Array.from({ length: 1 + 2 * 4 }, () => [run.id]));
  });

  test("is noted once the store answers again, though its reader has left", async () => {
    const store = await openMemory();
    const opened = openProcess(store);
    const [run, unwatched] = [await started(opened), await started(opened)];
    await pass(UNWATCHED_MS - 1);
    vi.mocked(store.noteFollowed).mockRejectedValueOnce(new Error("down"));
    await (
      await opened.follow(run)
    )();
    await pass(PIECE_MS);
    await untilStatus(opened, unwatched, "canceled");
    expect(opened.problems).toHaveLength(1);
    expect(await store.getRun(run.id)).toMatchObject({ status: "running", cancelRequested: false });
  });
});

describe("without a time for unwatched runs", () => {
  test("a run lives on, and nothing is written about its readers", async () => {
    const store = await openMemory();
    const canceled = vi.spyOn(store, "cancelUnwatched");
    const opened = openProcess(store, talking(), {});
    const run = await started(opened);
    await opened.follow(run);
    await pass(3 * UNWATCHED_MS);
    expect(opened.notes).toEqual([]);
    expect(canceled).not.toHaveBeenCalled();
    expect(await store.getRun(run.id)).toMatchObject({ status: "running", cancelRequested: false });
  });
});

test.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("%s is no time for unwatched runs", async (unwatchedMs) => {
  const store = await openMemory();
  expect(() => openNode(store, talking(), { unwatchedMs })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as Error);
});
