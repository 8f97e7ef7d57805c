import { percentile } from "../report/statistics.ts";
import type { StampArrival } from "./frames.ts";

/** How late readers were, over all of them. */
export interface Lateness {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How many stamps were counted. */
  readonly count: number;
}

/** From the model's stamp to the reader, for what the model produced within a window of time. */
export function latenessWithin(readers: readonly (readonly StampArrival[])[], fromMicros: number, toMicros: number): Lateness {
  const waits = readers.flatMap((stamps) =>
    stamps.filter((stamp) => stamp.atMicros >= fromMicros && stamp.atMicros <= toMicros).map((stamp) => (stamp.arrivedAtMicros - stamp.atMicros) / 1000),
  );
  return { p50Ms: percentile(waits, 0.5), p99Ms: percentile(waits, 0.99), maxMs: percentile(waits, 1), count: waits.length };
}

/** The figures of several rounds of one subject. */
export function latenessFigures(
  subject: string,
  rounds: readonly Lateness[],
): readonly { readonly subject: string; readonly measure: string; readonly unit: "ms"; readonly values: readonly number[] }[] {
  return (["p50Ms", "p99Ms", "maxMs"] as const).map((field) => ({
    subject,
    measure: `event to reader, ${field.slice(0, -2)}`,
    unit: "ms",
    values: rounds.map((round) => round[field]),
  }));
}
