import { HoldfastError } from "../../src/core/error.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { Lease } from "../../src/core/lease.ts";
import type { Offset } from "../../src/core/offset.ts";
import { START } from "../../src/core/offset.ts";
import type { Principal } from "../../src/core/principal.ts";
import type { Run } from "../../src/core/run.ts";
import { Tail } from "../../src/reader/tail.ts";
import type { RunLogs } from "../../src/protocols/durable-streams/run-stream.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";

/** Held for longer than any test lasts. */
const CLAIM = { owner: "script", leaseMs: 3_600_000 };

/** Runs on a real log with real readers, whose events a test writes instead of an agent. */
export class ScriptedRuns implements RunLogs {
  readonly store: MemoryRunStore;
  readonly #tail: Tail;
  readonly #closing = new AbortController();
  /** How many readers follow a run at this moment. */
  followers = 0;

  private constructor(store: MemoryRunStore) {
    this.store = store;
    this.#tail = new Tail({ store });
  }

  static async open(): Promise<ScriptedRuns> {
    return new ScriptedRuns(await MemoryRunStore.open());
  }

  /** Starts a run of the principal and holds its lease. */
  async start(principal: Principal, runId: string): Promise<Lease> {
    const created = await this.store.createRun(
      {
        id: runId,
        threadId: `thread-of-${runId}`,
        resourceId: principal.resourceId,
        agentId: "scripted",
        messageId: `message-of-${runId}`,
        input: { messages: [], trigger: "submit" },
        onBusyThread: "reject",
        billingPolicy: "delivered",
      },
      CLAIM,
    );
    if (created.outcome !== "created" || created.lease === undefined) throw new Error(`Run ${runId} was not started: ${created.outcome}.`);
    return created.lease;
  }

  /** Commits events as one batch and wakes the readers. */
  async append(lease: Lease, events: readonly RunEvent[]): Promise<readonly Entry[]> {
    const [result] = await this.store.append([{ ...lease, events }]);
    if (result?.outcome !== "appended") throw new Error(`Run ${lease.runId} refused events.`);
    this.#tail.publish(lease.runId, result.entries);
    return result.entries;
  }

  async getRun(principal: Principal, runId: string): Promise<Run> {
    const run = await this.store.getRun(runId);
    if (run?.resourceId !== principal.resourceId) throw new HoldfastError("RUN_NOT_FOUND", `There is no run ${runId}.`);
    return run;
  }

  async lastOffset(run: Run): Promise<Offset> {
    return (await this.store.lastOffset(run.id)) ?? START;
  }

  async *tail(run: Run, after: Offset, signal: AbortSignal): AsyncGenerator<readonly Entry[], void, void> {
    this.followers += 1;
    try {
      yield* this.#tail.follow(run.id, after, signal);
    } finally {
      this.followers -= 1;
    }
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** What a server does when it is told to stop. */
  shutDown(): void {
    this.#closing.abort();
  }
}
