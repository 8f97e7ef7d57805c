import type { Clock } from "../core/clock.ts";
import type { LedgerStore } from "../core/ledger-store.ts";
import type { Delivery, DeliveryOutcome } from "../core/outbox.ts";
import { outcomeAfter, outcomeBefore } from "./delivery-decision.ts";
import type { SendResult, Sink } from "./sink.ts";

/** What a problem is about. `state`: the bill stays where it is until somebody looks after it. */
export interface ProblemSubject {
  readonly sink: string;
  readonly runId?: string;
  readonly state?: "dead" | "held";
}

/** What a lane tells its operator, with the error behind it. */
export type OnProblem = (message: string, about: ProblemSubject, error?: unknown) => void;

export interface LaneOptions {
  readonly store: LedgerStore;
  readonly clock: Clock;
  /** How often the outbox is looked at while nobody wakes the lane, in milliseconds. */
  readonly pollMs: number;
  /** How long a sink has for its answer. */
  readonly sendTimeoutMs: number;
  readonly onProblem: OnProblem;
  readonly onOutcome?: (outcome: DeliveryOutcome) => void;
}

/** How many deliveries one process sends to one sink at once. */
const MAX_SENDS = 8;
/** A delivery is a process's own for this many times the time of a send, so that a send and the note of it fall into the lease. */
const LEASE_SENDS = 4;
/** How often a note of an outcome is tried; without it the delivery is sent again. The pauses double: 100 ms to 1.6 s. */
const SETTLE_TRIES = 6;
const FIRST_SETTLE_PAUSE_MS = 100;
/** How long a closing lane waits for the answers that are on their way. */
const CLOSE_GRACE_MS = 5_000;
/** A bill that waits for longer is worth a look. */
const LATE_MS = 3_600_000;

/** Brings the deliveries of one sink out, a few at a time. Lanes share nothing, so that a slow sink holds back no other. */
export class SinkLane {
  readonly #sink: Sink;
  readonly #options: LaneOptions;
  readonly #sends = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #loop: Promise<void> | undefined;
  #isAsked = false;
  #isClosed = false;
  #endPause: (() => void) | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(sink: Sink, options: LaneOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  open(): void {
    this.#loop ??= this.#run();
  }

  /** Looks at the outbox at once. */
  wake(): void {
    this.#isAsked = true;
    this.#endPause?.();
  }

  /** Takes no more, waits for the answers that are on their way, and gives up on those that take too long. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endPause?.();
    const giveUp = setTimeout(() => this.#closing.abort(), CLOSE_GRACE_MS);
    await this.#loop;
    clearTimeout(giveUp);
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      const room = MAX_SENDS - this.#sends.size;
      if (room === 0) {
        await Promise.race(this.#sends);
        continue;
      }
      this.#isAsked = false;
      const claimed = await this.#claim(room);
      for (const delivery of claimed) {
        const send = this.#deliver(delivery).finally(() => this.#sends.delete(send));
        this.#sends.add(send);
      }
      if (claimed.length < room) await this.#pause();
    }
    await Promise.all(this.#sends);
  }

  async #claim(limit: number): Promise<readonly Delivery[]> {
    const { store, sendTimeoutMs, onProblem } = this.#options;
    const { name } = this.#sink;
    try {
      return await store.claimDeliveries({ sinks: [name], limit, leaseMs: sendTimeoutMs * LEASE_SENDS });
    } catch (error) {
      onProblem("the outbox could not be read; trying again", { sink: name }, error);
      return [];
    }
  }

  async #pause(): Promise<void> {
    if (this.#isAsked || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.pollMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = undefined;
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const held = outcomeBefore(delivery, this.#sink.dedupWindowMs, this.#options.clock.now());
    const outcome = held ?? (await this.#try(delivery));
    await this.#settle(outcome);
    this.#options.onOutcome?.(outcome);
    this.#report(delivery, outcome);
  }

  async #try(delivery: Delivery): Promise<DeliveryOutcome> {
    const chance = Math.random();
    const signal = AbortSignal.any([AbortSignal.timeout(this.#options.sendTimeoutMs), this.#closing.signal]);
    try {
      // The sink is not relied on to heed its signal.
      return outcomeAfter(delivery, await Promise.race([this.#sink.send(delivery, signal), whenAborted(signal)]), chance);
    } catch (error) {
      return outcomeAfter(delivery, { outcome: "unknown", reason: error instanceof Error ? error.message : String(error) }, chance);
    }
  }

  async #settle(outcome: DeliveryOutcome): Promise<void> {
    const { store, onProblem } = this.#options;
    let fault: unknown;
    for (let tried = 0; tried < SETTLE_TRIES; tried += 1) {
      if (tried > 0) await new Promise((resolve) => setTimeout(resolve, FIRST_SETTLE_PAUSE_MS * 2 ** (tried - 1)));
      try {
        await store.settleDelivery(outcome);
        return;
      } catch (error) {
        fault = error;
      }
    }
    onProblem("what became of a delivery could not be written down; it will be sent again", { sink: outcome.sink, runId: outcome.runId }, fault);
  }

  #report({ runId, sink, createdAt }: Delivery, { state, error }: DeliveryOutcome): void {
    const { clock, onProblem } = this.#options;
    if (state === "dead") onProblem("a bill could not be delivered; holdfast deliveries --replay sends it again", { sink, runId, state }, error);
    if (state === "held") onProblem("a bill is held: it may have been charged, and sending it again could charge it twice", { sink, runId, state }, error);
    const now = clock.now();
    if (state !== "pending" || now - createdAt < LATE_MS || now - this.#warnedAt < LATE_MS) return;
    // One line an hour stands for all that wait: an outage holds them back together.
    this.#warnedAt = now;
    onProblem("bills wait for longer than an hour to be delivered", { sink, runId }, error);
  }
}

function whenAborted(signal: AbortSignal): Promise<SendResult> {
  return new Promise((resolve) => {
    const giveUp = (): void => resolve({ outcome: "unknown", reason: "It did not answer in time." });
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
}
