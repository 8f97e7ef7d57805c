import { START } from "../../core/offset.ts";
import type { Engine } from "../../core/protocol.ts";
import { eventStream } from "../sse.ts";
import { formatCursor, type Cursor } from "../cursor.ts";
import type { AgUiEvent } from "./event.ts";
import { eventBatches, type RunReader, type TimedEvent } from "./event-batches.ts";
import { PROTOBUF_TYPE, protobufFrame, sseFrame, type Media } from "./frame.ts";
import { foldTo, type FoldPoint } from "./run-fold.ts";

/** What a response streams, and to whom. */
export interface Serving extends RunReader {
  readonly media: Media;
  /** What the client has seen of it; nothing where left out. */
  readonly after?: Cursor;
  /** Where the client comes late: it is shown first what there is by then. */
  readonly isJoining: boolean;
}

/** The response that streams a run: its events from the beginning, from behind a cursor, or what there is by now and what follows. */
export async function serveRun(serving: Serving): Promise<Response> {
  const { engine, run, media } = serving;
  // What a viewer is shown first is fixed before the answer begins, so that it is the same however often the viewer comes back for the rest.
  const joined = serving.after === undefined && serving.isJoining ? await foldTo(engine, serving, "newest", engine.closing) : undefined;
  const start: Cursor = serving.after ?? { runId: run.id, offset: joined?.offset ?? START, isPrelude: joined !== undefined, ...(joined && { taken: 0 }) };
  return eventStream({
    body: (signal) => framesOf(serving, start, joined, signal),
    closing: engine.closing,
    onClosing: "end",
    isBinary: media === "protobuf",
    headers: {
      ...(media === "protobuf" && { "content-type": PROTOBUF_TYPE }),
      "x-holdfast-run-id": run.id,
      // A thread id may hold what a header may not.
      "x-holdfast-thread-id": encodeURIComponent(run.threadId),
      "x-holdfast-cursor": formatCursor(start),
    },
  });
}

/** The same for events that stand in no log. */
export function serveEvents(engine: Pick<Engine, "closing">, events: readonly AgUiEvent[], wire: { readonly media: Media; readonly at: number }): Response {
  const isBinary = wire.media === "protobuf";
  const write = isBinary ? protobufFrame : sseFrame;
  return eventStream({
    body: async function* () {
      for (const event of events) yield write(event, undefined, wire.at);
    },
    closing: engine.closing,
    onClosing: "end",
    isBinary,
    headers: isBinary ? { "content-type": PROTOBUF_TYPE } : {},
  });
}

/** The same without a response: the events of a run as they are committed. */
export async function* runEvents(serving: Omit<Serving, "media">, signal: AbortSignal): AsyncGenerator<TimedEvent, void, void> {
  const joined = serving.isJoining ? await foldTo(serving.engine, serving, "newest", signal) : undefined;
  const start: Cursor = { runId: serving.run.id, offset: joined?.offset ?? START, isPrelude: joined !== undefined };
  for await (const events of eventBatches(serving, start, joined, signal)) yield* events;
}

/** Frames that are ready together go out together: a reader that catches up costs one write for many of them. */
async function* framesOf(serving: Serving, start: Cursor, joined: FoldPoint | undefined, signal: AbortSignal): AsyncGenerator<string | Uint8Array, void, void> {
  if (serving.media === "protobuf") {
    for await (const batch of eventBatches(serving, start, joined, signal)) {
      for (const { event, cursor, at } of batch) yield protobufFrame(event, cursor, at);
    }
    return;
  }
  for await (const batch of eventBatches(serving, start, joined, signal)) {
    let text = "";
    for (const { event, cursor, at } of batch) text += sseFrame(event, cursor, at);
    yield text;
  }
}
