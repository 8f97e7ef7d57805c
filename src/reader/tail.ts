import type { Entry } from "../core/entry.ts";
import { HoldfastError } from "../core/error.ts";
import { isTerminalEvent } from "../core/event.ts";
import type { Offset } from "../core/offset.ts";
import { isTerminal } from "../core/run.ts";
import type { RunStore } from "../core/store.ts";
import { RunWindow } from "./fan-out.ts";

export interface TailOptions {
  readonly store: RunStore;
  /** How often readers look at the store although nothing woke them: the safety net for a lost wake-up. */
  readonly pollMs?: number;
  /** Entries of one store read. */
  readonly pageSize?: number;
}

interface StoreRead {
  readonly batch: readonly Entry[];
  /** The run has ended, and nothing follows. */
  readonly isEnded: boolean;
}

const DEFAULT_POLL_MS = 1_000;
const DEFAULT_PAGE_SIZE = 1_000;

/** Lets any number of readers follow runs: one store read, or none, serves all readers of a run that stand at the same place. */
export class Tail {
  readonly #store: RunStore;
  readonly #pollMs: number;
  readonly #pageSize: number;
  readonly #windows: Map<string, RunWindow> = new Map();
  readonly #reads: Map<string, Promise<StoreRead>> = new Map();
  readonly #stopForeign: () => void;
  /** Runs that lost their last reader since somebody asked what is followed; not kept until somebody asks. */
  #left: Set<string> | undefined;
  #poll: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: TailOptions) {
    this.#store = options.store;
    this.#pollMs = options.pollMs ?? DEFAULT_POLL_MS;
    this.#pageSize = options.pageSize ?? DEFAULT_PAGE_SIZE;
    this.#stopForeign = options.store.onForeignAppend(() => this.#wakeAll());
  }

  /** How many readers follow runs. */
  get readers(): number {
    let readers = 0;
    for (const window of this.#windows.values()) readers += window.readers;
    return readers;
  }

  /** Hands what this process committed to the readers that follow the run. */
  publish(runId: string, entries: readonly Entry[]): void {
    this.#windows.get(runId)?.add(entries);
  }

  /**
   * Replays the entries after an offset, then follows to the terminal event. Pulled: nothing is read or kept for a reader that
   * does not ask. Ends early when `signal` is aborted.
   */
  async *follow(runId: string, after: Offset, signal: AbortSignal): AsyncGenerator<readonly Entry[], void, void> {
    const window = this.#join(runId);
    let wake: (() => void) | undefined;
    const onAbort = (): void => wake?.();
    signal.addEventListener("abort", onAbort);
    try {
      let position = after;
      while (!signal.aborted && !this.#isClosed) {
        const { version } = window;
        const known = window.after(position) ?? (window.isNewest(position) ? [] : undefined);
        const { batch, isEnded } = known === undefined ? await this.#read(runId, position, window) : { batch: known, isEnded: false };
        const last = batch[batch.length - 1];
        if (last !== undefined) {
          position = last.offset;
          yield batch;
          if (isTerminalEvent(last.event)) return;
          continue;
        }
        if (signal.aborted || isEnded) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          window.sleep(version, resolve);
        });
        if (wake) window.forget(wake);
        wake = undefined;
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#leave(runId, window);
    }
  }

  /** The runs that had a reader here since this was called last; those of the first call have one. */
  takeFollowed(): readonly string[] {
    const followed = new Set([...this.#windows.keys(), ...(this.#left ?? [])]);
    this.#left = new Set();
    return [...followed];
  }

  /** Ends every reader. */
  close(): void {
    this.#isClosed = true;
    this.#stopForeign();
    clearInterval(this.#poll);
    this.#poll = undefined;
    this.#wakeAll();
  }

  #read(runId: string, after: Offset, window: RunWindow): Promise<StoreRead> {
    const key = `${runId} ${after}`;
    const pending = this.#reads.get(key);
    if (pending) return pending;
    const read = this.#readStore(runId, after, window).catch((error: unknown): StoreRead => {
      // The next wake-up or poll asks again: a store that fails for a moment costs its readers nothing but time.
      if (HoldfastError.is(error) && error.retryable) return { batch: [], isEnded: false };
      throw error;
    });
    this.#reads.set(key, read);
    const done = (): boolean => this.#reads.delete(key);
    read.then(done, done);
    return read;
  }

  async #readStore(runId: string, after: Offset, window: RunWindow): Promise<StoreRead> {
    const { version } = window;
    const batch = await this.#store.readEntries(runId, after, this.#pageSize);
    if (batch.length === 0) {
      const run = await this.#store.getRun(runId);
      // The status is read after the entries: a run that ended in between has entries that the next turn finds.
      const isEnded = run === undefined || (isTerminal(run.status) && (await this.#store.readEntries(runId, after, 1)).length === 0);
      window.confirm(after, version);
      return { batch, isEnded };
    }
    // A page that reaches the newest entry is what the other readers of the run wait for, too.
    if (batch.length < this.#pageSize) window.add(batch);
    return { batch, isEnded: false };
  }

  #join(runId: string): RunWindow {
    const window = this.#windows.get(runId) ?? new RunWindow();
    window.readers += 1;
    this.#windows.set(runId, window);
    this.#poll ??= setInterval(() => this.#wakeAll(), this.#pollMs).unref();
    return window;
  }

  #leave(runId: string, window: RunWindow): void {
    window.readers -= 1;
    if (window.readers > 0) return;
    this.#windows.delete(runId);
    this.#left?.add(runId);
    if (this.#windows.size === 0) {
      clearInterval(this.#poll);
      this.#poll = undefined;
    }
  }

  #wakeAll(): void {
    for (const window of this.#windows.values()) window.doubt();
  }
}
