import { randomUUID } from "node:crypto";
import type { AgentSource, Checkpoint } from "../core/agent-source.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import type { Entry } from "../core/entry.ts";
import { HoldfastError } from "../core/error.ts";
import type { LeaseClaim, LeaseTimes } from "../core/lease.ts";
import { DEFAULT_LEASE_TIMES } from "../core/lease.ts";
import type { StartedChild } from "../core/interrupt-store.ts";
import { isTerminal, type Run } from "../core/run.ts";
import type { RunObserver } from "../core/run-observer.ts";
import type { Append, ClaimedRun, CreateRunResult, NewRun, RunStore } from "../core/store.ts";
import { Appender } from "./appender.ts";
import { Attempt, type AttemptDeps } from "./attempt.ts";
import { Heartbeat } from "./heartbeat.ts";
import { renewLeases } from "./lease-keeper.ts";
import { claimLimits, DEFAULT_MAX_CONCURRENT_RUNS } from "./limits.ts";
import { UnwatchedRuns, type UnwatchedPolicy } from "./unwatched.ts";

export interface RunnerOptions {
  readonly store: RunStore;
  readonly source: AgentSource;
  readonly onCommitted: (runId: string, entries: readonly Entry[]) => void;
  readonly onProblem: (message: string, run: Run | undefined, error: unknown) => void;
  readonly leaseTimes?: LeaseTimes;
  /** Runs that this process executes at once; more wait as `pending`. */
  readonly maxConcurrentRuns?: number;
  readonly interruptTtlMs?: number;
  /** Unless given, a run lives as long as it needs, watched or not. */
  readonly unwatched?: UnwatchedPolicy;
  /** The store's; unless given, the machine's. */
  readonly clock?: Clock;
  readonly billing?: NonNullable<Append["billing"]>;
  readonly observer?: RunObserver;
  /** Called at each point of a run at which a crash is tested. */
  readonly onCheckpoint?: (name: Checkpoint, run: Run) => void;
}

