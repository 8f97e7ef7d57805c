import { afterEach, describe, expect, test } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import type { Json } from "../../src/core/json.ts";
import { START } from "../../src/core/offset.ts";
import type { AnswerResult } from "../../src/core/interrupt-store.ts";
import type { NewRun, RunStore } from "../../src/core/store.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { settableClock, type SettableClock } from "../../src/testkit/store-samples.ts";
import { asked, askingSource, type AskingSource } from "./asking-source.ts";
import { newRun, openNode, type TestNode } from "./node.ts";
import { say } from "./scripted-source.ts";

const HOLD_MS = 60_000;

const nodes: TestNode[] = [];
let clock: SettableClock;
let store: RunStore;

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((opened) => opened.close()));
});

/** A process on the store of the test, whose clock only the test moves. */
async function node(source: AskingSource, options: Parameters<typeof openNode>[2] = {}): Promise<TestNode> {
  if (nodes.length === 0) {
    clock = settableClock();
    store = await MemoryRunStore.open({ clock });
  }
  const opened = openNode(store, source, { clock, ...options });
  nodes.push(opened);
  return opened;
}

function heldRun(change: Partial<NewRun> = {}): NewRun {
  const run = newRun(change);
  return { ...run, input: { ...run.input, holdMs: HOLD_MS } };
}

/** Starts a run, and resolves once it waits. */
async function waiting({ runner }: TestNode): Promise<NewRun> {
  const run = heldRun();
  await runner.start(run);
  await untilStatus(run.id, "waiting");
  return run;
}

async function untilStatus(runId: string, status: string): Promise<void> {
  await expect.poll(async () => (await store.getRun(runId))?.status).toBe(status);
}

/** Answers as an engine does: whoever answers looks at once for what may go on. */
function answer({ runner }: TestNode, given: Readonly<Record<string, Json>>): Promise<AnswerResult> {
  const answers = Object.entries(given).map(([interruptId, value]) => ({ interruptId, answer: value }));
  return runner.startBy(
    (claim) => store.answerInterrupts({ answers, answeredBy: "ann", childRunId: "child" }, claim),
    (result) => (result.outcome === "answered" ? (result.child ?? (result.resumed && { run: result.resumed })) : undefined),
  );
}

const typesOf = (entries: readonly Entry[]): readonly string[] => entries.map(({ event }) => event.type);

async function statusOf(interruptId: string): Promise<string | undefined> {
  return (await store.getInterrupt(interruptId))?.status;
}

