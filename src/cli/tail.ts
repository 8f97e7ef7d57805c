import { once } from "node:events";
import type { Entry } from "../core/entry.ts";
import { isTerminalEvent } from "../core/event.ts";
import { formatOffset, START, type Offset } from "../core/offset.ts";
import type { RunStore } from "../core/store.ts";
import { EXIT_FAILED, EXIT_MISUSED, refuse, type Command } from "./command.ts";
import { eventLine } from "./event-line.ts";
import { openExistingStore } from "./store-reader.ts";

const USAGE = `Usage: holdfast tail <runId> [flags]

Prints the events of a run as they are committed, from its first to its last.

  --store <store>     sqlite:<path>; HOLDFAST_STORE, else sqlite:.holdfast/holdfast.db
  --json              one JSON object per line: { offset, attempt, at, event }
`;

const PAGE_ENTRIES = 500;
/** How often the log is looked at while nothing is heard of it: often enough to look live, a few reads a second. */
const POLL_MS = 150;

/** `holdfast tail` */
export const tail: Command = {
  usage: USAGE,
  flags: { store: { type: "string" }, json: { type: "boolean" } },
  async run(given, env) {
    const [runId, ...surplus] = given.positionals;
    if (runId === undefined || surplus.length > 0) return refuse("holdfast tail takes one run id; holdfast runs lists them.", EXIT_MISUSED);
    const opened = await openExistingStore(given, env);
    if (!opened.ok) return refuse(opened.message, EXIT_FAILED);
    const store = opened.value;
    try {
      if ((await store.getRun(runId)) === undefined) return refuse(`There is no run ${runId} in this store; holdfast runs lists them.`, EXIT_FAILED);
      const print = given.flags["json"] === true ? jsonLine : eventLine;
      for await (const entries of follow(store, runId)) await write(entries.map((entry) => `${print(entry)}\n`).join(""));
      return 0;
    } finally {
      await store.close();
    }
  },
};

/** The log of a run in pages, from its beginning to its terminal event. */
export async function* follow(store: RunStore, runId: string): AsyncGenerator<readonly Entry[]> {
  let after: Offset = START;
  for (;;) {
    const entries = await store.readEntries(runId, after, PAGE_ENTRIES);
    const last = entries.at(-1);
    if (last === undefined) {
      // The run may have been deleted with its thread while it was read.
      if ((await store.getRun(runId)) === undefined) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      continue;
    }
    yield entries;
    if (isTerminalEvent(last.event)) return;
    after = last.offset;
  }
}

function jsonLine(entry: Entry): string {
  return JSON.stringify({ offset: formatOffset(entry.offset), attempt: entry.attempt, at: new Date(entry.at).toISOString(), event: entry.event });
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
