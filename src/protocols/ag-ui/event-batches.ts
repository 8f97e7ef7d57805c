import type { Offset } from "../../core/offset.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import { FoldCheckpoints } from "../fold-checkpoints.ts";
import { formatCursor, type Cursor } from "../cursor.ts";
import type { AgUiChunk, AgUiEvent } from "./event.ts";
import { historyAround } from "./history.ts";
import { preludeOf, snapshotOf } from "./prelude.ts";
import { applyChunk } from "./replica.ts";
import { beginningOf, encoderOf, foldTo, wireKey, type EncodedPlace, type FoldPoint, type RunWire } from "./run-fold.ts";

/** Who reads a run, and how it is told. */
export interface RunReader extends RunWire {
  readonly engine: Engine;
  readonly principal: Principal;
  /** Whether the runs that begin on the thread later are read too. */
  readonly isFollowing?: boolean;
}

/** An event as it goes on the wire. */
export interface TimedEvent {
  readonly event: AgUiEvent;
  /** What a client sends to go on behind it. */
  readonly cursor: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/**
 * The events of a run from a cursor on, those together that are ready together. `joined`: the run as it is at the cursor, where that is
 * known already.
 */
export async function* eventBatches(
  reader: RunReader,
  start: Cursor,
  joined: FoldPoint | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly TimedEvent[], void, void> {
  const { engine, principal, run } = reader;
  if (start.isPrelude) {
    const point = joined ?? (await foldTo(engine, reader, start.offset, signal));
    yield await prelude(reader, point, start.taken ?? 0);
    yield* tail(reader, point, start, signal);
  } else {
    const known = placesOf(engine).furthest(wireKey(reader), ({ offset }) => offset < start.offset);
    yield* tail(reader, known ?? (await beginningOf(engine, reader)), start, signal);
  }
  if (reader.isFollowing !== true) return;
  for await (const next of engine.followThread(principal, run.threadId, run, signal)) {
    // The stream of a run says nothing of its question, which its own client has; a viewer has to be shown it.
    const wire = { ...reader, run: next, runId: next.clientRunId ?? next.id };
    const begun = await foldTo(engine, wire, "newest", signal);
    yield await prelude(wire, begun, 0);
    yield* tail(wire, begun, { runId: next.id, offset: begun.offset, isPrelude: true }, signal);
  }
}

/** Where the readers of an engine got to: one that comes back near the end of a long run need not fold it again. */
const PLACES = new WeakMap<Engine, FoldCheckpoints<EncodedPlace>>();

function placesOf(engine: Engine): FoldCheckpoints<EncodedPlace> {
  const known = PLACES.get(engine);
  if (known !== undefined) return known;
  const places = new FoldCheckpoints<EncodedPlace>();
  PLACES.set(engine, places);
  return places;
}

/** What a viewer is shown first, without what it has been sent of it. */
async function prelude(reader: RunReader, { offset, replica }: FoldPoint, taken: number): Promise<readonly TimedEvent[]> {
  const { engine, principal, run, runId, generation } = reader;
  const { before, after } = await historyAround(engine, principal, run);
  const shown = { ...replica, messages: [...replica.messages, ...after] };
  const events = preludeOf({ runId, threadId: run.threadId, generation, history: before, replica: shown });
  return events
    .map((event, index) => ({ event, cursor: formatCursor({ runId: run.id, offset, taken: index + 1, isPrelude: true }), at: run.createdAt }))
    .slice(taken);
}

/** The events of the entries behind a point, without those that the client has. */
async function* tail(reader: RunReader, point: EncodedPlace, start: Cursor, signal: AbortSignal): AsyncGenerator<readonly TimedEvent[], void, void> {
  const { engine, run } = reader;
  const encoder = encoderOf(reader);
  const [places, key] = [placesOf(engine), wireKey(reader)];
  let { state, offset: before, entryCount } = point;
  for await (const entries of engine.tail(run, point.offset, signal)) {
    const batch: TimedEvent[] = [];
    for (const { event: logged, offset, at } of entries) {
      const [next, chunks] = encoder.encode(state, logged);
      state = next;
      for (let index = firstOf(start, offset, chunks.length); index < chunks.length; index += 1) {
        const chunk = chunks[index];
        // Every client of the run knows already what its page gave.
        if (chunk === undefined || chunk.type === "PAGE_RESULT") continue;
        const event = chunk.type === "RESTATE" ? await restated(reader, before, chunks.slice(0, index + 1), signal) : chunk;
        batch.push({ event, cursor: `${run.id}:${offset}.${index + 1}`, at });
      }
      before = offset;
    }
    entryCount += entries.length;
    places.note(key, { offset: before, state, entryCount });
    if (batch.length > 0) yield batch;
  }
}

/** The index of the first chunk of an entry that the client has not been sent. */
function firstOf({ offset: seen, taken, isPrelude }: Cursor, offset: Offset, count: number): number {
  if (isPrelude || offset > seen) return 0;
  return offset < seen ? count : (taken ?? count);
}

/** The conversation as it stands behind the given chunks, which are of the entry behind `before`. */
async function restated(reader: RunReader, before: Offset, chunks: readonly AgUiChunk[], signal: AbortSignal): Promise<AgUiEvent> {
  const { engine, principal, run, generation } = reader;
  const point = await foldTo(engine, reader, before, signal);
  const replica = chunks.reduce(applyChunk, point.replica);
  const history = await historyAround(engine, principal, run);
  return snapshotOf({ generation, history: history.before, replica: { ...replica, messages: [...replica.messages, ...history.after] } });
}
