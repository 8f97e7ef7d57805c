import { unlessAborted } from "../core/abort.ts";
import type { AgentSource, AttemptContext, AttemptOutcome, Checkpoint } from "../core/agent-source.ts";
import type { Clock } from "../core/clock.ts";
import type { Entry } from "../core/entry.ts";
import { isTerminalEvent, type RunEvent, type TerminalEvent } from "../core/event.ts";
import type { InterruptRequest } from "../core/interrupt.ts";
import { MAX_CRASHES } from "../core/lease.ts";
import { usageInside } from "../core/ledger.ts";
import { readLineage, readLog, type Lineage } from "../core/lineage.ts";
import { offsetOf, START } from "../core/offset.ts";
import { isTerminal, type Run } from "../core/run.ts";
import { attemptKind, type RunObserver } from "../core/run-observer.ts";
import type { ClaimedRun, RunStore } from "../core/store.ts";
import { resetPoint, type Transcript } from "../core/transcript.ts";
import { transcriptOf } from "../core/transcript-fold.ts";
import { addUsage, type Usage } from "../core/usage.ts";
import type { Appender } from "./appender.ts";
import { CallAccount } from "./call-account.ts";
import { heldQuestions, holdUntil, isHeldOpen, type HeldQuestions } from "./hold.ts";
import { LeaseLost } from "./lease-lost.ts";
import { retried } from "./retry.ts";
import type { RunLog } from "./run-log.ts";

export interface AttemptDeps {
  readonly store: RunStore;
  readonly source: AgentSource;
  readonly appender: Appender;
  readonly clock: Clock;
  readonly onCheckpoint?: (name: Checkpoint, run: Run) => void;
  readonly onProblem: (message: string, run: Run, error: unknown) => void;
  /** How long a question may be answered, in milliseconds; unless given, for ever. */
  readonly interruptTtlMs?: number;
  readonly observer?: RunObserver;
}

/** Why an attempt was stopped from outside. The first reason stands. */
type StopReason = "canceled" | "lease-lost" | "handed-over";

// A database that is restarted is away for seconds; an answer that never gets into its thread is lost to the next question.
const SETTLE_WITHIN_MS = 20_000;
const SETTLE_FIRST_PAUSE_MS = 100;
const SETTLE_LAST_PAUSE_MS = 2_000;
const SETTLE_LIMIT_MS = 10_000;
// A question is written in milliseconds; a memory that hangs must not keep a run from being canceled.
const BEGIN_GRACE_MS = 1_000;

/** One lease-holder's try at a run: from the claim to the terminal event, to a wait, to the loss of the lease, or to the hand-over. */
export class Attempt {
  readonly run: Run;
  readonly epoch: number;
  readonly #deps: AttemptDeps;
  readonly #isBegun: boolean;
  readonly #log: RunLog;
  readonly #abort: AbortController = new AbortController();
  #stopped: StopReason | undefined;
  readonly #calls: CallAccount;
  #lineage: Lineage;
  #usage: Usage = {};
  /** What the run was held open with before this attempt. */
  #held: HeldQuestions = new Map();
  #isOver = false;

  /** `isBegun`: the log already says that this attempt started, since the run was created and claimed in one transaction. */
  constructor(claimed: ClaimedRun, isBegun: boolean, deps: AttemptDeps) {
    this.run = claimed.run;
    this.epoch = claimed.lease.epoch;
    this.#deps = deps;
    this.#isBegun = isBegun;
    this.#calls = new CallAccount(claimed.lease.epoch);
    this.#lineage = { root: claimed.run, entries: [] };
    this.#log = deps.appender.open(claimed.lease, () => this.stop("lease-lost"));
  }

