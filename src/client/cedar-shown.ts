import { stateOf, type CedarStoreHook } from "./cedar-store.ts";

/** The ids of the messages that tell of a run. */
const shown = new WeakMap<CedarStoreHook, Map<string, Set<string>>>();

/** Shows a piece of a run's answer, and knows which messages it became, unless the page shows others by then. */
export async function showPiece(store: CedarStoreHook, runId: string, item: unknown, left: AbortSignal): Promise<void> {
  const before = new Set(idsOn(store));
  await stateOf(store).handleLLMResponse([item]);
  if (left.aborted) return;
  const ofRun = ofPage(store).get(runId) ?? new Set();
  for (const id of idsOn(store)) if (!before.has(id)) ofRun.add(id);
  ofPage(store).set(runId, ofRun);
}

/** Takes away what still stands there of a run that is shown from its beginning again: Cedar would write it behind its first half. */
export function takeBack(store: CedarStoreHook, runId: string): void {
  for (const id of ofPage(store).get(runId) ?? []) stateOf(store).deleteMessage?.(id);
  ofPage(store).delete(runId);
}

function ofPage(store: CedarStoreHook): Map<string, Set<string>> {
  const known = shown.get(store);
  if (known !== undefined) return known;
  const made = new Map<string, Set<string>>();
  shown.set(store, made);
  return made;
}

function idsOn(store: CedarStoreHook): readonly string[] {
  return stateOf(store).messages.flatMap((message) => (message as { readonly id?: string } | null)?.id ?? []);
}
