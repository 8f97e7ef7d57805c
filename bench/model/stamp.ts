/** A delta that says which one it is and when the model produced it. */
export interface Stamp {
  readonly index: number;
  /** Microseconds on the machine's monotonic clock, which all its processes share. */
  readonly atMicros: number;
}

/** Microseconds on the machine's monotonic clock: the same in every process, and never set back. */
export function nowMicros(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000_000 + Math.floor(nanoseconds / 1000);
}

/** The text of a stamped delta. */
export function printStamp(index: number): string {
  return `${String(index)}:${String(nowMicros())};`;
}

/** Reads every stamp of a text; deltas that were joined on their way give several. */
export function parseStamps(text: string): readonly Stamp[] {
  return text
    .split(";")
    .filter((piece) => piece !== "")
    .map((piece) => {
      const colon = piece.indexOf(":");
      return { index: Number(piece.slice(0, colon)), atMicros: Number(piece.slice(colon + 1)) };
    });
}
