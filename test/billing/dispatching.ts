import { expect } from "vitest";
import { Dispatcher, type DispatcherOptions } from "../../src/billing/dispatcher.ts";
import type { RunStore } from "../../src/core/store.ts";
import type { SettableClock } from "../../src/testkit/store-samples.ts";
import { allDeliveries } from "./billed-runs.ts";

export interface Dispatching {
  readonly dispatcher: Dispatcher;
  /** What the operator was told. */
  readonly problems: string[];
  /** Resolves once nothing is due and nothing is on its way. */
  quiet(): Promise<void>;
}

/** A dispatcher that looks at its outbox all the time, on a clock that a test moves. */
export function dispatching(store: RunStore, clock: SettableClock, options: Pick<DispatcherOptions, "sinks"> & Partial<DispatcherOptions>): Dispatching {
  const problems: string[] = [];
  const dispatcher = new Dispatcher({
    store,
    clock,
    pollMs: 5,
    onProblem: (message, { sink, runId = "" }) => problems.push(`${message}: ${sink} ${runId}`.trimEnd()),
    ...options,
  });
  dispatcher.open();
  const quiet = (): Promise<void> =>
    // A delivery that is being sent is due all the while.
    expect
      .poll(async () => (await allDeliveries(store)).filter(({ state, nextAt }) => state === "pending" && nextAt <= clock.now()).length, {
        timeout: 20_000,
        interval: 2,
      })
      .toBe(0);
  return { dispatcher, problems, quiet };
}
