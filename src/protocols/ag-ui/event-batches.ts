import { isTerminalEvent } from "../../core/event.ts";
import { START, type Offset } from "../../core/offset.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";
import { checkpointsByEngine } from "../fold-checkpoints.ts";
import { formatCursor, type Cursor } from "../cursor.ts";
import type { AgUiChunk, AgUiEvent, AgUiMessage } from "./event.ts";
import { historyAround } from "./history.ts";
import { preludeOf, snapshotOf } from "./prelude.ts";
import { applyChunk } from "./replica.ts";
import { beginningOf, encoderOf, foldTo, wireKey, withAnswers, type EncodedPlace, type FoldPoint, type RunWire } from "./run-fold.ts";
import { messagesOfRun } from "./run-messages.ts";
import { withSent } from "./sent-messages.ts";
import { answeredOf, withoutAnswered } from "./stored-answers.ts";

/** Who reads a run, and how it is told. */
export interface RunReader extends RunWire {
  readonly engine: Engine;
  readonly principal: Principal;
  /** Whether the runs that begin on the thread later are read too. */
  readonly isFollowing?: boolean;
  /** The conversation as the client sent it, where the stream answers a request that did. */
  readonly sent?: readonly AgUiMessage[];
  /** The run that the same request is about next, once this one has ended, and what the client calls that one. */
  readonly next?: { readonly run: Run; readonly runId: string };
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
  const { engine, run } = reader;
  if (start.isPrelude) {
    yield* joinedBatches(reader, joined ?? (await foldTo(engine, reader, start.offset, signal)), start, signal);
  } else {
    const known = placesOf(engine).furthest(wireKey(reader), ({ offset }) => offset < start.offset);
    yield* tail(reader, known ?? (await beginningOf(engine, reader)), start, signal);
  }
  if (reader.next !== undefined && !signal.aborted) {
    const wire = { ...reader, ...reader.next, ...(await sentBehind(reader)) };
    yield* tail(wire, await beginningOf(engine, wire), { runId: wire.run.id, offset: START, isPrelude: false }, signal);
  }
  if (reader.isFollowing === true) yield* followed(reader, run.threadId, run, signal);
}

/** The runs that begin on a thread behind the given one. The stream of a run says nothing of its question: a viewer has to be shown it. */
export async function* followed(
  reader: Omit<RunReader, "run" | "runId">,
  threadId: string,
  after: Run | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly TimedEvent[], void, void> {
  const { engine, principal } = reader;
  for await (const run of engine.followThread(principal, threadId, after, signal)) {
    const wire = { ...reader, run, runId: run.clientRunId ?? run.id };
    const begun = await foldTo(engine, wire, "newest", signal);
    yield* joinedBatches(wire, begun, { runId: run.id, offset: begun.offset, taken: 0, isPrelude: true }, signal);
  }
}

/** The conversation of the client behind a run that has ended. */
async function sentBehind({ engine, principal, run, sent }: RunReader): Promise<Pick<RunReader, "sent">> {
  return sent === undefined ? {} : { sent: withSent(sent, { before: [], after: [] }, await messagesOfRun(engine, principal, run.id)) };
}

/** What a viewer is shown first, without what it has been sent of it, and what follows. */
async function* joinedBatches(reader: RunReader, point: FoldPoint, start: Cursor, signal: AbortSignal): AsyncGenerator<readonly TimedEvent[], void, void> {
  const { engine, principal, run, runId, generation } = reader;
  const answered = await answeredOf(engine, principal, run);
  const { state, replica } = withAnswers(reader, point, answered);
  const { before, after } = await historyAround(engine, principal, run, replica.messages);
  const shown = { ...replica, messages: [...replica.messages, ...after] };
  const events = preludeOf({ runId, threadId: run.threadId, generation, history: before, replica: shown });
  const { offset } = point;
  yield events
    .map((event, index) => ({ event, cursor: formatCursor({ runId: run.id, offset, taken: index + 1, isPrelude: true }), at: run.createdAt }))
    .slice(start.taken ?? events.length);
  yield* tail(reader, { ...point, state }, start, signal, answered);
}

/** Where the readers of an engine got to: one that comes back near the end of a long run need not fold it again. */
const placesOf = checkpointsByEngine<EncodedPlace>();

/** The events of the entries behind a point, without those that the client has. `answered`: what is answered though the log does not say so yet. */
async function* tail(
  reader: RunReader,
  point: EncodedPlace,
  start: Cursor,
  signal: AbortSignal,
  answered: readonly Interrupt[] = [],
): AsyncGenerator<readonly TimedEvent[], void, void> {
  const { engine, run } = reader;
  const encoder = encoderOf(reader);
  const [places, key] = [placesOf(engine), wireKey(reader)];
  let { state, offset: before, entryCount } = point;
  for await (const entries of engine.tail(run, point.offset, signal)) {
    const batch: TimedEvent[] = [];
    for (const { event: logged, offset, at } of entries) {
      const [next, chunks] = encoder.encode(state, isTerminalEvent(logged) ? withoutAnswered(logged, answered) : logged);
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
    if (answered.length === 0) places.note(key, { offset: before, state, entryCount });
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
  const { engine, principal, run, generation, sent } = reader;
  const point = await foldTo(engine, reader, before, signal);
  const replica = chunks.reduce(applyChunk, point.replica);
  const history = await historyAround(engine, principal, run, replica.messages);
  if (sent === undefined)
    return snapshotOf({ generation, history: history.before, replica: { ...replica, messages: [...replica.messages, ...history.after] } });
  return snapshotOf({ generation, history: [], replica: { ...replica, messages: withSent(sent, history, replica.messages) } });
}