  /** Stops the agent. What is in the log stays; what happens next depends on the reason. */
  stop(reason: StopReason): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    if (reason === "lease-lost") this.#log.lose("fenced");
    this.#abort.abort(reason);
  }

  /** Never throws: what goes wrong ends the run, or leaves it to the next claim. */
  async execute(): Promise<void> {
    try {
      const transcript = await this.#begin();
      await this.#conclude(await this.#outcome(transcript));
    } catch (error) {
      await this.#settleLate();
      if (error instanceof LeaseLost && !this.#log.isGivenUp) return;
      this.#deps.onProblem("an attempt broke off; the run waits for the next claim", this.run, error);
      // Trouble with the store is no crash: a lease that is given back is not counted as one.
      await retried(() => this.#deps.store.releaseLease(this.#log.lease)).catch(() => undefined);
    }
  }

  async #begin(): Promise<Transcript> {
    this.#checkpoint("run-created");
    if (this.run.parentRunId !== undefined) this.#lineage = await retried(() => readLineage(this.#deps.store, this.run));
    let entries = this.#isBegun && this.run.parentRunId === undefined ? [] : await retried(() => readLog(this.#deps.store, this.run.id));
    this.#deps.observer?.attemptBegan(this.run, this.epoch, attemptKind(this.epoch, entries));
    if (!this.#isBegun) {
      const isEnding = this.#verdict() !== undefined;
      // An attempt that only ends the run calls no model again, so what a cut call has said stands.
      const resetTo = isEnding ? undefined : resetPoint(this.#fold(entries));
      const event: RunEvent = { type: "attempt-started", attempt: this.epoch, ...(resetTo !== undefined && { resetTo }) };
      void this.#log.append(event);
      // What the attempt before this one left open is accounted for in the same transaction.
      for (const cut of this.#calls.close(entries, !isEnding)) void this.#log.append(cut);
      const newest = entries[entries.length - 1]?.offset ?? START;
      entries = [...entries, { offset: offsetOf(newest + 1), event, attempt: this.epoch, at: 0 }];
      await this.#log.commit();
    }
    this.#held = heldQuestions(entries);
    const transcript = this.#fold(entries);
    this.#usage = transcript.usage;
    this.#checkpoint("attempt-started");
    return transcript;
  }

  #fold(entries: readonly Entry[]): Transcript {
    return transcriptOf(entries, this.#lineage.entries);
  }

  /** How the run ends without its agent being executed, if it does. */
  #verdict(): AttemptOutcome | undefined {
    if (this.run.cancelRequested) return { outcome: "aborted" };
    if (this.run.crashes < MAX_CRASHES) return undefined;
    const message = `The run was given up: the server process died ${this.run.crashes} times while it ran.`;
    return { outcome: "failed", error: { code: "RUN_POISONED", message } };
  }

  async #outcome(transcript: Transcript): Promise<AttemptOutcome> {
    const verdict = this.#verdict();
    try {
      // The question belongs into the thread also where no answer will follow.
      await unlessAborted(this.#deps.source.begin(this.run, transcript), this.#abort.signal, BEGIN_GRACE_MS);
      this.#checkpoint("user-message-saved");
      if (verdict !== undefined) return verdict;
      if (this.#stopped !== undefined) return { outcome: "aborted" };
      return await this.#deps.source.execute(this.#context(transcript));
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      if (verdict !== undefined || this.#stopped !== undefined) return verdict ?? { outcome: "aborted" };
      this.#deps.onProblem("the agent could not be executed", this.run, error);
      return { outcome: "failed", error: { code: "AGENT_FAILED", message: "The agent could not be executed." } };
    }
  }

  #context(transcript: Transcript): AttemptContext {
    return {
      run: this.run,
      attempt: this.epoch,
      rootRunId: this.#lineage.root.id,
      transcript,
      signal: this.#abort.signal,
      emit: (event) => {
        // A tool that ignored the abort may still report when the run has gone on without it.
        if (this.#isOver) return undefined;
        if (event.type === "model-finished" && event.usage) this.#usage = addUsage(this.#usage, event.usage);
        else if (this.run.input.workflow !== undefined) this.#usage = addUsage(this.#usage, usageInside({ event, attempt: this.epoch, at: 0 }));
        this.#calls.see(event);
        return this.#log.append(event);
      },
      commit: () => (this.#isOver ? Promise.reject(new LeaseLost(this.run.id, this.epoch)) : this.#log.commit()),
      noteUsage: (key, usage) => this.#calls.note(key, usage),
      checkpoint: (name) => this.#checkpoint(name),
    };
  }

  async #conclude(outcome: AttemptOutcome): Promise<void> {
    this.#isOver = true;
    this.#checkpoint("agent-finished");
    // A stop that came after the agent had ended by itself changes nothing: the answer is whole.
    const isAborted = outcome.outcome === "aborted";
    if (this.#stopped === "lease-lost") return this.#settleLate();
    if (isAborted && this.#stopped === "handed-over") {
      await this.#log.commit();
      await this.#settleLate();
      await this.#deps.store.releaseLease(this.#log.lease);
      return;
    }
    // The thread is written from the log, so the log must be whole first; a fenced attempt ends here and touches no thread.
    await this.#log.commit();
    const { cancelReason } = await this.#heldRun();
    const ending = this.#ending(outcome);
    const last = this.#waitingEvent(ending) ?? (await this.#settledEnd(ending, cancelReason));
    if (this.#calls.hasOpen) for (const cut of this.#calls.close(await this.#readLog(), false)) void this.#log.append(cut);
    void this.#log.append(last);
    await this.#log.commit();
    if (isTerminalEvent(last) && !this.#log.goesOn) this.#checkpoint("run-ended");
  }

  /** Writes the thread, and gives the end that goes with it. */
  async #settledEnd(ending: AttemptOutcome, cancelReason: string | undefined): Promise<TerminalEvent> {
    await this.#settle(ending);
    this.#checkpoint("thread-settled");
    if (ending.outcome === "suspended") {
      // A thread may take its time, and a run that was asked to stop meanwhile asks nothing.
      const run = await this.#heldRun();
      if (run.cancelRequested) return this.#settledEnd({ outcome: "aborted" }, run.cancelReason);
    }
    return terminalEvent(ending, this.#usage, cancelReason);
  }

  /** A run that is to stop asks nothing: its answer is not whole. */
  #ending(outcome: AttemptOutcome): AttemptOutcome {
    if (outcome.outcome !== "suspended") return outcome;
    return this.#stopped === "canceled" ? { outcome: "aborted" } : { ...outcome, interrupts: outcome.interrupts.map((request) => this.#asked(request)) };
  }

  /** A question as the run asks it; one that it was held open with before does not begin to expire again. */
  #asked(request: InterruptRequest): InterruptRequest {
    const { interruptTtlMs, clock } = this.#deps;
    const expires = interruptTtlMs === undefined ? {} : { expiresAt: clock.now() + interruptTtlMs };
    return this.#held.get(request.id) ?? { ...request, ...expires };
  }

  /** With what the run lets go of its lease without ending, if it does. */
  #waitingEvent(ending: AttemptOutcome): RunEvent | undefined {
    if (ending.outcome !== "suspended") return undefined;
    const { interrupts } = ending;
    const { holdMs = 0 } = this.run.input;
    if (!isHeldOpen({ asked: interrupts, held: this.#held, holdMs })) return undefined;
    return { type: "run-waiting", interrupts, until: holdUntil(interrupts, holdMs, this.#deps.clock.now()) };
  }

  /** The run is another node's, but what this one's calls used was spent: the figures go into its own rows, past the fence. */
  async #settleLate(): Promise<void> {
    for (const figure of this.#calls.known) {
      await this.#deps.store
        .settleUsage({ runId: this.run.id, ...figure })
        .catch((error: unknown) => this.#deps.onProblem("a figure of usage that came late could not be kept", this.run, error));
    }
  }

  /** The run as it is now. A process that froze after its last commit finds out here that the run went on without it. */
  async #heldRun(): Promise<Run> {
    const run = await retried(() => this.#deps.store.getRun(this.run.id));
    if (run?.attempt !== this.epoch || isTerminal(run.status)) throw new LeaseLost(this.run.id, this.epoch);
    return run;
  }

  async #settle(outcome: AttemptOutcome): Promise<void> {
    const readTranscript = async (): Promise<Transcript> => this.#fold(await this.#readLog());
    const giveUpMs = performance.now() + SETTLE_WITHIN_MS;
    for (let pauseMs = SETTLE_FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, SETTLE_LAST_PAUSE_MS)) {
      try {
        const settled = this.#deps.source.settle(this.run, outcome, readTranscript).then(() => true);
        if ((await unlessAborted(settled, AbortSignal.timeout(SETTLE_LIMIT_MS), 0)) === undefined) throw new Error("the agent's memory did not answer");
        return;
      } catch (error) {
        // Whoever takes the run over settles it.
        if (this.#stopped === "lease-lost" || this.#stopped === "handed-over") throw error;
        if (performance.now() + pauseMs < giveUpMs) {
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
          continue;
        }
        this.#deps.onProblem("the thread could not be brought up to date with the run", this.run, error);
        return;
      }
    }
  }

  #readLog(): Promise<readonly Entry[]> {
    return readLog(this.#deps.store, this.run.id);
  }

  #checkpoint(name: Checkpoint): void {
    this.#deps.onCheckpoint?.(name, this.run);
  }
}

/** How a run ends, given how its last attempt ended; `cancelReason`: why it was to stop, where that is known. */
export function terminalEvent(outcome: AttemptOutcome, usage: Usage, cancelReason?: string): TerminalEvent {
  const total = Object.keys(usage).length > 0 ? { usage } : {};
  switch (outcome.outcome) {
    case "completed":
      return { type: "run-completed", ...(outcome.finishReason !== undefined && { finishReason: outcome.finishReason }), ...total };
    case "failed":
      return { type: "run-failed", error: outcome.error, ...total };
    case "suspended":
      return { type: "run-suspended", interrupts: outcome.interrupts, ...total };
    case "aborted":
      return { type: "run-canceled", ...(cancelReason !== undefined && { reason: cancelReason }), ...total };
  }
}
