import type { Entry } from "../../core/entry.ts";
import type { Encoder } from "../../core/protocol.ts";
import { frameOf, type AiSdkVersion, type UiMessageChunk } from "./chunk.ts";
import { aiSdkEncoder } from "./encode.ts";
import { FoldCheckpoints } from "../fold-checkpoints.ts";
import type { FoldPoint } from "./fold-point.ts";
import type { RunView } from "./run-view.ts";
import type { AiSdkState } from "./state.ts";

/** Entries as they go to a socket. */
export interface EncodedBatch {
  /** Server-sent events. Shared by readers: never written to. */
  readonly bytes: Uint8Array;
  readonly after: FoldPoint;
}

interface Memo {
  readonly key: string;
  readonly before: FoldPoint;
  readonly batch: EncodedBatch;
}

const utf8 = new TextEncoder();
const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * Encodes and serialises a batch of entries once, however many readers it goes to: local readers of a run are handed the same
 * batch object, and the chunks of a log prefix are the same for all of them.
 */
export class SharedEncoding {
  readonly version: AiSdkVersion;
  readonly #memos = new WeakMap<readonly Entry[], Memo>();
  readonly #checkpoints = new FoldCheckpoints<FoldPoint>();
  readonly #counts = new Map<string, Promise<number>>();

  constructor(version: AiSdkVersion) {
    this.version = version;
  }

  /** The furthest known point of the run's log with at most so many chunks before it; the beginning if none is known. */
  pointAtChunk({ key, beginning }: RunView, chunkCount: number): FoldPoint {
    return laterOf(
      this.#checkpoints.furthest(key, (point) => point.chunkCount <= chunkCount),
      beginning,
    );
  }

  /** The furthest known point; the beginning if none is known. */
  newestPoint({ key, beginning }: RunView): FoldPoint {
    return laterOf(this.#checkpoints.furthest(key), beginning);
  }

  /** Encodes the entries that follow a point. */
  encode(view: RunView, before: FoldPoint, entries: readonly Entry[]): EncodedBatch {
    const memo = this.#memos.get(entries);
    // A point is wholly determined by its run and offset, so equal offsets are enough.
    if (memo !== undefined && memo.key === view.key && memo.before.offset === before.offset) return memo.batch;
    const batch = this.#encodeFrom(view, before, entries, before.chunkCount);
    this.#memos.set(entries, { key: view.key, before, batch });
    return batch;
  }

  /** The same, without the chunks before an index of the run. */
  encodeFrom(view: RunView, before: FoldPoint, entries: readonly Entry[], chunkIndex: number): EncodedBatch {
    return chunkIndex <= before.chunkCount ? this.encode(view, before, entries) : this.#encodeFrom(view, before, entries, chunkIndex);
  }

  /** Folds the entries that follow a point, without serialising them. */
  fold(view: RunView, before: FoldPoint, entries: readonly Entry[]): FoldPoint {
    return this.#fold(view, before, entries, () => undefined);
  }

  /** Runs a count of a run's chunks, or joins the one that is under way. */
  countOnce({ key }: RunView, count: () => Promise<number>): Promise<number> {
    const underWay = this.#counts.get(key);
    if (underWay !== undefined) return underWay;
    const counting = count().finally(() => this.#counts.delete(key));
    this.#counts.set(key, counting);
    return counting;
  }

  #encodeFrom(view: RunView, before: FoldPoint, entries: readonly Entry[], chunkIndex: number): EncodedBatch {
    let text = "";
    let index = before.chunkCount;
    const after = this.#fold(view, before, entries, (chunk) => {
      if (index >= chunkIndex) text += frameOf(chunk);
      index += 1;
    });
    return { bytes: text === "" ? NO_BYTES : utf8.encode(text), after };
  }

  #fold(view: RunView, before: FoldPoint, entries: readonly Entry[], take: (chunk: UiMessageChunk) => void): FoldPoint {
    const last = entries[entries.length - 1];
    if (last === undefined) return before;
    const encoder: Encoder<AiSdkState, UiMessageChunk> = aiSdkEncoder({ version: this.version, runId: view.run.id });
    let { state, chunkCount } = before;
    for (const { event } of entries) {
      const [next, chunks] = encoder.encode(state, event);
      state = next;
      chunkCount += chunks.length;
      for (const chunk of chunks) take(chunk);
    }
    const after = { offset: last.offset, state, chunkCount, entryCount: before.entryCount + entries.length };
    this.#checkpoints.note(view.key, after);
    return after;
  }
}

/** A view that was forgotten meanwhile begins at its own beginning. */
function laterOf(known: FoldPoint | undefined, beginning: FoldPoint): FoldPoint {
  return known === undefined || known.chunkCount < beginning.chunkCount ? beginning : known;
}
