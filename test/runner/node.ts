import type { AgentSource } from "../../src/core/agent-source.ts";
import type { Entry } from "../../src/core/entry.ts";
import { START } from "../../src/core/offset.ts";
import type { NewRun, RunStore } from "../../src/core/store.ts";
import { Tail } from "../../src/reader/tail.ts";
import { Runner, type RunnerOptions } from "../../src/runner/runner.ts";

/** A runner with a reader, as one process of a deployment has them. */
export interface TestNode {
  readonly runner: Runner;
  readonly tail: Tail;
  readonly problems: string[];
  /** Follows a run to its terminal event. */
  readToEnd(runId: string): Promise<readonly Entry[]>;
  close(): Promise<void>;
}

export interface NodeOptions extends Partial<RunnerOptions> {
  /** How long a run lives that nobody follows, in milliseconds. */
  readonly unwatchedMs?: number;
}

export function openNode(store: RunStore, source: AgentSource, { unwatchedMs, ...options }: NodeOptions = {}): TestNode {
  const problems: string[] = [];
  const tail = new Tail({ store, pollMs: 50 });
  const runner = new Runner({
    store,
    source,
    onCommitted: (runId, entries) => tail.publish(runId, entries),
    onProblem: (message) => problems.push(message),
    leaseTimes: { leaseMs: 400, sweepMs: 40 },
    ...(unwatchedMs !== undefined && { unwatched: { afterMs: unwatchedMs, followed: () => tail.takeFollowed() } }),
    ...options,
  });
  runner.open();
  return {
    runner,
    tail,
    problems,
    async readToEnd(runId) {
      const entries: Entry[] = [];
      for await (const batch of tail.follow(runId, START, new AbortController().signal)) entries.push(...batch);
      return entries;
    },
    async close() {
      await runner.drain(0);
      tail.close();
    },
  };
}

let runs = 0;

export function newRun(change: Partial<NewRun> = {}): NewRun {
  runs += 1;
  return {
    id: `run_${runs}`,
    threadId: `thread-${runs}`,
    resourceId: "ann",
    agentId: "agent",
    messageId: `msg_${runs}`,
    input: { messages: [{ id: `u${runs}`, role: "user", parts: [{ type: "text", text: "hi" }] }], trigger: "submit" },
    onBusyThread: "reject",
    billingPolicy: "delivered",
    ...change,
  };
}
