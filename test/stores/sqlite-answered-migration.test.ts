import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunStore } from "../../src/core/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { runs as schemaVersion1 } from "../../src/stores/sqlite/migrations/0001-runs.ts";
import { ledgerAndAnswers as schemaVersion2 } from "../../src/stores/sqlite/migrations/0002-ledger-and-answers.ts";
import { waitingRuns as schemaVersion3 } from "../../src/stores/sqlite/migrations/0003-waiting-runs.ts";
import { unwatchedRuns as schemaVersion4 } from "../../src/stores/sqlite/migrations/0004-unwatched-runs.ts";
import { answers } from "../../src/testkit/store-interrupts.ts";
import { NODE_A, pageQuestion, sampleMessage, sampleRun, settableClock } from "../../src/testkit/store-samples.ts";

const clock = settableClock();
const HELD_UNTIL = clock.now() + 10_000;

let folder = "";
let path = "";
let store: RunStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-migrations-"));
  path = join(folder, "runs.db");
  writeVersion4(path);
  store = await openSqliteStore({ path, clock });
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A file as the fourth version of the schema has it: two runs that their client named, one that waits and one that was handed over. */
function writeVersion4(file: string): void {
  const database = new DatabaseSync(file);
  for (const schema of [schemaVersion1, schemaVersion2, schemaVersion3, schemaVersion4]) database.exec(schema);
  const addRun = database.prepare(
    `INSERT INTO runs (sequence, id, thread_id, resource_id, agent_id, status, attempt, message_id, created_at, client_run_id, waits_until, has_asked)
     VALUES (?, ?, ?, 'resource-1', 'agent-1', ?, 1, 'answer', 0, 'mine', ?, 1)`,
  );
  addRun.run(1, "waits", "t-1", "waiting", HELD_UNTIL);
  addRun.run(2, "handed over", "t-2", "running", null);
  for (const sequence of [1, 2]) {
    database.prepare("INSERT INTO inputs VALUES (?, ?)").run(sequence, JSON.stringify({ messages: [sampleMessage("hi")], trigger: "submit" }));
    database.prepare("INSERT INTO threads VALUES (?, 'resource-1', 'agent-1', 0, 0, ?)").run(`t-${sequence}`, sequence);
  }
  const request = JSON.stringify(pageQuestion("a"));
  database.prepare("INSERT INTO interrupts (run, position, id, created_at, request) VALUES (1, 0, 'a', 0, ?)").run(request);
  database.exec("PRAGMA user_version = 4");
  database.close();
}

describe("a file of the fourth version of the schema", () => {
  const named = async (clientRunId: string): Promise<readonly string[]> =>
    (await store.listRuns({ resourceId: "resource-1", clientRunId, limit: 10 })).runs.map(({ id }) => id);

  test("its runs are found by the ids that their clients gave them, and by those of the requests that answer them", async () => {
    expect(await named("mine")).toEqual(["handed over", "waits"]);
    await store.answerInterrupts({ ...answers({ a: 1 }), continuation: { clientRunId: "answering" } });
    expect(await named("answering")).toEqual(["waits"]);
    await store.createRun(sampleRun("new", { clientRunId: "mine" }));
    expect(await named("mine")).toEqual(["new", "handed over", "waits"]);
  });

  test("a run that was handed over is taken by a process that has no room, and one that goes on with its answer is not", async () => {
    await store.answerInterrupts(answers({ a: 1 }));
    expect((await store.claimRuns(NODE_A, { limit: 10, pendingLimit: 0 })).map(({ run }) => run.id)).toEqual(["handed over"]);
    expect((await store.claimRuns(NODE_A, { limit: 10, pendingLimit: 1 })).map(({ run }) => run.id)).toEqual(["waits"]);
  });

  test.each([
    [
      "SELECT id FROM runs WHERE sequence IN (SELECT run FROM client_runs WHERE client_run_id = 'c' AND resource_id = 'r') ORDER BY sequence DESC",
      "PRIMARY KEY",
    ],
    ["SELECT id FROM runs WHERE sequence IN (SELECT run FROM client_runs WHERE client_run_id = 'c') ORDER BY sequence DESC", "PRIMARY KEY"],
    ["DELETE FROM client_runs WHERE run IN (SELECT sequence FROM runs WHERE thread_id = 't')", "client_runs_by_run"],
  ])("has an index for: %s", (sql, index) => {
    const database = new DatabaseSync(path, { readOnly: true });
    const plan = JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all());
    database.close();
    expect(plan).toMatch(new RegExp(`SEARCH client_runs USING [A-Z ]*${index}`));
    expect(plan).not.toContain("SCAN");
  });
});
