import { cutEvent, openCalls, type CutEvent } from "../core/cut-calls.ts";
import type { Entry } from "../core/entry.ts";
import type { RunEvent } from "../core/event.ts";
import { callKeyText, innermost, type ModelCallKey } from "../core/ledger.ts";
import type { Usage } from "../core/usage.ts";

/** A figure of the provider for one call. */
export interface KnownFigure extends ModelCallKey {
  readonly usage: Usage;
}

/** Keeps account of the model calls of one attempt: which are open, and what is known of them beside the log. */
export class CallAccount {
  readonly #attempt: number;
  readonly #open: Set<string> = new Set();
  readonly #known: Map<string, KnownFigure> = new Map();

  constructor(attempt: number) {
    this.#attempt = attempt;
  }

  /** Looks at an event on its way to the log. */
  see(event: RunEvent): void {
    const { path, inner } = innermost(event);
    if (inner.type !== "model-called" && inner.type !== "model-finished") return;
    if (inner.call === undefined) return;
    const key = { attempt: this.#attempt, path, call: inner.call };
    if (inner.type === "model-called") this.#open.add(callKeyText(key));
    else if (inner.usage !== undefined) {
      this.#open.delete(callKeyText(key));
      this.#known.set(callKeyText(key), { ...key, usage: inner.usage });
    }
  }

  /** Notes what the provider said, although the log may never hear of it. */
  note(key: Omit<ModelCallKey, "attempt">, usage: Usage): void {
    const full = { attempt: this.#attempt, ...key };
    this.#known.set(callKeyText(full), { ...full, usage });
  }

  /** Whether some call has no end in the log. */
  get hasOpen(): boolean {
    return this.#open.size > 0;
  }

  /** Every figure that the provider gave in this attempt. */
  get known(): readonly KnownFigure[] {
    return [...this.#known.values()];
  }

  /** Accounts for the calls that are open at the end of a log. `isSuperseded`: an attempt follows that makes them again. */
  close(entries: Iterable<Entry>, isSuperseded: boolean): readonly CutEvent[] {
    this.#open.clear();
    return openCalls(entries).map((call) => cutEvent(call, { isSuperseded, known: this.#known.get(callKeyText(call))?.usage }));
  }
}
