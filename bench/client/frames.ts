import type { Stamp } from "../model/stamp.ts";
import { parseStamps } from "../model/stamp.ts";
import type { Reading } from "./reader.ts";

/** The text of one frame and when its last byte came. */
export interface TextArrival {
  readonly text: string;
  /** Microseconds on the machine's monotonic clock. */
  readonly atMicros: number;
}

/** A stamp and when a reader had it. */
export interface StampArrival extends Stamp {
  readonly arrivedAtMicros: number;
}

/** Every text delta of a stream of server-sent events, in order: AI SDK chunks, Mastra's own chunks and AG-UI events alike. */
export function textArrivals(reading: Reading): readonly TextArrival[] {
  const found: TextArrival[] = [];
  const decoder = new TextDecoder();
  let rest = "";
  for (const { bytes, atMicros } of reading.arrivals) {
    const frames = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
    rest = frames.pop() ?? "";
    for (const frame of frames) {
      const text = textOf(frame);
      if (text !== undefined) found.push({ text, atMicros });
    }
  }
  return found;
}

function textOf(frame: string): string | undefined {
  const data = frame.split("\n").find((line) => line.startsWith("data: {"));
  if (data === undefined) return undefined;
  const chunk = JSON.parse(data.slice("data: ".length)) as { type: string; delta?: string; payload?: { text?: string } };
  if (chunk.type === "TEXT_MESSAGE_CONTENT") return chunk.delta;
  return chunk.type === "text-delta" ? (chunk.delta ?? chunk.payload?.text) : undefined;
}

/** The whole text of a stream. */
export function wholeText(reading: Reading): string {
  return textArrivals(reading)
    .map((arrival) => arrival.text)
    .join("");
}

/** Every stamp of a stream of `stamps` text, with the time at which the reader had it. */
export function stampArrivals(reading: Reading): readonly StampArrival[] {
  return textArrivals(reading).flatMap((arrival) => parseStamps(arrival.text).map((stamp) => ({ ...stamp, arrivedAtMicros: arrival.atMicros })));
}

/** Whether a reader had every delta once and in order. */
export function isComplete(stamps: readonly Stamp[], deltas: number): boolean {
  return stamps.length === deltas && stamps.every((stamp, position) => stamp.index === position);
}
