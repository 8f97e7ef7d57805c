import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { START } from "../../src/core/offset.ts";
import { SqliteConnection } from "../../src/stores/sqlite/connection.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { migrate } from "../../src/stores/sqlite/migrations/index.ts";
import { SqliteRunStore } from "../../src/stores/sqlite/store.ts";
import {
  appendOf,
  complete,
  modelCalled,
  sampleInterrupt,
  sampleRun,
  sampleUsage,
  settableClock,
  startedRun,
  textDelta,
} from "../../src/testkit/store-samples.ts";

let folder = "";
let path = "";
const closing: { close(): unknown }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-file-"));
  path = join(folder, "runs.db");
});

afterEach(async () => {
  await Promise.all(closing.splice(0).map((open) => open.close()));
  await rm(folder, { recursive: true, force: true });
});

function closedLater<Open extends { close(): unknown }>(open: Open): Open {
  closing.push(open);
  return open;
}

/** A store and the connection below it. */
function storeOnConnection(): { readonly store: SqliteRunStore; readonly connection: SqliteConnection } {
  const connection = closedLater(SqliteConnection.open(path));
  migrate(connection);
  return { connection, store: SqliteRunStore.on(connection, settableClock()) };
}

describe("opening", () => {
  test("the folders above the file are made", async () => {
    const deep = join(folder, "a", "b", "runs.db");
    closedLater(await openSqliteStore({ path: deep }));
    expect((await stat(deep)).isFile()).toBe(true);
  });

  test("a store in memory keeps runs without a file", async () => {
    const store = closedLater(await openSqliteStore({ path: ":memory:" }));
    await startedRun(store, sampleRun("run"));
    expect(await store.lastOffset("run")).toBe(2);
  });

  test("a file that a newer version wrote is refused and left as it is", async () => {
    const store = await openSqliteStore({ path });
    await startedRun(store, sampleRun("run"));
    await store.close();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    const refusal: unknown = await openSqliteStore({ path }).catch((thrown: unknown) => thrown);
    expect(refusal).toMatchObject({ code: "STORE_SCHEMA_MISMATCH", retryable: false });
    expect((refusal as Error).message).toMatch(/schema version 99.* knows 5; install/);
    const after = new DatabaseSync(path);
    expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 99 });
    after.exec("PRAGMA user_version = 5");
    after.close();
    expect(await closedLater(await openSqliteStore({ path })).lastOffset("run")).toBe(2);
  });

  test("a path that cannot hold a database is a mistake in the configuration, told without the path", async () => {
    await writeFile(join(folder, "text"), "This is no database, though it is longer than the header of one. ".repeat(30));
    await mkdir(join(folder, "directory"));
    for (const [wrong, reason] of [
      ["text", "not a SQLite database"],
      ["directory", "cannot be opened or created"],
      ["text/below-a-file.db", "folder of the configured database"],
    ] as const) {
      const error: unknown = await openSqliteStore({ path: join(folder, wrong) }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "CONFIG_INVALID" });
      expect((error as Error).message).toContain(reason);
      expect((error as Error).message).not.toContain(folder);
    }
  });

  test("stores that open one fresh file at once all find the same schema", async () => {
    const opened = await Promise.all(Array.from({ length: 5 }, () => openSqliteStore({ path })));
    for (const store of opened) closedLater(store);
    await startedRun(opened[0] ?? expect.fail(), sampleRun("run"));
    expect(await Promise.all(opened.map((store) => store.lastOffset("run")))).toEqual([2, 2, 2, 2, 2]);
  });
});

describe("a file that does not answer", () => {
  test("while another process holds the file, writes fail as retryable and reads go on", async () => {
    const { store } = storeOnConnection();
    const { lease } = await startedRun(store, sampleRun("run"));
    const holder = closedLater(new DatabaseSync(path));
    holder.exec("BEGIN IMMEDIATE");
    const unavailable = { code: "STORE_UNAVAILABLE", retryable: true };
    await expect(store.append([appendOf(lease, textDelta("a"))])).rejects.toMatchObject(unavailable);
    await expect(store.requestCancel("run", "resource-1")).rejects.toMatchObject(unavailable);
    expect(await store.lastOffset("run")).toBe(2);
    holder.exec("ROLLBACK");
    await store.append([appendOf(lease, textDelta("a"))]);
    expect(await store.lastOffset("run")).toBe(3);
    expect((await store.getRun("run"))?.cancelRequested).toBe(false);
  });

  test("a batch for which the disk has no room is refused whole, and succeeds once there is room", async () => {
    const { store, connection } = storeOnConnection();
    const { lease } = await startedRun(store, sampleRun("run"));
    const other = await startedRun(store, sampleRun("other"));
    const before = await store.readEntries("run", START, 10);
    connection.script("PRAGMA max_page_count = 1");
    const batch = [appendOf(lease, textDelta("small")), appendOf(other.lease, textDelta("x".repeat(100_000)), { type: "run-completed" })];
    await expect(store.append(batch)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    expect(await store.readEntries("run", START, 10)).toEqual(before);
    expect((await store.getRun("other"))?.status).toBe("running");
    connection.script("PRAGMA max_page_count = 100000");
    expect((await store.append(batch)).map(({ outcome }) => outcome)).toEqual(["appended", "appended"]);
    expect(await store.lastOffset("run")).toBe(3);
    expect((await store.getRun("other"))?.status).toBe("completed");
  });

  test("a transaction that fails half-way writes nothing and holds nothing", async () => {
    const { store, connection } = storeOnConnection();
    const { lease } = await startedRun(store, sampleRun("run"));
    const half = (): never => {
      connection.run("DELETE FROM runs");
      throw new Error("on purpose");
    };
    expect(() => connection.write("written", half)).toThrow("on purpose");
    expect(() => connection.write("written", () => connection.run("INSERT INTO entries SELECT * FROM entries"))).toThrow(
      expect.objectContaining({ code: "INTERNAL", retryable: false }),
    );
    const other = closedLater(await openSqliteStore({ path }));
    expect((await other.append([appendOf(lease, textDelta("a"))]))[0]?.outcome).toBe("appended");
    expect(await store.lastOffset("run")).toBe(3);
  });

  test("a run whose id is taken by a store's own mistake is refused without a trace of SQL", async () => {
    const { store } = storeOnConnection();
    await startedRun(store, sampleRun("run"));
    const error: unknown = await store.createRun(sampleRun("run", { threadId: "t" })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "INTERNAL", message: "Run run exists; give every run an id of its own." });
  });
});

