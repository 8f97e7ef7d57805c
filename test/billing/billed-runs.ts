import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../src/core/clock.ts";
import type { Delivery } from "../../src/core/outbox.ts";
import type { NewRun, RunStore } from "../../src/core/store.ts";
import type { Usage } from "../../src/core/usage.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { appendOf, sampleRun, startedRun } from "../../src/testkit/store-samples.ts";

export interface BilledRunOptions {
  readonly sinks?: readonly string[];
  readonly usage?: Usage;
  readonly run?: Partial<NewRun>;
}

export const USAGE: Usage = { inputTokens: 100, outputTokens: 20, totalTokens: 120 };

/** Starts a run, lets it call a model once, and ends it with its bill. */
export async function billRun(store: RunStore, id: string, { sinks = ["meter"], usage = USAGE, run = {} }: BilledRunOptions = {}): Promise<void> {
  const { lease } = await startedRun(store, sampleRun(id, run));
  const append = appendOf(
    lease,
    { type: "model-called", step: 0, call: 0, provider: "acme", modelId: "big" },
    { type: "model-finished", step: 0, call: 0, usage },
    { type: "run-completed" },
  );
  const prices = { version: "1", currency: "EUR", models: { big: { input: 1, output: 2 } } };
  const [result] = await store.append([{ ...append, billing: { sinks, prices } }]);
  if (result?.outcome !== "appended") throw new Error(`Run ${id} did not end.`);
}

/** All deliveries of a store, newest first. */
export async function allDeliveries(store: RunStore): Promise<readonly Delivery[]> {
  return (await store.listDeliveries({ limit: 10_000 })).deliveries;
}

export interface OpenedStore {
  readonly store: RunStore;
  close(): Promise<void>;
}

/** The stores that the outbox is tested on, each empty. */
export const STORES: Readonly<Record<"memory" | "sqlite", (clock: Clock) => Promise<OpenedStore>>> = {
  memory: async (clock) => {
    const store = await MemoryRunStore.open({ clock });
    return { store, close: () => store.close() };
  },
  sqlite: async (clock) => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-billing-"));
    const store = await openSqliteStore({ path: join(folder, "runs.db"), clock });
    const close = async (): Promise<void> => {
      await store.close();
      rmSync(folder, { recursive: true });
    };
    return { store, close };
  },
};
