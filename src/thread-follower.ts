import type { Run } from "./core/run.ts";
import type { RunStore } from "./core/store.ts";

// A safety net for a lost wake-up; the runs that this process starts are told at once.
const POLL_MS = 1_000;
const PAGE = 100;

/** Tells those that follow a thread of the runs that begin on it. */
export class ThreadFollower {
  readonly #store: RunStore;
  readonly #sleepers: Set<() => void> = new Set();
  readonly #stopForeign: () => void;

  constructor(store: RunStore) {
    this.#store = store;
    this.#stopForeign = store.onForeignAppend(() => this.wake());
  }

  /** A run may have been created. */
  wake(): void {
    for (const sleeper of this.#sleepers) sleeper();
  }

  /** The runs of a thread behind the given one, the oldest first, and then each as it is created, until `signal` is aborted. */
  async *follow(
    query: { readonly resourceId: string; readonly threadId: string },
    after: Run | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Run, void, void> {
    let last = after;
    while (!signal.aborted) {
      // Listened for before it is looked, so that nothing falls between.
      const woken = this.#sleep(signal);
      const next = await this.#behind(query, last);
      if (next === undefined) {
        await woken.slept;
        continue;
      }
      woken.leave();
      yield next;
      last = next;
    }
  }

  close(): void {
    this.#stopForeign();
    this.wake();
  }

  /** The run that was created next. */
  async #behind(query: { readonly resourceId: string; readonly threadId: string }, last: Run | undefined): Promise<Run | undefined> {
    let next: Run | undefined;
    for (let cursor: string | undefined; ;) {
      const page = await this.#store.listRuns({ ...query, limit: PAGE, ...(cursor !== undefined && { cursor }) });
      for (const run of page.runs) {
        if (run.id === last?.id) return next;
        next = run;
      }
      if (page.nextCursor === undefined) return next;
      cursor = page.nextCursor;
    }
  }

  #sleep(signal: AbortSignal): { readonly slept: Promise<void>; leave(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => {
      clearTimeout(timer);
      this.#sleepers.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, POLL_MS);
    this.#sleepers.add(wake);
    signal.addEventListener("abort", wake);
    return { slept: promise, leave: wake };
  }
}
