import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { START } from "../../src/core/offset.ts";
import type { RunStore } from "../../src/core/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { runs as schemaVersion1 } from "../../src/stores/sqlite/migrations/0001-runs.ts";
import { ledgerAndAnswers as schemaVersion2 } from "../../src/stores/sqlite/migrations/0002-ledger-and-answers.ts";
import { answers } from "../../src/testkit/store-interrupts.ts";
import {
  ALL,
  appendOf,
  interruptsOf,
  NODE_A,
  pageQuestion,
  sampleInterrupt,
  sampleMessage,
  sampleRun,
  settableClock,
} from "../../src/testkit/store-samples.ts";

const AT = 1_600_000_000_000;
const YES = { approved: true } as const;

let folder = "";
let path = "";
let store: RunStore;
const clock = settableClock();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-migrations-"));
  path = join(folder, "runs.db");
  writeVersion2(path);
  store = await openSqliteStore({ path, clock });
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A file as the second version of the schema has it: a run that is held, and one that asked twice and was answered once. */
function writeVersion2(file: string): void {
  const database = new DatabaseSync(file);
  database.exec(schemaVersion1);
  database.exec(schemaVersion2);
  const addRun = database.prepare(
    `INSERT INTO runs (sequence, id, thread_id, resource_id, agent_id, status, attempt, message_id, created_at, ended_at, lease_owner, lease_expires_at)
     VALUES (?, ?, ?, 'resource-1', 'agent-1', ?, 1, 'answer', ${AT}, ?, ?, ?)`,
  );
  addRun.run(1, "asking", "t-1", "suspended", AT, null, null);
  addRun.run(2, "held", "t-2", "running", null, "node-a", Number.MAX_SAFE_INTEGER);
  for (const [sequence, threadId] of [
    [1, "t-1"],
    [2, "t-2"],
  ] as const) {
    const started = { type: "run-started", messageId: "answer", threadId, agentId: "agent-1" };
    database.prepare(`INSERT INTO entries (run, number, attempt, at, event) VALUES (?, 1, 0, ${AT}, ?)`).run(sequence, JSON.stringify(started));
    database.prepare("INSERT INTO inputs VALUES (?, ?)").run(sequence, JSON.stringify({ messages: [sampleMessage("hi")], trigger: "submit" }));
    database.prepare(`INSERT INTO threads VALUES (?, 'resource-1', 'agent-1', ${AT}, ${AT}, ?)`).run(threadId, sequence);
  }
  const addInterrupt = database.prepare(
    `INSERT INTO interrupts (run, position, id, status, created_at, request, answer, answered_at, answered_by) VALUES (1, ?, ?, ?, ${AT}, ?, ?, ?, ?)`,
  );
  addInterrupt.run(0, "first", "answered", JSON.stringify(sampleInterrupt("first")), JSON.stringify(YES), AT, "resource-1");
  addInterrupt.run(1, "second", "pending", JSON.stringify(sampleInterrupt("second")), null, null, null);
  database.exec("PRAGMA user_version = 2");
  database.close();
}

describe("a file of the second version of the schema", () => {
  test("keeps its questions with their answers", async () => {
    const [first, second] = await interruptsOf(store, "asking");
    expect(first).toMatchObject({ id: "first", status: "answered", answer: YES, answeredBy: "resource-1" });
    expect(first).not.toHaveProperty("isDeclined");
    expect(second).toMatchObject({ id: "second", status: "pending" });
    expect((await store.listInterrupts({ resourceId: "resource-1", statuses: ["pending"], limit: 10 })).interrupts).toEqual([second]);
  });

  test("a run that was answered in part goes on with all its answers", async () => {
    const result = await store.answerInterrupts(answers({ second: YES }), NODE_A);
    expect(result).toMatchObject({ outcome: "answered", child: { run: { id: "child", parentRunId: "asking" } } });
    const told = (await store.readEntries("child", START, 10)).map(({ event }) => event);
    expect(told.slice(1, 3)).toMatchObject([
      { type: "interrupt-answered", interruptId: "first" },
      { type: "interrupt-answered", interruptId: "second" },
    ]);
    expect(await store.answerInterrupts(answers({ first: YES }))).toMatchObject({ outcome: "repeated", childRunId: "child" });
  });

  test("a run that was held when it was opened can wait, and be answered", async () => {
    const waiting = { type: "run-waiting", interrupts: [pageQuestion("a")], until: clock.now() + 1_000 } as const;
    expect(await store.append([appendOf({ runId: "held", epoch: 1 }, waiting)])).toMatchObject([{ outcome: "appended" }]);
    expect(await store.answerInterrupts(answers({ a: 1 }))).toMatchObject({ resumed: { id: "held", status: "running" } });
    expect((await store.claimRuns(NODE_A, ALL))[0]?.run).toMatchObject({ id: "held", attempt: 2, crashes: 0 });
  });

  test("its runs have no id of a client, and those that come after may have one", async () => {
    expect(await store.getRun("held")).not.toHaveProperty("clientRunId");
    await store.createRun(sampleRun("named", { clientRunId: "mine" }));
    expect((await store.listRuns({ resourceId: "resource-1", clientRunId: "mine", limit: 10 })).runs.map(({ id }) => id)).toEqual(["named"]);
  });

  test.each([["SELECT run FROM interrupts JOIN runs ON runs.sequence = interrupts.run AND runs.has_asked = 1 WHERE resource_id = 'r'", "runs_that_asked"]])(
    "has an index for: %s",
    (sql, index) => {
      const database = new DatabaseSync(path, { readOnly: true });
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
      database.close();
      expect(JSON.stringify(plan)).toContain(index);
    },
  );
});
