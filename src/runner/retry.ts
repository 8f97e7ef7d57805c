import { HoldfastError } from "../core/error.ts";

const FIRST_PAUSE_MS = 5;
const LAST_PAUSE_MS = 250;

/** How long a store may fail before those who wait for it give up. */
export const GIVE_UP_MS = 5_000;

/**
 * Does something again for as long as the store says that it may help, with growing pauses, for `limitMs` at most.
 * @throws what the last try threw
 */
export async function retried<Result>(work: () => Promise<Result>, limitMs: number = GIVE_UP_MS): Promise<Result> {
  const startMs = performance.now();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!HoldfastError.is(error) || !error.retryable || performance.now() - startMs > limitMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
