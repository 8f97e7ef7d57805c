import { HoldfastError } from "../../core/error.ts";
import type { SqliteConnection } from "./connection.ts";

/** How often the file is looked at while somebody listens, in milliseconds; one look takes about 5 µs. */
const LOOK_MS = 40;

/** Tells listeners that another connection committed. SQLite has no notification between processes, so it looks at the file. */
export class ForeignAppends {
  readonly #connection: SqliteConnection;
  readonly #listeners: Set<() => void> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #seen = 0;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Returns the function that stops the listener. */
  listen(listener: () => void): () => void {
    // One function may listen twice, and each must be stopped by itself.
    const listening = (): void => listener();
    this.#listeners.add(listening);
    if (this.#timer === undefined) {
      this.#seen = this.#connection.dataVersion();
      this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
    }
    return () => {
      this.#listeners.delete(listening);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  close(): void {
    this.#listeners.clear();
    this.#stop();
  }

  #look(): void {
    const version = this.#version();
    if (version === this.#seen) return;
    this.#seen = version;
    for (const listener of this.#listeners) listener();
  }

  #version(): number {
    try {
      return this.#connection.dataVersion();
    } catch (error) {
      // Nobody could be told of a failed look, and the next one sees the same change.
      if (HoldfastError.is(error)) return this.#seen;
      throw error;
    }
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
