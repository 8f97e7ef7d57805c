import { describe, expect, it } from "vitest";
import { offsetOf } from "../core/offset.ts";
import { FoldCheckpoints, type FoldPlace } from "./fold-checkpoints.ts";

interface Place extends FoldPlace {
  readonly chunkCount: number;
}

/** A run whose entries become two chunks each. */
function point(entryCount: number): Place {
  return { offset: offsetOf(entryCount), entryCount, chunkCount: entryCount * 2 };
}

function newest(points: FoldCheckpoints<Place>, runId: string): Place | undefined {
  return points.furthest(runId);
}

function atChunk(points: FoldCheckpoints<Place>, runId: string, chunkCount: number): Place | undefined {
  return points.furthest(runId, (place) => place.chunkCount <= chunkCount);
}

describe("the checkpoints of a fold", () => {
  it("of a run that nobody read begin at the beginning", () => {
    expect(new FoldCheckpoints().furthest("run_1")).toBeUndefined();
  });

  it("lead to a place at most a batch and the distance of two checkpoints before a chunk", () => {
    const points = new FoldCheckpoints<Place>();
    for (let entries = 100; entries <= 10_000; entries += 100) points.note("run_1", point(entries));
    expect(newest(points, "run_1")).toEqual(point(10_000));
    for (const chunk of [0, 1_500, 7_001, 19_998]) {
      const found = atChunk(points, "run_1", chunk)?.chunkCount ?? 0;
      expect(found).toBeLessThanOrEqual(chunk);
      expect(chunk - found).toBeLessThan(2 * 700);
    }
    expect(atChunk(points, "run_1", 20_000)).toEqual(point(10_000));
  });

  it("do not go back when a slower reader comes by", () => {
    const points = new FoldCheckpoints<Place>();
    points.note("run_1", point(900));
    points.note("run_1", point(100));
    expect(newest(points, "run_1")).toEqual(point(900));
  });

  it("of a run without end stay few, and stay useful", () => {
    const points = new FoldCheckpoints<Place>();
    for (let entries = 512; entries <= 512 * 2_000; entries += 512) points.note("run_1", point(entries));
    const middle = atChunk(points, "run_1", 1_000_000);
    expect(middle?.chunkCount).toBeGreaterThan(900_000);
  });

  it("are kept for the runs used last", () => {
    const points = new FoldCheckpoints<Place>();
    points.note("run_first", point(1));
    points.note("run_second", point(1));
    for (let run = 0; run < 1_023; run += 1) {
      points.note(`run_${run}`, point(1));
      newest(points, "run_first");
    }
    expect(newest(points, "run_first")).toEqual(point(1));
    expect(newest(points, "run_second")).toBeUndefined();
  });
});
