import { START } from "../../core/offset.ts";
import type { FoldPlace } from "../fold-checkpoints.ts";
import { INITIAL_STATE, type AiSdkState } from "./state.ts";

/** How far a log is folded into chunks. */
export interface FoldPoint extends FoldPlace {
  readonly state: AiSdkState;
  /** Chunks before this point. */
  readonly chunkCount: number;
}

/** Where the log of a run by itself is folded from. */
export const BEGINNING: FoldPoint = { offset: START, state: INITIAL_STATE, chunkCount: 0, entryCount: 0 };
