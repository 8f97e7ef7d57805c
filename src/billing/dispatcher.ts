import type { Clock } from "../core/clock.ts";
import { HoldfastError } from "../core/error.ts";
import type { LedgerStore } from "../core/ledger-store.ts";
import type { DeliveryOutcome } from "../core/outbox.ts";
import { SinkLane, type OnProblem } from "./sink-lane.ts";
import type { Sink } from "./sink.ts";

export interface DispatcherOptions {
  readonly store: LedgerStore;
  readonly sinks: readonly Sink[];
  readonly clock: Clock;
  /** How often the outbox is looked at for retries and for bills of other processes, in milliseconds. Default 2 s. */
  readonly pollMs?: number;
  /** How long a sink has for its answer, in milliseconds. Default 15 s. */
  readonly sendTimeoutMs?: number;
  readonly onProblem: OnProblem;
  /** Told of what each try gave, once it is noted. */
  readonly onOutcome?: (outcome: DeliveryOutcome) => void;
}

/**
 * Brings bills from the outbox of a store to the sinks. Any number of processes may run one on the same store; after a crash between a send
 * and the note of it, whoever comes next sends once more with the same key.
 */
export class Dispatcher {
  readonly #lanes: readonly SinkLane[];

  /** @throws {HoldfastError} CONFIG_INVALID when two sinks have the same name */
  constructor({ store, sinks, clock, pollMs = 2_000, sendTimeoutMs = 15_000, onProblem, onOutcome }: DispatcherOptions) {
    const names = sinks.map((sink) => sink.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new HoldfastError("CONFIG_INVALID", `Two sinks are named ${twice}; give each a name of its own.`);
    this.#lanes = sinks.map((sink) => new SinkLane(sink, { store, clock, pollMs, sendTimeoutMs, onProblem, ...(onOutcome && { onOutcome }) }));
  }

  open(): void {
    for (const lane of this.#lanes) lane.open();
  }

  /** Looks at the outbox at once, such as after a run ended in this process. */
  wake(): void {
    for (const lane of this.#lanes) lane.wake();
  }

  /** Takes no more deliveries and waits for the answers that are on their way, for 5 s at most. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}
