import { HoldfastError } from "../../core/error.ts";
import type { JsonObject } from "../../core/json.ts";
import { START, type Offset } from "../../core/offset.ts";
import type { Engine } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";
import { formatCursor, type Cursor } from "../cursor.ts";
import { checkpointsByEngine, type FoldPlace } from "../fold-checkpoints.ts";
import { eventStream } from "../sse.ts";
import { cedarEncoder } from "./encode.ts";
import { DONE_FRAME, frameText } from "./frame.ts";
import { additionalContextOf } from "./start.ts";
import type { CedarState } from "./state.ts";

/** The response that streams a run, from the beginning or from behind a cursor. */
export function serveRun(engine: Engine, run: Run, after?: Cursor): Response {
  const start: Cursor = after ?? { runId: run.id, offset: START, isPrelude: false };
  return eventStream({
    body: (signal) => framesOf(engine, run, start, signal),
    closing: engine.closing,
    // A body that just ends is a whole answer to the stock client.
    onClosing: "reset",
    headers: { ...runHeaders(run), "x-holdfast-cursor": formatCursor(start) },
  });
}

/** The same for objects that stand in no log. */
export function serveObjects(engine: Pick<Engine, "closing">, objects: readonly JsonObject[], headers: Readonly<Record<string, string>> = {}): Response {
  return eventStream({
    body: async function* () {
      for (const object of objects) yield frameText({ kind: "object", object });
      yield* doneFrame();
    },
    closing: engine.closing,
    onClosing: "reset",
    headers,
  });
}

export function runHeaders(run: Pick<Run, "id" | "threadId">): Readonly<Record<string, string>> {
  // A thread id may hold what a header may not.
  return { "x-holdfast-run-id": run.id, "x-holdfast-thread-id": encodeURIComponent(run.threadId) };
}

interface EncodedPlace extends FoldPlace {
  readonly state: CedarState;
}

/** Where the readers of an engine got to: one that comes back near the end of a long run need not fold it again. */
const placesOf = checkpointsByEngine<EncodedPlace>();

async function* framesOf(engine: Engine, run: Run, start: Cursor, signal: AbortSignal): AsyncGenerator<string, void, void> {
  const encoder = cedarEncoder({ runId: run.id, ...withContext(run) });
  const places = placesOf(engine);
  const known = places.furthest(run.id, ({ offset }) => offset < start.offset);
  let { offset, state, entryCount }: EncodedPlace = known ?? { offset: START, state: encoder.initial, entryCount: 0 };
  for await (const entries of engine.tail(run, offset, signal)) {
    let text = "";
    for (const entry of entries) {
      const [next, frames] = encoder.encode(state, entry.event);
      state = next;
      offset = entry.offset;
      for (let index = firstOf(start, offset, frames.length); index < frames.length; index += 1) {
        const frame = frames[index];
        if (frame !== undefined) text += frameText(frame, formatCursor({ runId: run.id, offset, taken: index + 1, isPrelude: false }));
      }
    }
    entryCount += entries.length;
    places.note(run.id, { offset, state, entryCount });
    if (text !== "") yield text;
  }
  if (state.isEnded) yield* doneFrame();
  else if (!signal.aborted) throw new HoldfastError("INTERNAL", `The log of run ${run.id} stopped before its end; attach again.`);
}

/** The index of the first frame of an entry that the client has not been sent. */
function firstOf({ offset: seen, taken }: Cursor, offset: Offset, count: number): number {
  if (offset > seen) return 0;
  return offset < seen ? count : (taken ?? count);
}

/** Frames that are ready together go out together, so this one is not ready before the others are out. */
async function* doneFrame(): AsyncGenerator<string, void, void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve);
  });
  yield DONE_FRAME;
}

export function withContext(run: Run): { readonly additionalContext?: NonNullable<ReturnType<typeof additionalContextOf>> } {
  const additionalContext = additionalContextOf(run);
  return additionalContext === undefined || additionalContext === null ? {} : { additionalContext };
}
