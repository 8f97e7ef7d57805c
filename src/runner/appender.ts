import { coalesce } from "../core/coalesce.ts";
import type { Entry } from "../core/entry.ts";
import { HoldfastError } from "../core/error.ts";
import type { RunEvent } from "../core/event.ts";
import { isTerminalEvent } from "../core/event.ts";
import type { Lease } from "../core/lease.ts";
import type { Append, AppendResult, RunStore } from "../core/store.ts";
import { GIVE_UP_MS, retried } from "./retry.ts";
import { RunLog } from "./run-log.ts";

export interface AppenderOptions {
  readonly store: RunStore;
  /** Called with what is committed, before anybody who waits for the commit goes on. */
  readonly onCommitted: (runId: string, entries: readonly Entry[]) => void;
  /** Called with the time that the store took for a batch, in milliseconds. */
  readonly onAppended?: (durationMs: number) => void;
  /** How long a store may fail before the attempts that wait for it are given up; another claim continues them. */
  readonly giveUpMs?: number;
  /** Goes with the end of every run. */
  readonly billing?: NonNullable<Append["billing"]>;
  /** Milliseconds on a clock that never goes back. */
  readonly monotonicMs?: () => number;
}

/**
 * What is on the disk before it is acknowledged: what must never be done twice, and the end. It is not left to those who wait for a
 * commit, since a piece may be on its way before they say that they do.
 */
const FLUSHED: ReadonlySet<RunEvent["type"]> = new Set<RunEvent["type"]>([
  "model-called",
  "model-finished",
  "model-cut",
  "step-finished",
  "tool-started",
  "tool-interrupted",
  "tool-result",
  "tool-error",
  "tool-denied",
  "workflow-step-started",
  "workflow-step-finished",
  "run-waiting",
]);

// Half of the promised 5 ms: the other half is for the commit itself.
const MAX_WAIT_MS = 2.5;
// A piece of one run in one commit: bounds how long the other runs of the batch wait for a producer that never pauses.
const MAX_PIECE_EVENTS = 1_024;

/**
 * The one writer of a process: group commit without a timer. While a commit is in flight, the events of all runs gather; when it
 * returns, everything gathered commits as one transaction. The first event of a quiet process commits in the same turn of the
 * event loop; behind a producer that never gives way, a commit is made as soon as the oldest event has waited 2.5 ms.
 */
export class Appender {
  readonly #store: RunStore;
  readonly #onCommitted: AppenderOptions["onCommitted"];
  readonly #onAppended: AppenderOptions["onAppended"];
  readonly #giveUpMs: number;
  readonly #billing: Append["billing"];
  readonly #monotonicMs: () => number;
  #dirty: Set<RunLog> = new Set();
  #oldestMs = 0;
  #isScheduled = false;
  #isFlushing = false;

  constructor(options: AppenderOptions) {
    this.#store = options.store;
    this.#onCommitted = options.onCommitted;
    this.#onAppended = options.onAppended;
    this.#giveUpMs = options.giveUpMs ?? GIVE_UP_MS;
    this.#billing = options.billing;
    this.#monotonicMs = options.monotonicMs ?? ((): number => performance.now());
  }

  /** The log of a run, as the holder of the lease writes it. `onFenced` is called once if another node turns out to hold it. */
  open(lease: Lease, onFenced: () => void): RunLog {
    return new RunLog(lease, onFenced, (log) => this.#gather(log));
  }

  #gather(log: RunLog): Promise<void> | undefined {
    const nowMs = this.#monotonicMs();
    if (this.#dirty.size === 0) this.#oldestMs = nowMs;
    this.#dirty.add(log);
    if (this.#isFlushing) return log.size > MAX_PIECE_EVENTS ? log.drained() : undefined;
    if (nowMs - this.#oldestMs >= MAX_WAIT_MS) {
      void this.#flush();
      return turnOfEventLoop();
    }
    this.#schedule();
    return undefined;
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing || this.#dirty.size === 0) return;
    this.#isFlushing = true;
    const logs = [...this.#dirty].filter((log) => log.size > 0);
    this.#dirty = new Set();
    const fromMs = this.#monotonicMs();
    const results = await this.#append(logs.map((log) => takePiece(log, this.#billing)));
    this.#onAppended?.(this.#monotonicMs() - fromMs);
    this.#isFlushing = false;
    logs.forEach((log, index) => this.#conclude(log, results[index]));
    // What gathered meanwhile commits next; a store that answers at once must not be asked for every event by itself.
    if (this.#dirty.size > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      void this.#flush();
    });
  }

  #conclude(log: RunLog, result: AppendResult | undefined): void {
    if (result === undefined || result.outcome === "fenced") {
      log.lose(result === undefined ? "given-up" : "fenced");
      return;
    }
    this.#onCommitted(log.lease.runId, result.entries);
    log.settle(result.goesOn === true);
    if (log.size > 0) this.#dirty.add(log);
  }

  /** One result each; `undefined` for a run whose events the store does not take, now or in the given time. */
  async #append(batch: readonly Append[]): Promise<readonly (AppendResult | undefined)[]> {
    try {
      return await retried(() => this.#store.append(batch), this.#giveUpMs);
    } catch (error) {
      // One run's events that cannot be stored must not cost the other runs of the batch their logs.
      const isOnesFault = batch.length > 1 && !(HoldfastError.is(error) && error.retryable);
      if (!isOnesFault) return batch.map(() => undefined);
      const results: (AppendResult | undefined)[] = [];
      for (const item of batch) results.push(...(await this.#append([item])));
      return results;
    }
  }
}

function takePiece(log: RunLog, billing: Append["billing"]): Append {
  const { events, isDurable } = log.take(MAX_PIECE_EVENTS);
  const last = events[events.length - 1];
  const isEnd = last !== undefined && isTerminalEvent(last);
  return { ...log.lease, events: coalesce(events), isDurable: isDurable || events.some(needsDisk), ...(isEnd && billing && { billing }) };
}

function needsDisk(event: RunEvent): boolean {
  return event.type === "nested" ? needsDisk(event.event) : FLUSHED.has(event.type) || isTerminalEvent(event);
}

// Timers, sockets and renewals get their turn even while a producer always has more to say.
function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
