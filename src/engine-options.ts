import type { Mastra } from "@mastra/core/mastra";
import type { Logger } from "pino";
import type { Sink } from "./billing/sink.ts";
import type { Checkpoint } from "./core/agent-source.ts";
import type { BillingPolicy, PriceTable } from "./core/bill.ts";
import type { LeaseTimes } from "./core/lease.ts";
import type { BusyThreadPolicy, Run } from "./core/run.ts";
import type { RunStore } from "./core/store.ts";

export interface EngineOptions {
  /** The instance whose agents are run. */
  readonly mastra: Mastra;
  /** `sqlite:<path>` or a bare path; `memory` keeps nothing; or a store that is open already. Default `sqlite:.holdfast/holdfast.db`. */
  readonly store?: string | RunStore;
  /** The agent of requests that name none. Not needed where there is only one. */
  readonly defaultAgent?: string;
  /** What a start on a thread with an active run does. Default `reject`. */
  readonly onBusyThread?: BusyThreadPolicy;
  /** Names of tools that may execute again after a crash without harm, and of steps of workflows, each as `workflowId/stepId`. */
  readonly idempotentTools?: readonly string[];
  readonly billing?: BillingOptions;
  /** How long the question of a suspended run may be answered, in milliseconds. Unless given, for ever. */
  readonly interruptTtlMs?: number;
  /**
   * How long an active run lives that nobody follows, in milliseconds: one that no reader of any process has followed for that long is
   * canceled. The same in every process on a store. Unless given, a run lives as long as it needs, watched or not.
   */
  readonly unwatchedRunMs?: number;
  readonly leaseTimes?: LeaseTimes;
  /** Runs that this process executes at once; more wait as `pending`. */
  readonly maxConcurrentRuns?: number;
  readonly logger?: Logger;
  /** Called at each point of a run at which a crash is tested. */
  readonly onCheckpoint?: (name: Checkpoint, run: Run) => void;
}

/** How runs are billed. */
export interface BillingOptions {
  /** Fixed for a run when it starts. Default `delivered`. */
  readonly policy?: BillingPolicy;
  /** Without it, usage has tokens and no amounts. */
  readonly prices?: PriceTable;
  /** Outside systems that every bill goes to, at least once and always under the same key. */
  readonly sinks?: readonly Sink[];
}

/** How long a shutdown lets runs end by themselves before they are handed over, in milliseconds. */
export const DEFAULT_GRACE_MS = 10_000;
