import type { Entry } from "./entry.ts";
import { START, type Offset } from "./offset.ts";
import type { Run } from "./run.ts";
import type { RunStore } from "./store.ts";

const READ_PAGE = 5_000;

/** The suspended runs that a run goes on from, and their logs. */
export interface Lineage {
  /** The run that was started by itself, the first of the lineage. */
  readonly root: Run;
  /** The logs of the runs before this one, the first one first. */
  readonly entries: readonly Entry[];
}

/** The whole log of a run. */
export async function readLog(store: Pick<RunStore, "readEntries">, runId: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (let after: Offset = START; ;) {
    const page = await store.readEntries(runId, after, READ_PAGE);
    entries.push(...page);
    const last = page[page.length - 1];
    if (last === undefined || page.length < READ_PAGE) return entries;
    after = last.offset;
  }
}

/** Follows a run back to the one that was started by itself. A parent that is gone ends the lineage there. */
export async function readLineage(store: Pick<RunStore, "getRun" | "readEntries">, run: Run): Promise<Lineage> {
  const logs: (readonly Entry[])[] = [];
  let root = run;
  for (;;) {
    const parent: Run | undefined = root.parentRunId === undefined ? undefined : await store.getRun(root.parentRunId);
    if (parent === undefined) break;
    root = parent;
    logs.unshift(await readLog(store, parent.id));
  }
  return { root, entries: logs.flat() };
}
