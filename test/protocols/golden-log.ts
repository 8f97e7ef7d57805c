import { readdirSync, readFileSync } from "node:fs";
import type { Entry } from "../../src/core/entry.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { offsetOf } from "../../src/core/offset.ts";

const FOLDER = new URL("golden/", import.meta.url);
const EVENTS = ".events.jsonl";

/** The id of the run whose log every golden file is. */
export const GOLDEN_RUN_ID = "run_golden";

/** The names of the cases in `golden/`. */
export const goldenCases: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith(EVENTS))
  .map((name) => name.slice(0, -EVENTS.length))
  .toSorted();

/** Where the wire file of a case is kept. */
export function goldenFile(name: string, wire: string): URL {
  return new URL(`${name}.${wire}`, FOLDER);
}

/** The events of a case. */
export function goldenEvents(name: string): readonly RunEvent[] {
  const lines = readFileSync(goldenFile(name, EVENTS.slice(1)), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

/** Events as the entries of a log. */
export function entriesOf(events: readonly RunEvent[]): readonly Entry[] {
  return events.map((event, index) => ({ offset: offsetOf(index + 1), event, attempt: 1, at: 0 }));
}
