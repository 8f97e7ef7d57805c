import type { Entry } from "../core/entry.ts";
import type { Offset } from "../core/offset.ts";

// Enough for a reader whose socket stalls for a moment; one that falls further behind reads the store.
const WINDOW_ENTRIES = 2_048;

/** What the readers of one run share: the newest committed batches, and the wake-up. */
export class RunWindow {
  #batches: (readonly Entry[])[] = [];
  #size = 0;
  #version = 0;
  #isStale = false;
  readonly #sleepers: Set<() => void> = new Set();
  readers = 0;

  get version(): number {
    return this.#version;
  }

  /** Adds what was just committed and wakes the readers. */
  add(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    const last = this.#last();
    if (last !== undefined && first.offset <= last.offset) return;
    // Batches of a foreign node reach this window through the store, so a gap only means that nobody read meanwhile.
    if (last !== undefined && first.offset !== last.offset + 1) this.#clear();
    this.#batches.push(entries);
    this.#size += entries.length;
    this.#isStale = false;
    while (this.#size > WINDOW_ENTRIES && this.#batches.length > 1) this.#size -= this.#batches.shift()?.length ?? 0;
    this.#wake();
  }

  /** Wakes the readers to look at the store: somebody else may have appended. */
  doubt(): void {
    this.#isStale = true;
    this.#wake();
  }

  /** The store was read at this offset, beginning at this version, and had nothing more. */
  confirm(offset: Offset, version: number): void {
    if (this.#version === version && this.#last()?.offset === offset) this.#isStale = false;
  }

  /** Whether nothing follows the offset, as far as this process can tell without the store. */
  isNewest(offset: Offset): boolean {
    return !this.#isStale && this.#last()?.offset === offset;
  }

  #wake(): void {
    this.#version += 1;
    const sleepers = [...this.#sleepers];
    this.#sleepers.clear();
    for (const sleeper of sleepers) sleeper();
  }

  /**
   * The batch that follows an offset; the same array for every reader that stands there, so that what is computed from it can be
   * shared. `undefined`: the window does not know, ask the store.
   */
  after(offset: Offset): readonly Entry[] | undefined {
    const first = this.#batches[0]?.[0];
    const last = this.#last();
    if (first === undefined || last === undefined || offset < first.offset - 1 || offset >= last.offset) return undefined;
    for (let index = this.#batches.length - 1; index >= 0; index -= 1) {
      const batch = this.#batches[index] ?? [];
      const begin = batch[0]?.offset ?? 0;
      if (offset >= begin - 1) return offset === begin - 1 ? batch : batch.slice(offset - begin + 1);
    }
    return undefined;
  }

  /** Calls `wake` at the next change, or at once if the version moved on meanwhile. */
  sleep(version: number, wake: () => void): void {
    if (version === this.#version) this.#sleepers.add(wake);
    else wake();
  }

  forget(wake: () => void): void {
    this.#sleepers.delete(wake);
  }

  #last(): Entry | undefined {
    return this.#batches[this.#batches.length - 1]?.at(-1);
  }

  #clear(): void {
    this.#batches = [];
    this.#size = 0;
  }
}
