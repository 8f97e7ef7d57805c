/** What a frame of a run's event stream says about the run. */
export interface EventFrame {
  /** As it came, with the blank line that ends it. */
  readonly text: string;
  /** Whether it only keeps the connection busy. */
  readonly isComment: boolean;
  /** Its `id:`, a cursor behind it. */
  readonly id?: string;
  /** Its `event:`, where it has one. */
  readonly event?: string;
  /** Its `data:` lines; empty where it has none. */
  readonly data: string;
  readonly runEvent?: RunEvent;
}

/** An event that begins or ends a run. */
export interface RunEvent {
  readonly type: "RUN_STARTED" | "RUN_FINISHED" | "RUN_ERROR";
  readonly runId?: string;
}

const FRAME_END = "\n\n";

/**
 * The whole frames of a body, as they come. What a cut leaves of the last one is dropped: a torn frame is no event.
 * Aborting the signal ends it, and leaves the body.
 * @throws whatever reading the body throws
 */
export async function* eventFrames(body: ReadableStream<Uint8Array>, signal?: AbortSignal): AsyncGenerator<EventFrame, void, void> {
  const reader = body.getReader();
  const leave = (): void => void reader.cancel().catch(() => undefined);
  signal?.addEventListener("abort", leave);
  if (signal?.aborted === true) leave();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const searchFrom = Math.max(0, rest.length - 1);
      rest += decoder.decode(piece.value, { stream: true });
      let start = 0;
      for (let end = rest.indexOf(FRAME_END, searchFrom); end >= 0; end = rest.indexOf(FRAME_END, start)) {
        yield frameOf(rest.slice(start, end + FRAME_END.length));
        start = end + FRAME_END.length;
      }
      rest = rest.slice(start);
    }
  } finally {
    signal?.removeEventListener("abort", leave);
    // A body that nobody reads would hold its connection.
    leave();
  }
}

function frameOf(text: string): EventFrame {
  const id = fieldsOf(text, "id").at(-1);
  const event = fieldsOf(text, "event").at(-1);
  const data = fieldsOf(text, "data").join("\n");
  const runEvent = runEventOf(data);
  return { text, isComment: text.startsWith(":"), ...(id !== undefined && { id }), ...(event !== undefined && { event }), data, ...(runEvent && { runEvent }) };
}

function runEventOf(data: string): RunEvent | undefined {
  // Only spares most frames the parser: a message may hold these words too.
  if (!data.includes('"RUN_')) return undefined;
  try {
    const event = JSON.parse(data) as Partial<RunEvent> | null;
    return event?.type === "RUN_STARTED" || event?.type === "RUN_FINISHED" || event?.type === "RUN_ERROR" ? (event as RunEvent) : undefined;
  } catch {
    // Whoever reads the stream is told so by its own parser.
    return undefined;
  }
}

/** Lines end with LF and nothing else: a text may hold whatever other programs take for a line end. */
function fieldsOf(text: string, name: "id" | "event" | "data"): readonly string[] {
  const begin = `${name}:`;
  return text.split("\n").flatMap((line) => (line.startsWith(begin) ? [line.slice(begin.length).replace(/^ /, "")] : []));
}
