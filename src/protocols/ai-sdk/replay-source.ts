import { HoldfastError } from "../../core/error.ts";
import type { Engine } from "../../core/protocol.ts";
import { DONE_FRAME, frameOf } from "./chunk.ts";
import type { RunView } from "./run-view.ts";
import type { SharedEncoding } from "./shared-encoding.ts";

/** What a reader of a run is sent. */
export interface ReplayRequest {
  readonly engine: Pick<Engine, "tail" | "closing">;
  readonly encoding: SharedEncoding;
  readonly view: RunView;
  /** The index of the first chunk that is sent. */
  readonly fromChunk: number;
  /** Called with the count of the run's chunks that were handed out so far, those before `fromChunk` included. */
  readonly onServed?: (chunkCount: number) => void;
  /** Called when the end of the run is handed out. */
  readonly onEnd?: () => void;
}

/** All that a reader needs that has nothing to wait for. */
export const FINISH_FRAMES: string = frameOf({ type: "finish" }) + DONE_FRAME;

/**
 * The chunks of a run from an index on, to its end, as server-sent events. A reader that has every chunk of an ended run already
 * gets a `finish`, since its client asks again until it sees one. Ends early when the signal is aborted.
 * @throws {HoldfastError} INTERNAL when the log stops without a terminal event
 */
export async function* replaySource(request: ReplayRequest, signal: AbortSignal): AsyncGenerator<string | Uint8Array, void, void> {
  const { engine, encoding, view, fromChunk, onServed, onEnd } = request;
  const { run, before } = view;
  if (fromChunk < before.length) yield before.slice(fromChunk).join("");
  let point = encoding.pointAtChunk(view, fromChunk);
  if (!point.state.isEnded) {
    for await (const entries of engine.tail(run, point.offset, signal)) {
      const batch = encoding.encodeFrom(view, point, entries, fromChunk);
      point = batch.after;
      onServed?.(point.chunkCount);
      if (batch.bytes.length > 0) yield batch.bytes;
      if (point.state.isEnded) break;
    }
  }
  if (point.state.isEnded) {
    onEnd?.();
    yield point.chunkCount > fromChunk ? DONE_FRAME : FINISH_FRAMES;
  } else if (!signal.aborted) throw new HoldfastError("INTERNAL", `The log of run ${run.id} stopped before its end; attach again.`);
}

/** How many chunks of a view are stored by now. Folds only what no reader has folded yet, and once for readers that ask together. */
export function countChunks(engine: Pick<Engine, "tail" | "lastOffset">, encoding: SharedEncoding, view: RunView): Promise<number> {
  return encoding.countOnce(view, () => foldToEnd(engine, encoding, view));
}

async function foldToEnd(engine: Pick<Engine, "tail" | "lastOffset">, encoding: SharedEncoding, view: RunView): Promise<number> {
  const last = await engine.lastOffset(view.run);
  let point = encoding.newestPoint(view);
  if (point.offset >= last) return point.chunkCount;
  const reading = new AbortController();
  try {
    for await (const entries of engine.tail(view.run, point.offset, reading.signal)) {
      point = encoding.fold(view, point, entries);
      if (point.offset >= last) break;
    }
  } finally {
    reading.abort();
  }
  return point.chunkCount;
}
