import type { Entry } from "../../core/entry.ts";
import type { Encoder } from "../../core/protocol.ts";
import { frameOf, type AiSdkVersion, type UiMessageChunk } from "./chunk.ts";
import { aiSdkEncoder } from "./encode.ts";
import { FoldCheckpoints, type FoldPoint } from "./fold-checkpoints.ts";
import type { AiSdkState } from "./state.ts";

/** Entries as they go to a socket. */
export interface EncodedBatch {
  /** Server-sent events. Shared by readers: never written to. */
  readonly bytes: Uint8Array;
  readonly after: FoldPoint;
}

interface Memo {
  readonly runId: string;
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
  readonly #version: AiSdkVersion;
  readonly #memos = new WeakMap<readonly Entry[], Memo>();
  readonly #checkpoints = new FoldCheckpoints();
  readonly #counts = new Map<string, Promise<number>>();

  constructor(version: AiSdkVersion) {
    this.#version = version;
  }

  /** The furthest known point with at most so many chunks before it; the beginning if none is known. */
  pointAtChunk(runId: string, chunkCount: number): FoldPoint {
    return this.#checkpoints.atChunk(runId, chunkCount);
  }

  /** The furthest known point; the beginning if none is known. */
  newestPoint(runId: string): FoldPoint {
    return this.#checkpoints.newest(runId);
  }

  /** Encodes the entries that follow a point. */
  encode(runId: string, before: FoldPoint, entries: readonly Entry[]): EncodedBatch {
    const memo = this.#memos.get(entries);
    // A point is wholly determined by its run and offset, so equal offsets are enough.
    if (memo !== undefined && memo.runId === runId && memo.before.offset === before.offset) return memo.batch;
    const batch = this.#encodeFrom(runId, before, entries, before.chunkCount);
    this.#memos.set(entries, { runId, before, batch });
    return batch;
  }

  /** The same, without the chunks before an index of the run. */
  encodeFrom(runId: string, before: FoldPoint, entries: readonly Entry[], chunkIndex: number): EncodedBatch {
    return chunkIndex <= before.chunkCount ? this.encode(runId, before, entries) : this.#encodeFrom(runId, before, entries, chunkIndex);
  }

  /** Folds the entries that follow a point, without serialising them. */
  fold(runId: string, before: FoldPoint, entries: readonly Entry[]): FoldPoint {
    return this.#fold(runId, before, entries, () => undefined);
  }

  /** Runs a count of a run's chunks, or joins the one that is under way. */
  countOnce(runId: string, count: () => Promise<number>): Promise<number> {
    const underWay = this.#counts.get(runId);
    if (underWay !== undefined) return underWay;
    const counting = count().finally(() => this.#counts.delete(runId));
    this.#counts.set(runId, counting);
    return counting;
  }

  #encodeFrom(runId: string, before: FoldPoint, entries: readonly Entry[], chunkIndex: number): EncodedBatch {
    let text = "";
    let index = before.chunkCount;
    const after = this.#fold(runId, before, entries, (chunk) => {
      if (index >= chunkIndex) text += frameOf(chunk);
      index += 1;
    });
    return { bytes: text === "" ? NO_BYTES : utf8.encode(text), after };
  }

  #fold(runId: string, before: FoldPoint, entries: readonly Entry[], take: (chunk: UiMessageChunk) => void): FoldPoint {
    const last = entries[entries.length - 1];
    if (last === undefined) return before;
    const encoder: Encoder<AiSdkState, UiMessageChunk> = aiSdkEncoder({ version: this.#version, runId });
    let { state, chunkCount } = before;
    for (const { event } of entries) {
      const [next, chunks] = encoder.encode(state, event);
      state = next;
      chunkCount += chunks.length;
      for (const chunk of chunks) take(chunk);
    }
    const after = { offset: last.offset, state, chunkCount, entryCount: before.entryCount + entries.length };
    this.#checkpoints.note(runId, after);
    return after;
  }
}
