/** Waits, and rejects with the signal's reason as soon as it is aborted. */
export function sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const wake = (): void => {
      signal?.removeEventListener("abort", giveUp);
      resolve();
    };
    const timer = setTimeout(wake, delayMs);
    const giveUp = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", giveUp, { once: true });
  });
}