describe("a run that is held open", () => {
  test("goes on itself once the page has answered: one log, one bill, and no model call is made again", async () => {
    const source = askingSource([[asked("a"), asked("b")]]);
    const opened = await node(source);
    const run = await waiting(opened);
    expect(source.settled).toEqual([]);
    expect(await store.getRun(run.id)).toMatchObject({ attempt: 1 });
    expect(await store.getBill(run.id)).toBeUndefined();
    const held = (await store.readEntries(run.id, START, 100)).at(-1)?.event;
    expect(held).toEqual({ type: "run-waiting", interrupts: [asked("a"), asked("b")], until: clock.now() + HOLD_MS });

    expect(await answer(opened, { a: 1 })).not.toHaveProperty("resumed");
    expect(await answer(opened, { b: 2 })).toMatchObject({ outcome: "answered", resumed: { id: run.id, status: "running" } });
    const entries = await opened.readToEnd(run.id);
    expect(typesOf(entries).slice(typesOf(entries).indexOf("run-waiting"))).toEqual([
      "run-waiting",
      "interrupt-answered",
      "interrupt-answered",
      "attempt-started",
      "tool-result",
      "tool-result",
      "step-finished",
      "step-started",
      "model-called",
      "model-finished",
      "step-finished",
      "run-completed",
    ]);
    expect(await store.getRun(run.id)).toMatchObject({ status: "completed", attempt: 2, crashes: 0 });
    expect(source.calls).toEqual([`${run.id} 0`, `${run.id} 1`]);
    expect(source.settled).toEqual(["completed"]);
    expect((await store.getBill(run.id))?.billable.usage).toMatchObject({ inputTokens: 20 });
  });

  test("is held open again for what it asks next", async () => {
    const source = askingSource([[asked("a")], [asked("b")]]);
    const opened = await node(source);
    const run = await waiting(opened);
    await answer(opened, { a: 1 });
    await expect.poll(() => statusOf("b")).toBe("pending");
    await untilStatus(run.id, "waiting");
    await answer(opened, { b: 2 });
    const entries = await opened.readToEnd(run.id);
    expect(typesOf(entries).filter((type) => type === "run-waiting")).toHaveLength(2);
    expect(entries.at(-1)?.event.type).toBe("run-completed");
    expect(source.calls).toHaveLength(3);
  });

  test("ends as suspended with the same questions once its time is over, and goes on in a child run", async () => {
    const source = askingSource([[asked("a"), asked("b")]]);
    const opened = await node(source, { interruptTtlMs: HOLD_MS * 10 });
    const run = await waiting(opened);
    const expiresAt = clock.now() + HOLD_MS * 10;
    clock.advance(HOLD_MS - 1);
    await answer(opened, { b: 2 });
    expect((await store.getRun(run.id))?.status).toBe("waiting");
    clock.advance(1);
    const entries = await opened.readToEnd(run.id);
    const questions = [asked("a"), asked("b")].map((request) => ({ ...request, expiresAt }));
    expect(entries.at(-1)?.event).toMatchObject({ type: "run-suspended", interrupts: questions });
    expect(typesOf(entries).slice(-3)).toEqual(["run-waiting", "attempt-started", "run-suspended"]);
    expect(await store.getRun(run.id)).toMatchObject({ status: "suspended", crashes: 0 });
    expect(source.settled).toEqual(["suspended"]);
    expect([await statusOf("a"), await statusOf("b")]).toEqual(["pending", "answered"]);

    expect(await answer(opened, { a: 1 })).toMatchObject({ child: { run: { id: "child", parentRunId: run.id } } });
    const rest = await opened.readToEnd("child");
    expect(rest.flatMap(({ event }) => (event.type === "tool-result" ? [event.output] : []))).toEqual([1, 2]);
    expect(rest.at(-1)?.event.type).toBe("run-completed");
    expect(source.calls).toEqual([`${run.id} 0`, "child 1"]);
  });

  test("is canceled while it waits, and its questions with it", async () => {
    const source = askingSource([[asked("a")]]);
    const opened = await node(source);
    const run = await waiting(opened);
    expect(await opened.runner.cancel(run.id, "ann")).toMatchObject({ status: "waiting", cancelRequested: true });
    const entries = await opened.readToEnd(run.id);
    expect(typesOf(entries).slice(-3)).toEqual(["run-waiting", "attempt-started", "run-canceled"]);
    expect(await statusOf("a")).toBe("canceled");
    expect(await answer(opened, { a: 1 })).toMatchObject({ outcome: "conflict" });
    expect(source.calls).toHaveLength(1);
  });

  test("ends as suspended once its question can no longer be answered, however long it might be held", async () => {
    const source = askingSource([[asked("a")], [asked("b")]]);
    const opened = await node(source, { interruptTtlMs: HOLD_MS / 2 });
    const run = await waiting(opened);
    const held = (await store.readEntries(run.id, START, 100)).at(-1)?.event;
    expect(held).toMatchObject({ type: "run-waiting", until: clock.now() + HOLD_MS / 2 });
    clock.advance(HOLD_MS / 2);
    expect(await answer(opened, { a: 1 })).toMatchObject({ outcome: "conflict", interrupt: { status: "expired" } });
    expect((await opened.readToEnd(run.id)).at(-1)?.event.type).toBe("run-suspended");
  });

  test("waits for room like a new one where it goes on with its answer", async () => {
    const working = new Set<string>();
    const most: number[] = [];
    const source = askingSource([]);
    const execute: AskingSource["execute"] = async ({ run, attempt }) => {
      if (attempt === 1) return { outcome: "suspended", interrupts: [asked(run.id)] };
      working.add(run.id);
      most.push(working.size);
      // All that may be claimed is claimed meanwhile.
      for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      working.delete(run.id);
      return { outcome: "completed" };
    };
    const opened = await node({ ...source, execute }, { maxConcurrentRuns: 1 });
    const runs: NewRun[] = [];
    for (let index = 0; index < 4; index += 1) runs.push(await waiting(opened));
    await Promise.all(runs.map(({ id }) => answer(opened, { [id]: 1 })));
    for (const { id } of runs) expect((await opened.readToEnd(id)).at(-1)?.event.type).toBe("run-completed");
    expect(most).toEqual([1, 1, 1, 1]);
  });

  test("is canceled also where the wish came just before the wait", async () => {
    const source = askingSource([[asked("a")]]);
    const opened = await node({
      ...source,
      execute: async (attempt) => {
        const outcome = await source.execute(attempt);
        await store.requestCancel(attempt.run.id, "ann");
        return outcome;
      },
    });
    const run = heldRun();
    await opened.runner.start(run);
    expect((await opened.readToEnd(run.id)).at(-1)?.event.type).toBe("run-canceled");
  });

  test.each([HOLD_MS, undefined])("is canceled where the wish comes when it has asked (held open for %s ms)", async (holdMs) => {
    const source = askingSource([[asked("a")]]);
    const opened: TestNode = await node(source, {
      onCheckpoint: (name, { id }) => {
        if (name === "agent-finished") void opened.runner.cancel(id, "ann");
      },
    });
    const run = newRun();
    await opened.runner.start({ ...run, input: { ...run.input, ...(holdMs !== undefined && { holdMs }) } });
    const types = typesOf(await opened.readToEnd(run.id));
    expect(types.at(-1)).toBe("run-canceled");
    expect(types).not.toContain("run-waiting");
    expect(source.settled).toEqual(["aborted"]);
  });

  test("outlives the process that asked, and another one goes on with it", async () => {
    const source = askingSource([[asked("a")]]);
    const first = await node(source);
    const run = await waiting(first);
    await first.close();
    expect((await store.getRun(run.id))?.status).toBe("waiting");
    const second = await node(source);
    await answer(second, { a: 1 });
    expect((await second.readToEnd(run.id)).at(-1)?.event.type).toBe("run-completed");
    expect(await store.getRun(run.id)).toMatchObject({ attempt: 2, crashes: 0 });
    expect(source.calls).toHaveLength(2);
  });

  test("keeps its thread from the runs behind it until it has ended", async () => {
    const source = askingSource([[asked("a")]]);
    const opened = await node({ ...source, execute: (attempt) => (attempt.run.input.holdMs === undefined ? say(attempt, ["next"]) : source.execute(attempt)) });
    const run = await waiting(opened);
    const next = newRun({ threadId: run.threadId, onBusyThread: "queue" });
    await opened.runner.start(next);
    expect((await store.getRun(next.id))?.status).toBe("pending");
    await answer(opened, { a: 1 });
    const [end] = (await opened.readToEnd(run.id)).slice(-1);
    expect(end?.event.type).toBe("run-completed");
    expect((await opened.readToEnd(next.id)).at(-1)?.event.type).toBe("run-completed");
  });

  test("goes on also where its last answer comes while an attempt is about to end it", async () => {
    const source = askingSource([[asked("a")]]);
    const opened = await node({
      ...source,
      execute: async (attempt) => {
        const outcome = await source.execute(attempt);
        if (attempt.attempt === 2) await store.answerInterrupts({ answers: [{ interruptId: "a", answer: 1 }], answeredBy: "ann", childRunId: "child" });
        return outcome;
      },
    });
    const run = await waiting(opened);
    clock.advance(HOLD_MS);
    const entries = await opened.readToEnd(run.id);
    expect(typesOf(entries).filter((type) => type.startsWith("run-"))).toEqual(["run-started", "run-waiting", "run-completed"]);
    expect(await store.getRun(run.id)).toMatchObject({ attempt: 3, crashes: 0 });
    expect(source.calls).toHaveLength(2);
    // The attempt that was about to end it had its turn at the thread first.
    expect(source.settled).toEqual(["suspended", "completed"]);
  });
});

test.each([
  ["an approval among its questions", HOLD_MS, [asked("a"), asked("b", "tool-approval")]],
  ["no time to be held open", undefined, [asked("a")]],
] as const)("a run with %s ends as suspended at once", async (_title, holdMs, questions) => {
  const opened = await node(askingSource([questions]));
  const run = newRun();
  await opened.runner.start({ ...run, input: { ...run.input, ...(holdMs !== undefined && { holdMs }) } });
  const entries = await opened.readToEnd(run.id);
  expect(typesOf(entries)).not.toContain("run-waiting");
  expect(entries.at(-1)?.event.type).toBe("run-suspended");
});