/** Executes runs: starts them, holds their leases, takes over what others left, hands over on the way out. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #claim: LeaseClaim;
  readonly #deps: AttemptDeps;
  readonly #maxConcurrentRuns: number;
  readonly #heartbeat: Heartbeat;
  readonly #unwatched: UnwatchedRuns | undefined;
  readonly #attempts: Map<string, { readonly attempt: Attempt; readonly ended: Promise<void> }> = new Map();
  /** Starts that have room and are on their way to the store. */
  #starting = 0;
  #isDraining = false;

  /** @throws {HoldfastError} CONFIG_INVALID */
  constructor(options: RunnerOptions) {
    const times = options.leaseTimes ?? DEFAULT_LEASE_TIMES;
    this.#options = options;
    this.#claim = { owner: randomUUID(), leaseMs: times.leaseMs };
    this.#maxConcurrentRuns = options.maxConcurrentRuns ?? DEFAULT_MAX_CONCURRENT_RUNS;
    this.#deps = {
      store: options.store,
      source: options.source,
      appender: new Appender({
        store: options.store,
        onCommitted: options.onCommitted,
        onAppended: (durationMs) => options.observer?.appended(durationMs),
        ...(options.billing && { billing: options.billing }),
      }),
      clock: options.clock ?? systemClock,
      onProblem: options.onProblem,
      ...(options.onCheckpoint && { onCheckpoint: options.onCheckpoint }),
      ...(options.observer && { observer: options.observer }),
      ...(options.interruptTtlMs !== undefined && { interruptTtlMs: options.interruptTtlMs }),
    };
    const { store, clock } = this.#deps;
    this.#unwatched = options.unwatched && new UnwatchedRuns(options.unwatched, { store, clock, owner: this.#claim.owner, sweepMs: times.sweepMs });
    this.#heartbeat = new Heartbeat(times.sweepMs, () => this.#beat());
  }

  /** Begins to hold leases and to look for runs that nobody holds. */
  open(): void {
    this.#heartbeat.open();
  }

  /** How many runs this process executes. */
  get executing(): number {
    return this.#attempts.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /**
   * Creates a run and, if it need not wait, begins to execute it.
   * @throws {HoldfastError} SHUTTING_DOWN
   */
  start(run: NewRun): Promise<CreateRunResult> {
    return this.startBy(
      (claim) => this.#options.store.createRun(run, claim),
      (result) => (result.outcome === "created" ? result : undefined),
    );
  }

  /**
   * Lets a run be created, with a claim where this process has room for it, and begins to execute what was claimed. `startedBy`: the run
   * in what the creation gave, if it created one; also one that waited and may be claimed now.
   * @throws {HoldfastError} SHUTTING_DOWN
   */
  async startBy<Result>(create: (claim: LeaseClaim | undefined) => Promise<Result>, startedBy: (result: Result) => StartedChild | undefined): Promise<Result> {
    if (this.#isDraining) throw new HoldfastError("SHUTTING_DOWN", "This server is shutting down; send the request again.");
    const hasRoom = this.#attempts.size + this.#starting < this.#maxConcurrentRuns;
    this.#starting += hasRoom ? 1 : 0;
    try {
      const result = await create(hasRoom ? this.#claim : undefined);
      const started = startedBy(result);
      // A run that was waiting has been attempted before, and is not new.
      if (started && (started.lease !== undefined || started.run.attempt === 0)) this.#options.observer?.started(started.run);
      if (started?.lease) this.#execute({ run: started.run, lease: started.lease }, true);
      else if (started) this.#heartbeat.beatSoon();
      return result;
    } finally {
      this.#starting -= hasRoom ? 1 : 0;
    }
  }

  /** Asks a run to stop, wherever it runs; `undefined` for an unknown run. The run may have ended meanwhile. */
  async cancel(runId: string, by: string): Promise<Run | undefined> {
    const run = await this.#options.store.requestCancel(runId, by);
    if (run === undefined || isTerminal(run.status)) return run;
    const held = this.#attempts.get(runId);
    if (held) held.attempt.stop("canceled");
    else this.#heartbeat.beatSoon();
    return run;
  }

  /** Takes no more work, lets what runs end within `graceMs`, hands the rest over at once. */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    const ended = (): Promise<unknown> => Promise.all([...this.#attempts.values()].map((held) => held.ended));
    await within(graceMs, ended());
    for (const { attempt } of this.#attempts.values()) attempt.stop("handed-over");
    await within(HAND_OVER_MS, ended());
    await this.#heartbeat.close();
  }

  #execute(claimed: ClaimedRun, isBegun: boolean): void {
    const attempt = new Attempt(claimed, isBegun, this.#deps);
    const ended = attempt.execute().then(() => {
      this.#options.observer?.attemptEnded(attempt.run.id, attempt.epoch);
      if (this.#attempts.get(attempt.run.id)?.attempt === attempt) this.#attempts.delete(attempt.run.id);
      // A queued run of the same thread, or one that waits for room, may go now.
      if (!this.#isDraining) this.#heartbeat.beatSoon();
    });
    this.#attempts.set(attempt.run.id, { attempt, ended });
  }

  async #beat(): Promise<void> {
    try {
      // Renewal comes first: after a long pause this process must not take its own runs for orphans.
      if (this.#attempts.size > 0) await renewLeases(this.#options.store, this.#claim, () => [...this.#attempts.values()].map((held) => held.attempt));
      await this.#unwatched?.note();
      if (this.#isDraining) return;
      // Before the claim, which takes waiting runs that are to end.
      for (const runId of (await this.#unwatched?.cancel()) ?? []) this.#attempts.get(runId)?.attempt.stop("canceled");
      for (const claimed of await this.#options.store.claimRuns(this.#claim, claimLimits(this.#attempts.size + this.#starting, this.#maxConcurrentRuns))) {
        this.#attempts.get(claimed.run.id)?.attempt.stop("lease-lost");
        this.#execute(claimed, false);
      }
    } catch (error) {
      this.#options.onProblem("leases could not be renewed or claimed; trying again", undefined, error);
    }
  }
}

// A tool that ignores its abort signal must not hold up the shutdown: its run is taken over once the lease expires.
const HAND_OVER_MS = 3_000;

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, limitMs);
  await Promise.race([work, timeout.promise]);
  clearTimeout(timer);
}
