/**
 * What the work gives, or `undefined` if it has not ended `graceMs` after the signal was aborted; the work is then left to itself.
 * The grace keeps what comes next from meeting work that was about to end anyway.
 */
export async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal, graceMs: number): Promise<Result | undefined> {
  const left = Promise.withResolvers<undefined>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => left.resolve(undefined), graceMs);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  // Once nobody waits for it any more, how it ends is nobody's business.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, left.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