describe("what is flushed to the disk before it is acknowledged", () => {
  const SYNCHRONOUS = { written: 1, flushed: 2 } as const;

  test("a flushed transaction runs at the level FULL and leaves the level at NORMAL, also when it fails", () => {
    const { connection } = storeOnConnection();
    const level = (): unknown => connection.get("PRAGMA synchronous");
    expect(level()).toEqual({ synchronous: SYNCHRONOUS.written });
    expect(connection.write("flushed", level)).toEqual({ synchronous: SYNCHRONOUS.flushed });
    expect(level()).toEqual({ synchronous: SYNCHRONOUS.written });
    const failing = (): never => {
      throw new Error("on purpose");
    };
    expect(() => connection.write("flushed", failing)).toThrow("on purpose");
    expect(connection.write("written", level)).toEqual({ synchronous: SYNCHRONOUS.written });
  });

  test("starts, ends, cancels and what asks for it are flushed, streaming text and renewals are not", async () => {
    const { store, connection } = storeOnConnection();
    const write = vi.spyOn(connection, "write");
    const { lease } = await startedRun(store, sampleRun("run"));
    await store.append([appendOf(lease, textDelta("a"))]);
    await store.append([appendOf(lease, textDelta("b")), { ...appendOf(lease, textDelta("c")), isDurable: true }]);
    await store.renewLeases({ owner: "node-a", leaseMs: 1 }, [lease]);
    await store.requestCancel("run", "resource-1");
    await complete(store, lease);
    await store.deleteThread("thread-of-run");
    expect(write.mock.calls.map(([durability]) => durability)).toEqual(["flushed", "written", "flushed", "written", "flushed", "flushed", "flushed"]);
  });

  test("what is paid for, the tries to deliver a bill, and answers are flushed", async () => {
    const { store, connection } = storeOnConnection();
    const { lease } = await startedRun(store, sampleRun("run"));
    const write = vi.spyOn(connection, "write");
    await store.append([appendOf(lease, textDelta("a"))]);
    await store.append([appendOf(lease, textDelta("b")), appendOf(lease, modelCalled(0))]);
    await store.append([appendOf(lease, { type: "nested", toolCallId: "c", event: modelCalled(0) })]);
    await store.append([appendOf(lease, { type: "model-cut", attempt: 1, path: "c", call: 0, state: "unknown" })]);
    expect(write.mock.calls.map(([durability]) => durability)).toEqual(["written", "flushed", "flushed", "flushed"]);
    await store.append([{ ...appendOf(lease, { type: "run-suspended", interrupts: [sampleInterrupt("i")] }), billing: { sinks: ["meter"] } }]);
    write.mockClear();
    await store.settleUsage({ runId: "run", attempt: 1, path: "", call: 0, usage: sampleUsage(1) });
    await store.claimDeliveries({ sinks: ["meter"], limit: 1, leaseMs: 1 });
    await store.settleDelivery({ runId: "run", sink: "meter", state: "dead" });
    await store.replayDelivery({ runId: "run", sink: "meter" });
    await store.answerInterrupts({ answers: [{ interruptId: "i", answer: 1 }], answeredBy: "resource-1", childRunId: "child" });
    await store.cancelSuspended({ runId: "run", canceledBy: "resource-1", childRunId: "late" });
    expect(write.mock.calls.map(([durability]) => durability)).toEqual(Array.from({ length: 6 }, () => "flushed"));
    // A dispatcher that finds nothing locks nobody out.
    await store.claimDeliveries({ sinks: ["elsewhere"], limit: 1, leaseMs: 1 });
    expect(write).toHaveBeenCalledTimes(6);
  });
});
