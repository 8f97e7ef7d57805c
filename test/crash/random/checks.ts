import { expect } from "vitest";
import type { Bill } from "../../../src/core/bill.ts";
import { billableCalls, totalsOf } from "../../../src/core/bill.ts";
import { isTerminalEvent } from "../../../src/core/event.ts";
import { innermost, modelCallsOf, type ModelCall } from "../../../src/core/ledger.ts";
import { readLog } from "../../../src/core/lineage.ts";
import { isTerminal, type Run } from "../../../src/core/run.ts";
import type { RunStore } from "../../../src/core/store.ts";
import { IDEMPOTENT_TOOL, type Effect } from "./world.ts";

/** All that the store holds of one run. */
export interface KeptRun {
  readonly run: Run;
  readonly calls: readonly ModelCall[];
  readonly bill: Bill | undefined;
  /** The input tokens of each call whose end the log holds. */
  readonly finishedInLog: readonly number[];
}

export async function keptRuns(store: RunStore): Promise<readonly KeptRun[]> {
  const { runs } = await store.listRuns({ limit: 100_000 });
  return Promise.all(
    runs.map(async (run) => {
      const entries = await readLog(store, run.id);
      expect(
        entries.map(({ offset }) => offset),
        "the log is dense",
      ).toEqual(entries.map((_, index) => index + 1));
      expect(
        entries.filter(({ event }) => isTerminalEvent(event)),
        "the log has one end",
      ).toHaveLength(1);
      const finishedInLog = entries.flatMap(({ event }) => {
        const { inner } = innermost(event);
        return inner.type === "model-finished" && inner.usage?.inputTokens !== undefined ? [inner.usage.inputTokens] : [];
      });
      return { run, calls: modelCallsOf(await store.listUsage(run.id), run.agentId), bill: await store.getBill(run.id), finishedInLog };
    }),
  );
}

/** Bills = runs, each what its policy says of the ledger, each delivered under its key. */
export function checkBills(kept: readonly KeptRun[], effects: readonly Effect[]): void {
  for (const { run, bill, calls } of kept) {
    expect(isTerminal(run.status), `run ${run.id} has ended`).toBe(true);
    expect(bill?.policy, `run ${run.id} has a bill`).toBe(run.billingPolicy);
    expect(bill?.billable).toEqual(totalsOf(billableCalls(calls, run.billingPolicy)));
  }
  const delivered = new Set(effects.flatMap((effect) => (effect.kind === "bill" ? [effect.runId] : [])));
  expect(delivered).toEqual(new Set(kept.map(({ run }) => run.id)));
}

/** The ledger and the provider's own count agree. */
export function checkLedger(kept: readonly KeptRun[], effects: readonly Effect[], kills: number, concurrent: number): void {
  const called = effects.flatMap((effect) => (effect.kind === "call" ? [effect.call] : []));
  const finished = new Set(effects.flatMap((effect) => (effect.kind === "finish" ? [effect.call] : [])));
  const calls = kept.flatMap((each) => each.calls);
  expect(
    calls.filter(({ state }) => state === "pending"),
    "nothing stays pending in a run that ended",
  ).toEqual([]);
  expect(called.length, "no call of the provider is missing from the ledger").toBeLessThanOrEqual(calls.length);

  const settled = calls.filter(({ state }) => state === "settled").map(({ usage }) => usage?.inputTokens ?? -1);
  expect(new Set(settled).size, "no call is counted twice").toBe(settled.length);
  for (const figure of settled) expect(finished.has(figure), "a settled figure is the provider's own").toBe(true);
  const inLogs = kept.flatMap(({ finishedInLog }) => finishedInLog);
  const sum = (figures: Iterable<number>): number => [...figures].reduce((total, figure) => total + figure, 0);
  const known = new Set(settled);
  for (const figure of inLogs) expect(known.has(figure), "what the log says has ended is settled").toBe(true);
  // Between the provider's last word and the disk lies a moment; a kill in it leaves an estimate.
  const unheard = [...finished].filter((figure) => !known.has(figure));
  expect(sum(settled)).toBe(sum(finished) - sum(unheard));
  const cut = calls.filter(({ state }) => state !== "settled");
  expect(unheard.length, "what finished unheard is estimated").toBeLessThanOrEqual(Math.min(cut.length, kills * concurrent * 2));
  for (const { state, basis, usage, bounds } of cut) {
    if (state === "unknown") continue;
    expect([state, basis]).toEqual(["estimated", "bytes"]);
    expect(usage?.outputTokens).toBeGreaterThanOrEqual(bounds?.lower.outputTokens ?? Number.NaN);
    expect(usage?.inputTokens).toBeLessThanOrEqual(bounds?.upper.inputTokens ?? Number.NaN);
  }
}

/** No tool without the idempotent mark ran twice under one key. */
export function checkTools(effects: readonly Effect[]): void {
  const executions = new Map<string, number>();
  for (const effect of effects) {
    if (effect.kind !== "tool") continue;
    expect(effect.key).toMatch(/^run_[0-9a-f]{32}:/);
    if (effect.tool !== IDEMPOTENT_TOOL) executions.set(effect.key, (executions.get(effect.key) ?? 0) + 1);
  }
  expect([...executions].filter(([, times]) => times > 1)).toEqual([]);
}
