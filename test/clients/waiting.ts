const LIMIT_MS = 30_000;
const LOOK_MS = 5;

/** Waits for something to become true. */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endsAt = Date.now() + LIMIT_MS;
  while (!(await isTrue())) {
    if (Date.now() > endsAt) throw new Error(`Waited ${LIMIT_MS} ms in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Does the work on all items, so many at a time. */
export async function inParallel<Item>(limit: number, items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

// A client in a loop sends hundreds of requests in this time.
const QUIET_MS = 250;

/** How many requests a client sends although it should be done. */
export async function requestsAfterwards(count: () => number): Promise<number> {
  const before = count();
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  return count() - before;
}
