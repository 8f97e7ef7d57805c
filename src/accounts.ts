import { billableCalls, totalsOf, type PriceTable } from "./core/bill.ts";
import { modelCallsOf } from "./core/ledger.ts";
import type { Principal } from "./core/principal.ts";
import type { OwnUsageQuery, RunUsage } from "./core/protocol.ts";
import type { Run } from "./core/run.ts";
import type { RunStore } from "./core/store.ts";
import { usageReport, type UsageRow } from "./core/usage-report.ts";

/** What runs used and what they are charged, as their owner sees it. */
export class Accounts {
  readonly #store: RunStore;
  readonly #prices: PriceTable | undefined;

  constructor(store: RunStore, prices: PriceTable | undefined) {
    this.#store = store;
    this.#prices = prices;
  }

  async ofRun(run: Run): Promise<RunUsage> {
    // The bill is read first: what is read after it can only be more complete.
    const bill = await this.#store.getBill(run.id);
    const entries = modelCallsOf(await this.#store.listUsage(run.id), run.agentId);
    const billable = bill?.billable ?? totalsOf(billableCalls(entries, run.billingPolicy), this.#prices);
    return { runId: run.id, entries, totals: { billable, cost: totalsOf(entries, this.#prices) }, ...(bill && { bill }) };
  }

  async report(principal: Principal, { groupBy, from, to }: OwnUsageQuery): Promise<readonly UsageRow[]> {
    const runs = await this.#store.listBilledRuns({
      resourceId: principal.resourceId,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    });
    return usageReport(runs, groupBy, this.#prices);
  }
}
