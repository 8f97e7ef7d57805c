import { afterEach, describe, expect, test } from "vitest";
import type { AttemptContext, AttemptOutcome } from "../../src/core/agent-source.ts";
import { totalsOf, type BillingPolicy } from "../../src/core/bill.ts";
import { modelCallsOf } from "../../src/core/ledger.ts";
import type { NewRun, RunStore } from "../../src/core/store.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { newRun, openNode, type TestNode } from "./node.ts";
import { scriptedSource, stopped } from "./scripted-source.ts";

const nodes: TestNode[] = [];
afterEach(async () => {
  for (const opened of nodes.splice(0)) await opened.close();
});

function node(...given: Parameters<typeof openNode>): TestNode {
  const opened = openNode(...given);
  nodes.push(opened);
  return opened;
}

const usage = (inputTokens: number): { inputTokens: number; outputTokens: number } => ({ inputTokens, outputTokens: 1 });

/** A call that says something and is not over. */
async function begin(attempt: AttemptContext): Promise<void> {
  void attempt.emit({ type: "model-called", step: 0, call: 0, promptBytes: 400 });
  void attempt.emit({ type: "step-started", step: 0 });
  void attempt.emit({ type: "text-start", id: "0.t" });
  void attempt.emit({ type: "text-delta", id: "0.t", text: "half an answer" });
  await attempt.commit();
}

async function answer(attempt: AttemptContext): Promise<AttemptOutcome> {
  await begin(attempt);
  void attempt.emit({ type: "model-finished", step: 0, call: 0, usage: usage(100) });
  void attempt.emit({ type: "step-finished", step: 0, isContinued: false });
  return { outcome: "completed" };
}

/** Starts a run whose holder freezes in the middle of its call, and gives the frozen attempt. */
async function frozenIn(store: RunStore, run: NewRun): Promise<AttemptContext> {
  const first = Promise.withResolvers<AttemptContext>();
  const source = scriptedSource(async (attempt) => {
    await begin(attempt);
    first.resolve(attempt);
    return stopped(attempt);
  });
  await node(store, source, { leaseTimes: { leaseMs: 60, sweepMs: 3_600_000 } }).runner.start(run);
  return first.promise;
}

/** A run whose first holder froze in the middle of its call and whose second one completed it; and the frozen attempt. */
async function takenOver(store: RunStore, policy: BillingPolicy): Promise<{ readonly runId: string; readonly frozen: AttemptContext }> {
  const run = newRun({ billingPolicy: policy });
  const frozen = await frozenIn(store, run);
  await node(store, scriptedSource(answer)).readToEnd(run.id);
  return { runId: run.id, frozen };
}

describe("the call of an attempt that lost its run", () => {
  test.each<[BillingPolicy, number]>([
    ["delivered", 100],
    ["all-attempts", 200],
  ])("is superseded by the one that is made again: %s bills %i tokens", async (policy, billed) => {
    const store = await MemoryRunStore.open();
    const { runId } = await takenOver(store, policy);
    const calls = modelCallsOf(await store.listUsage(runId), "agent");
    expect(calls.map(({ attempt, state, isSuperseded, usage: used }) => [attempt, state, isSuperseded, used?.inputTokens])).toEqual([
      [1, "estimated", true, 100],
      [2, "settled", undefined, 100],
    ]);
    const bill = await store.getBill(runId);
    expect(bill?.billable.usage.inputTokens).toBe(billed);
    expect(bill?.cost.usage.inputTokens).toBe(200);
  });

  test("settles its own row with a figure that comes late, and never the bill", async () => {
    const store = await MemoryRunStore.open();
    const { runId, frozen } = await takenOver(store, "delivered");
    const bill = await store.getBill(runId);
    // What the provider says to the frozen process when it wakes up; then it finds out that the run went on without it.
    frozen.noteUsage({ path: "", call: 0 }, usage(123));
    void frozen.emit({ type: "data", name: "late", data: "zombie" });
    await expect(frozen.commit()).rejects.toThrow("no longer holds the lease");
    await expect
      .poll(async () => modelCallsOf(await store.listUsage(runId), "agent").map(({ state, usage: used }) => [state, used?.inputTokens]))
      .toEqual([
        ["settled", 123],
        ["settled", 100],
      ]);
    expect(await store.getBill(runId)).toEqual(bill);
    expect(totalsOf(modelCallsOf(await store.listUsage(runId), "agent")).usage.inputTokens).toBe(223);
    expect(modelCallsOf(await store.listUsage(runId), "agent")[0]?.isSuperseded).toBe(true);
  });

  test("is not billed twice where the run is only ended: what was said stands", async () => {
    const store = await MemoryRunStore.open();
    const run = newRun();
    await frozenIn(store, run);
    await store.requestCancel(run.id, "ann");
    const entries = await node(store, scriptedSource(answer)).readToEnd(run.id);
    expect(entries.at(-1)?.event.type).toBe("run-canceled");
    expect(modelCallsOf(await store.listUsage(run.id), "agent")).toMatchObject([{ attempt: 1, state: "estimated" }]);
    expect((await store.getBill(run.id))?.billable.usage.inputTokens).toBe(100);
  });
});
