import type { Offset } from "../core/offset.ts";
import type { Engine } from "../core/protocol.ts";

/** How far a log is folded. */
export interface FoldPlace {
  /** Of the last entry that was folded. */
  readonly offset: Offset;
  /** Entries before this place. */
  readonly entryCount: number;
}

const ENTRIES_BETWEEN = 512;
const MAX_POINTS_PER_RUN = 64;
const MAX_RUNS = 1_024;

interface RunPoints<Place extends FoldPlace> {
  /** In log order, {@link entriesBetween} apart. */
  kept: readonly Place[];
  entriesBetween: number;
  newest: Place;
}

/**
 * Remembers, for the runs looked at last, how far their logs were folded, so that a reader that attaches near the end of a long
 * run need not fold it from the beginning. A log never changes behind a point, so what is remembered stays true.
 */
export class FoldCheckpoints<Place extends FoldPlace> {
  /** The run used last stands last. */
  readonly #runs = new Map<string, RunPoints<Place>>();

  /** Remembers a point. */
  note(runId: string, point: Place): void {
    const points = this.#runs.get(runId);
    if (points === undefined) {
      this.#runs.set(runId, { kept: [], entriesBetween: ENTRIES_BETWEEN, newest: point });
      this.#forgetOldest();
      return;
    }
    // All readers of a live run come by with the same points; only the first of them changes anything.
    if (point.offset <= points.newest.offset) return;
    points.newest = point;
    const last = points.kept[points.kept.length - 1];
    if (point.entryCount - (last?.entryCount ?? 0) < points.entriesBetween) return;
    points.kept = [...points.kept, point];
    if (points.kept.length <= MAX_POINTS_PER_RUN) return;
    points.kept = points.kept.filter((_, index) => index % 2 === 1);
    points.entriesBetween *= 2;
  }

  /** The furthest known point that fits; `undefined` if none is known. */
  furthest(runId: string, fits: (point: Place) => boolean = () => true): Place | undefined {
    const points = this.#runs.get(runId);
    if (points === undefined) return undefined;
    this.#runs.delete(runId);
    this.#runs.set(runId, points);
    return fits(points.newest) ? points.newest : points.kept.findLast(fits);
  }

  #forgetOldest(): void {
    if (this.#runs.size <= MAX_RUNS) return;
    for (const runId of this.#runs.keys()) {
      this.#runs.delete(runId);
      return;
    }
  }
}

/** Gives the checkpoints of an engine, which last as long as it does. */
export function checkpointsByEngine<Place extends FoldPlace>(): (engine: Engine) => FoldCheckpoints<Place> {
  const byEngine = new WeakMap<Engine, FoldCheckpoints<Place>>();
  return (engine) => {
    const known = byEngine.get(engine);
    if (known !== undefined) return known;
    const checkpoints = new FoldCheckpoints<Place>();
    byEngine.set(engine, checkpoints);
    return checkpoints;
  };
}
