// The timers of JavaScript cannot wait longer at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Resolves at that time, in milliseconds since the Unix epoch, or when the signal is aborted. */
export async function pause(until: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const leftMs = until - Date.now();
    if (leftMs <= 0 || signal.aborted) return;
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, Math.min(leftMs, LONGEST_TIMER_MS));
    const onAbort = (): void => over.resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    await over.promise;
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
