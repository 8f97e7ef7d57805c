import { START, type Offset } from "../../core/offset.ts";
import { INITIAL_STATE, type AiSdkState } from "./state.ts";

/** How far a log is folded. */
export interface FoldPoint {
  /** Of the last entry that was folded. */
  readonly offset: Offset;
  readonly state: AiSdkState;
  /** Chunks and entries before this point. */
  readonly chunkCount: number;
  readonly entryCount: number;
}

/** Where the log of a run by itself is folded from. */
export const BEGINNING: FoldPoint = { offset: START, state: INITIAL_STATE, chunkCount: 0, entryCount: 0 };

const ENTRIES_BETWEEN = 512;
const MAX_POINTS_PER_RUN = 64;
const MAX_RUNS = 1_024;

interface RunPoints {
  /** In log order, {@link entriesBetween} apart. */
  kept: readonly FoldPoint[];
  entriesBetween: number;
  newest: FoldPoint;
}

/**
 * Remembers, for the runs looked at last, how far their logs were folded, so that a reader that attaches near the end of a long
 * run need not fold it from the beginning. A log never changes behind a point, so what is remembered stays true.
 */
export class FoldCheckpoints {
  /** The run used last stands last. */
  readonly #runs = new Map<string, RunPoints>();

  /** The furthest known point that has at most so many chunks before it. */
  atChunk(runId: string, chunkCount: number): FoldPoint {
    return this.#furthest(runId, (point) => point.chunkCount <= chunkCount);
  }

  /** The furthest known point. */
  newest(runId: string): FoldPoint {
    return this.#furthest(runId, () => true);
  }

  /** Remembers a point. */
  note(runId: string, point: FoldPoint): void {
    const points = this.#runs.get(runId);
    if (points === undefined) {
      this.#runs.set(runId, { kept: [], entriesBetween: ENTRIES_BETWEEN, newest: point });
      this.#forgetOldest();
      return;
    }
    // All readers of a live run come by with the same points; only the first of them changes anything.
    if (point.offset <= points.newest.offset) return;
    points.newest = point;
    const last = points.kept[points.kept.length - 1] ?? BEGINNING;
    if (point.entryCount - last.entryCount < points.entriesBetween) return;
    points.kept = [...points.kept, point];
    if (points.kept.length <= MAX_POINTS_PER_RUN) return;
    points.kept = points.kept.filter((_, index) => index % 2 === 1);
    points.entriesBetween *= 2;
  }

  #furthest(runId: string, fits: (point: FoldPoint) => boolean): FoldPoint {
    const points = this.#runs.get(runId);
    if (points === undefined) return BEGINNING;
    this.#runs.delete(runId);
    this.#runs.set(runId, points);
    return fits(points.newest) ? points.newest : (points.kept.findLast(fits) ?? BEGINNING);
  }

  #forgetOldest(): void {
    if (this.#runs.size <= MAX_RUNS) return;
    for (const runId of this.#runs.keys()) {
      this.#runs.delete(runId);
      return;
    }
  }
}
