import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number } }[];
  readonly samples: readonly number[];
  /** Microseconds between the samples. */
  readonly timeDeltas: readonly number[];
}

const TOP = 25;

/** The functions that took the most time themselves in the newest profile of a directory, one line each. */
export function printProfile(directory: string): string {
  const newest = readdirSync(directory)
    .filter((name) => name.endsWith(".cpuprofile"))
    .toSorted()
    .at(-1);
  if (newest === undefined) return "No profile was written.";
  const self = selfTimes(JSON.parse(readFileSync(join(directory, newest), "utf8")) as CpuProfile);
  const busy = [...self.values()].reduce((sum, micros) => sum + micros, 0);
  const top = [...self].toSorted((left, right) => right[1] - left[1]).slice(0, TOP);
  return top.map(([place, micros]) => `${((100 * micros) / busy).toFixed(1).padStart(5)} %  ${(micros / 1000).toFixed(0).padStart(6)} ms  ${place}`).join("\n");
}

/** Microseconds by function; waiting left out. */
function selfTimes(profile: CpuProfile): ReadonlyMap<string, number> {
  const places = new Map(profile.nodes.map((node) => [node.id, placeOf(node.callFrame)]));
  const times = new Map<string, number>();
  profile.samples.forEach((sample, index) => {
    const place = places.get(sample) ?? "";
    if (place === "(idle)") return;
    times.set(place, (times.get(place) ?? 0) + (profile.timeDeltas[index] ?? 0));
  });
  return times;
}

function placeOf(frame: CpuProfile["nodes"][number]["callFrame"]): string {
  if (frame.url === "") return frame.functionName === "" ? "(anonymous)" : frame.functionName;
  const file =
    frame.url
      .split("/node_modules/")
      .at(-1)
      ?.replace(/^.*\/(src|bench)\//, "$1/") ?? frame.url;
  return `${frame.functionName === "" ? "(anonymous)" : frame.functionName}  ${file}:${String(frame.lineNumber + 1)}`;
}
