import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HoldfastError } from "../../core/error.ts";
import { SqliteConnection } from "./connection.ts";
import { ForeignAppends } from "./foreign-appends.ts";

let folder = "";
let own: SqliteConnection;
let foreign: SqliteConnection;
let appends: ForeignAppends;

function commit(connection: SqliteConnection): void {
  connection.write("written", () => connection.run("INSERT INTO facts VALUES (1)"));
}

beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), "holdfast-foreign-"));
  own = SqliteConnection.open(join(folder, "facts.db"));
  own.script("CREATE TABLE facts (fact INTEGER)");
  foreign = SqliteConnection.open(join(folder, "facts.db"));
  appends = new ForeignAppends(own);
});

afterEach(() => {
  appends.close();
  own.close();
  foreign.close();
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

test("a listener is called once for what another connection committed, and not for what its own did", () => {
  const listener = vi.fn<() => void>();
  appends.listen(listener);
  commit(own);
  vi.advanceTimersByTime(200);
  expect(listener).not.toHaveBeenCalled();
  commit(foreign);
  commit(own);
  vi.advanceTimersByTime(200);
  expect(listener).toHaveBeenCalledOnce();
  commit(foreign);
  vi.advanceTimersByTime(200);
  expect(listener).toHaveBeenCalledTimes(2);
});

test("the file is looked at only while somebody listens", () => {
  const [first, second] = [vi.fn<() => void>(), vi.fn<() => void>()];
  expect(vi.getTimerCount()).toBe(0);
  const stops = [appends.listen(first), appends.listen(second)];
  expect(vi.getTimerCount()).toBe(1);
  stops[0]?.();
  commit(foreign);
  vi.advanceTimersByTime(200);
  expect(first).not.toHaveBeenCalled();
  expect(second).toHaveBeenCalledOnce();
  stops[1]?.();
  stops[1]?.();
  expect(vi.getTimerCount()).toBe(0);
  // What was committed meanwhile is no news to who listens from here on.
  commit(foreign);
  appends.listen(first);
  vi.advanceTimersByTime(200);
  expect(first).not.toHaveBeenCalled();
});

test("a look that fails is made up for by the next one", () => {
  const listener = vi.fn<() => void>();
  appends.listen(listener);
  commit(foreign);
  const look = vi.spyOn(own, "dataVersion").mockImplementationOnce(() => {
    throw new HoldfastError("STORE_UNAVAILABLE", "The file does not answer.");
  });
  vi.advanceTimersByTime(50);
  expect(look).toHaveBeenCalledOnce();
  expect(listener).not.toHaveBeenCalled();
  vi.advanceTimersByTime(50);
  expect(listener).toHaveBeenCalledOnce();
});
