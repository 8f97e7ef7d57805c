import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import { START } from "../../src/core/offset.ts";
import type { RunStore } from "../../src/core/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { runs as schemaVersion1 } from "../../src/stores/sqlite/migrations/0001-runs.ts";
import { appendOf, interruptsOf, modelCalled, NODE_A, sampleInterrupt, sampleMessage, settableClock, textDelta } from "../../src/testkit/store-samples.ts";

const AT = 1_600_000_000_000;
const ASKED = [sampleInterrupt("int-b"), sampleInterrupt("int-a")];

let folder = "";
let store: RunStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-migrations-"));
  const path = join(folder, "runs.db");
  writeVersion1(path);
  store = await openSqliteStore({ path, clock: settableClock() });
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A file as the first version of the schema has it: a run that is held, one that waits behind it, and one that asks. */
function writeVersion1(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(schemaVersion1);
  const addRun = database.prepare(
    `INSERT INTO runs (sequence, id, thread_id, resource_id, agent_id, status, attempt, message_id, created_at, ended_at, lease_owner, lease_expires_at)
     VALUES (?, ?, ?, 'resource-1', 'agent-1', ?, ?, 'answer', ${AT}, ?, ?, ?)`,
  );
  const addEntry = database.prepare(`INSERT INTO entries (run, number, attempt, at, event) VALUES (?, ?, ?, ${AT}, ?)`);
  const addLog = (sequence: number, ...events: readonly RunEvent[]): void => {
    events.forEach((event, index) => addEntry.run(sequence, index + 1, index === 0 ? 0 : 1, JSON.stringify(event)));
  };
  const started = (threadId: string): RunEvent => ({ type: "run-started", messageId: "answer", threadId, agentId: "agent-1" });
  const attempt: RunEvent = { type: "attempt-started", attempt: 1 };
  addRun.run(1, "asking", "t-1", "suspended", 1, AT, null, null);
  addLog(1, started("t-1"), attempt, { type: "run-suspended", interrupts: ASKED });
  addRun.run(2, "held", "t-2", "running", 1, null, "node-a", Number.MAX_SAFE_INTEGER);
  addLog(2, started("t-2"), attempt, textDelta("a"));
  addRun.run(3, "queued", "t-2", "pending", 0, null, null, null);
  addLog(3, started("t-2"));
  for (const sequence of [1, 2, 3]) {
    database.prepare("INSERT INTO inputs VALUES (?, ?)").run(sequence, JSON.stringify({ messages: [sampleMessage("hi")], trigger: "submit" }));
  }
  ASKED.forEach((request, position) => {
    database.prepare(`INSERT INTO interrupts (run, position, created_at, request) VALUES (1, ?, ${AT}, ?)`).run(position, JSON.stringify(request));
  });
  for (const [threadId, newest] of [
    ["t-1", 1],
    ["t-2", 3],
  ] as const) {
    database.prepare(`INSERT INTO threads VALUES (?, 'resource-1', 'agent-1', ${AT}, ${AT}, ?)`).run(threadId, newest);
  }
  database.exec("PRAGMA user_version = 1");
  database.close();
}

describe("a file of the first version of the schema", () => {
  test("keeps its runs, logs and threads", async () => {
    const { runs } = await store.listRuns({ limit: 10 });
    expect(runs.map(({ id, status }) => [id, status])).toEqual([
      ["queued", "pending"],
      ["held", "running"],
      ["asking", "suspended"],
    ]);
    expect(await store.getRun("held")).toEqual({
      id: "held",
      threadId: "t-2",
      resourceId: "resource-1",
      agentId: "agent-1",
      status: "running",
      attempt: 1,
      crashes: 0,
      messageId: "answer",
      input: { messages: [sampleMessage("hi")], trigger: "submit" },
      billingPolicy: "delivered",
      cancelRequested: false,
      createdAt: AT,
    });
    expect((await store.readEntries("held", START, 10)).map(({ event }) => event).at(-1)).toEqual(textDelta("a"));
    expect(await store.getThread("t-2")).toMatchObject({ resourceId: "resource-1", lastRunAt: AT });
  });

  test("a run that was held when it was opened goes on and gets a bill", async () => {
    const [result] = await store.append([
      { ...appendOf({ runId: "held", epoch: 1 }, modelCalled(0), { type: "run-completed" }), billing: { sinks: ["meter"] } },
    ]);
    expect(result?.outcome === "appended" && result.entries.map(({ offset }) => offset)).toEqual([4, 5]);
    expect(await store.getBill("held")).toMatchObject({ policy: "delivered", cost: { calls: { pending: 1 } } });
    expect((await store.listDeliveries({ limit: 10 })).deliveries).toHaveLength(1);
    const [claimed] = await store.claimRuns(NODE_A, { limit: 10, pendingLimit: 10 });
    expect(claimed?.run.id).toBe("queued");
  });

  test("a run that ended before has neither usage nor a bill", async () => {
    expect(await store.listUsage("asking")).toEqual([]);
    expect(await store.getBill("asking")).toBeUndefined();
    expect(await store.listBilledRuns({})).toEqual([]);
  });

  test("what it asked can be answered, and the run goes on", async () => {
    const stored = { runId: "asking", threadId: "t-1", agentId: "agent-1", resourceId: "resource-1", status: "pending", createdAt: AT };
    expect(await interruptsOf(store, "asking")).toEqual(ASKED.map((request) => ({ ...request, ...stored })));
    expect(await store.getInterrupt("int-a")).toMatchObject(sampleInterrupt("int-a"));
    const answers = ["int-a", "int-b"].map((interruptId) => ({ interruptId, answer: { approved: true } }));
    const result = await store.answerInterrupts({ answers, answeredBy: "resource-1", childRunId: "child" }, NODE_A);
    expect(result).toMatchObject({ outcome: "answered", child: { run: { id: "child", parentRunId: "asking", status: "running" } } });
    expect((await interruptsOf(store, "asking")).map(({ status }) => status)).toEqual(["answered", "answered"]);
  });

  test("what it asked can be canceled, and its thread be forgotten", async () => {
    expect(await store.cancelSuspended({ runId: "asking", canceledBy: "resource-1", childRunId: "child" }, NODE_A)).toMatchObject({ outcome: "canceled" });
    await store.append([appendOf({ runId: "child", epoch: 1 }, { type: "run-canceled" })]);
    expect(await store.deleteThread("t-1")).toBe("deleted");
    expect(await store.getInterrupt("int-a")).toBeUndefined();
  });
});
