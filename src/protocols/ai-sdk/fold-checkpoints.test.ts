import { describe, expect, it } from "vitest";
import { offsetOf } from "../../core/offset.ts";
import { FoldCheckpoints, type FoldPoint } from "./fold-checkpoints.ts";
import { INITIAL_STATE } from "./state.ts";

/** A run whose entries become two chunks each. */
function point(entryCount: number): FoldPoint {
  return { offset: offsetOf(entryCount), state: INITIAL_STATE, entryCount, chunkCount: entryCount * 2 };
}

describe("the checkpoints of a fold", () => {
  it("of a run that nobody read begin at the beginning", () => {
    expect(new FoldCheckpoints().newest("run_1")).toMatchObject({ chunkCount: 0, entryCount: 0 });
  });

  it("lead to a place at most a batch and the distance of two checkpoints before a chunk", () => {
    const points = new FoldCheckpoints();
    for (let entries = 100; entries <= 10_000; entries += 100) points.note("run_1", point(entries));
    expect(points.newest("run_1")).toEqual(point(10_000));
    for (const chunk of [0, 1_500, 7_001, 19_998]) {
      const found = points.atChunk("run_1", chunk);
      expect(found.chunkCount).toBeLessThanOrEqual(chunk);
      expect(chunk - found.chunkCount).toBeLessThan(2 * 700);
    }
    expect(points.atChunk("run_1", 20_000)).toEqual(point(10_000));
  });

  it("do not go back when a slower reader comes by", () => {
    const points = new FoldCheckpoints();
    points.note("run_1", point(900));
    points.note("run_1", point(100));
    expect(points.newest("run_1")).toEqual(point(900));
  });

  it("of a run without end stay few, and stay useful", () => {
    const points = new FoldCheckpoints();
    for (let entries = 512; entries <= 512 * 2_000; entries += 512) points.note("run_1", point(entries));
    const middle = points.atChunk("run_1", 1_000_000);
    expect(middle.chunkCount).toBeGreaterThan(900_000);
  });

  it("are kept for the runs used last", () => {
    const points = new FoldCheckpoints();
    points.note("run_first", point(1));
    points.note("run_second", point(1));
    for (let run = 0; run < 1_023; run += 1) {
      points.note(`run_${run}`, point(1));
      points.newest("run_first");
    }
    expect(points.newest("run_first")).toEqual(point(1));
    expect(points.newest("run_second").entryCount).toBe(0);
  });
});
