import type { RunEvent } from "./event.ts";
import type { Offset } from "./offset.ts";

/** An event in the log of its run. */
export interface Entry {
  readonly offset: Offset;
  readonly event: RunEvent;
  /** The attempt that appended it; 0 for what the start itself wrote. */
  readonly attempt: number;
  /** When it was committed, in milliseconds since the Unix epoch. */
  readonly at: number;
}
