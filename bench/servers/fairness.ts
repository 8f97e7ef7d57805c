import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";
import type { AgentSource, AttemptContext, AttemptOutcome } from "../../src/core/agent-source.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { RunStore } from "../../src/core/store.ts";
import { Runner } from "../../src/runner/runner.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { nowMicros, parseStamps, printStamp } from "../model/stamp.ts";
import { percentile } from "../report/statistics.ts";
import { LOG_FILE } from "./names.ts";

/** How long events waited from the moment they were emitted until they were committed, in one kind of run. */
export interface Waits {
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** What one process found. */
export interface FairnessReport {
  /** The run whose producer never pauses. */
  readonly busy: Waits;
  /** The runs beside it, which say something every few milliseconds. */
  readonly quiet: Waits;
  readonly longestCommitMs: number;
  readonly commits: number;
}

const QUIET_RUNS = 8;
const QUIET_EVERY_MS = 3;
/** What Mastra's own loop takes for one chunk at its fastest; a producer without this would be ten times faster than any agent. */
const WORK_PER_EVENT_MICROS = 5;
const WARM_UP_MS = 500;
const MEASURED_MS = 1500;
/** The runs go on for a while after the window, so that no event of it is held up by their end, which is flushed to the disk. */
const COOL_DOWN_MS = 200;

interface Commit {
  readonly kind: string;
  readonly text: string;
  readonly atMicros: number;
}

const commits: Commit[] = [];
const kinds = new Map<string, string>();
const commitTimes: { readonly atMicros: number; readonly tookMs: number }[] = [];

const store = timed(await openSqliteStore({ path: join(process.argv[2] ?? ".", LOG_FILE) }));
const runner = new Runner({ store, source: emitter(), onCommitted: note, onProblem: (message) => process.stderr.write(`${message}\n`) });
const beginMicros = nowMicros() + WARM_UP_MS * 1000;
const endMicros = beginMicros + MEASURED_MS * 1000;
const stopMicros = endMicros + COOL_DOWN_MS * 1000;
for (let index = 0; index < QUIET_RUNS; index += 1) await startRun("quiet");
await startRun("busy");
while (nowMicros() < stopMicros) await delay(20);
await runner.drain(1000);
await store.close();
process.send?.({
  busy: waitsOf("busy"),
  quiet: waitsOf("quiet"),
  longestCommitMs: Math.max(...commitTimes.filter(({ atMicros }) => atMicros >= beginMicros && atMicros <= endMicros).map(({ tookMs }) => tookMs)),
  commits: commitTimes.length,
} satisfies FairnessReport);
process.disconnect?.();

async function startRun(kind: string): Promise<void> {
  const id = randomUUID();
  kinds.set(id, kind);
  await runner.start({
    id,
    threadId: id,
    resourceId: "bench",
    agentId: kind,
    messageId: id,
    input: { messages: [], trigger: "submit" },
    onBusyThread: "reject",
    billingPolicy: "delivered",
  });
}

/** Stands where the agents are: emits stamped deltas, one kind of run without ever pausing. */
function emitter(): AgentSource {
  const unused = (): never => {
    throw new Error("The emitter has no threads.");
  };
  return {
    listAgents: () => [],
    begin: () => Promise.resolve(),
    execute: (attempt) => (attempt.run.agentId === "busy" ? emitWithoutPause(attempt) : emitNowAndThen(attempt)),
    settle: () => Promise.resolve(),
    threads: unused,
  };
}

async function emitWithoutPause(attempt: AttemptContext): Promise<AttemptOutcome> {
  await turn();
  for (let index = 0; nowMicros() < stopMicros; index += 1) {
    const isBehind = attempt.emit({ type: "text-delta", id: "text", text: printStamp(index) });
    // Without a promise to wait for, the source gives way no more than a stream that always has its next chunk ready.
    await isBehind;
    for (const begunAt = nowMicros(); nowMicros() - begunAt < WORK_PER_EVENT_MICROS;);
  }
  return { outcome: "completed" };
}

async function emitNowAndThen(attempt: AttemptContext): Promise<AttemptOutcome> {
  for (let index = 0; nowMicros() < stopMicros; index += 1) {
    await delay(QUIET_EVERY_MS);
    await attempt.emit({ type: "text-delta", id: "text", text: printStamp(index) });
  }
  return { outcome: "completed" };
}

function note(runId: string, entries: readonly Entry[]): void {
  const atMicros = nowMicros();
  for (const { event } of entries) {
    if (event.type === "text-delta") commits.push({ kind: kinds.get(runId) ?? "", text: event.text, atMicros });
  }
}

function waitsOf(kind: string): Waits {
  const waits = commits
    .filter((commit) => commit.kind === kind)
    .flatMap((commit) => parseStamps(commit.text).map((stamp) => ({ ...stamp, waitMs: (commit.atMicros - stamp.atMicros) / 1000 })))
    .filter((stamp) => stamp.atMicros >= beginMicros && stamp.atMicros <= endMicros)
    .map((stamp) => stamp.waitMs);
  const at = (share: number): number => percentile(waits, share);
  return { events: waits.length, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), maxMs: at(1) };
}

/** The store, with the duration of every commit written down. */
function timed(inner: RunStore): RunStore {
  return new Proxy(inner, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (name !== "append") return member.bind(target) as unknown;
      return async (batch: Parameters<RunStore["append"]>[0]) => {
        const begunAt = performance.now();
        const results = await target.append(batch);
        commitTimes.push({ atMicros: nowMicros(), tookMs: performance.now() - begunAt });
        return results;
      };
    },
  });
}
