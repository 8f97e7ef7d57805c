import type { RunStore } from "../core/store.ts";
import type { SettableClock } from "./store-samples.ts";

/** What a case of the store suite works with. */
export interface StoreUnderTest {
  readonly store: RunStore;
  /** A second handle on the same data, as another process has; the store itself where only one process can open it. */
  readonly other: RunStore;
  readonly clock: SettableClock;
  /** Closes both handles and opens the data again. */
  reopen(): Promise<RunStore>;
}

/** What is tested, by the words that name it. */
export type StoreCases = Readonly<Record<string, (under: StoreUnderTest) => Promise<void>>>;
