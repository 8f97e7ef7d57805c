import { stateOf, type CedarStoreHook } from "./cedar-store.ts";

/** Who shows an answer on a page: one at a time. */
const watches = new WeakMap<CedarStoreHook, AbortController>();

/**
 * Does the work as long as the page shows the thread with what it shows of it now. Whoever watches next takes over. The signal that the work
 * gets says that it is to leave, at once where the store tells of its changes.
 */
export async function whileShown<Result>(
  store: CedarStoreHook,
  threadId: string,
  given: AbortSignal | undefined,
  work: (left: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const watch = new AbortController();
  const leave = (): void => watch.abort();
  watches.get(store)?.abort();
  watches.set(store, watch);
  const release = onLeaving(store, threadId, leave);
  given?.addEventListener("abort", leave);
  if (given?.aborted === true) leave();
  try {
    return await work(watch.signal);
  } finally {
    release();
    given?.removeEventListener("abort", leave);
    if (watches.get(store) === watch) watches.delete(store);
  }
}

/** Calls the listener when the page shows another thread, or shows this one anew, until what it gives is called. */
export function onLeaving(store: CedarStoreHook, threadId: string | undefined, leave: () => void): () => void {
  let shownBefore = stateOf(store).messages.length;
  const release = store.subscribe?.(() => {
    const { mainThreadId, messages } = stateOf(store);
    // A chat that is emptied is loaded anew.
    if (mainThreadId !== threadId || (messages.length === 0 && shownBefore > 0)) leave();
    shownBefore = messages.length;
  });
  return () => release?.();
}

/** Shows that the page is busy until the work is done, or is to leave. */
export async function whileBusy(store: CedarStoreHook, left: AbortSignal, work: () => Promise<void>): Promise<void> {
  const idle = (): void => stateOf(store).setIsProcessing(false);
  stateOf(store).setIsProcessing(true);
  left.addEventListener("abort", idle);
  try {
    await work();
  } finally {
    left.removeEventListener("abort", idle);
    if (!left.aborted) idle();
  }
}
