import type { RunEvent } from "../core/event.ts";
import type { Lease } from "../core/lease.ts";
import { LeaseLost } from "./lease-lost.ts";

interface Waiter {
  /** How many events must be committed, counted from the opening of the log. */
  readonly target: number;
  readonly resolve: () => void;
  readonly reject: (reason: LeaseLost) => void;
}

/** The writing end of one run's log, from the claim of its lease to the end of the attempt. */
export class RunLog {
  readonly lease: Lease;
  readonly #onFenced: () => void;
  readonly #gather: (log: RunLog) => Promise<void> | undefined;
  #events: RunEvent[] = [];
  #appended = 0;
  #taken = 0;
  #committed = 0;
  #waiters: Waiter[] = [];
  #isDurable = false;
  #isLost = false;
  #isGivenUp = false;
  #goesOn = false;

  constructor(lease: Lease, onFenced: () => void, gather: (log: RunLog) => Promise<void> | undefined) {
    this.lease = lease;
    this.#onFenced = onFenced;
    this.#gather = gather;
  }

  /** Events that wait for a commit. */
  get size(): number {
    return this.#events.length;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Queues an event. A promise in return means that the log is behind: wait for it before going on. */
  append(event: RunEvent): Promise<void> | undefined {
    if (this.#isLost) return undefined;
    this.#events.push(event);
    this.#appended += 1;
    return this.#gather(this);
  }

  /**
   * Resolves once all that was appended is committed and flushed to the disk.
   * @throws {LeaseLost}
   */
  async commit(): Promise<void> {
    if (this.#isLost) throw new LeaseLost(this.lease.runId, this.lease.epoch);
    if (this.#committed === this.#appended) return;
    this.#isDurable = true;
    await this.#wait();
  }

  /** Resolves once all that was appended is committed, or the lease is lost. */
  async drained(): Promise<void> {
    try {
      await this.#wait();
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ target: this.#appended, resolve, reject });
    });
  }

  /** For the appender: the oldest events, at most `limit`; they are in flight until {@link settle} or {@link lose}. */
  take(limit: number): { readonly events: readonly RunEvent[]; readonly isDurable: boolean } {
    const events = this.#events.length <= limit ? this.#events : this.#events.slice(0, limit);
    this.#events = this.#events.length <= limit ? [] : this.#events.slice(limit);
    this.#taken += events.length;
    const isDurable = this.#isDurable;
    if (this.#events.length === 0) this.#isDurable = false;
    return { events, isDurable };
  }

  /** Whether the run goes on under another attempt instead of having ended: it had been answered. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  /** For the appender: what was taken is committed. `goesOn`: with answers in place of the end. */
  settle(goesOn: boolean): void {
    this.#goesOn ||= goesOn;
    this.#committed = this.#taken;
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = waiters.filter((waiter) => waiter.target > this.#committed);
    for (const waiter of waiters) if (waiter.target <= this.#committed) waiter.resolve();
  }

  /** Whether the log was lost because the store did not take its events, though the lease may still be held. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Nothing of what waits is written: the run is another node's, or the store did not take it. */
  lose(reason: "fenced" | "given-up"): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#isGivenUp = reason === "given-up";
    this.#events = [];
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(new LeaseLost(this.lease.runId, this.lease.epoch));
    this.#onFenced();
  }
}
