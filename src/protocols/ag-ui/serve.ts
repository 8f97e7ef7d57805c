import { START } from "../../core/offset.ts";
import { eventStream } from "../sse.ts";
import { formatCursor, type Cursor } from "../cursor.ts";
import type { AgUiEvent } from "./event.ts";
import { eventBatches, followed, type RunReader, type TimedEvent } from "./event-batches.ts";
import { PROTOBUF_TYPE, protobufFrame, sseFrame, type Media } from "./frame.ts";
import { foldTo } from "./run-fold.ts";

/** Tells a client that the stream has no end of its own. */
const FOLLOWING = { "x-holdfast-following": "true" };

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
    body: (signal) => framesIn(media, eventBatches(serving, start, joined, signal)),
    closing: engine.closing,
    onClosing: "end",
    isBinary: media === "protobuf",
    headers: {
      ...(media === "protobuf" && { "content-type": PROTOBUF_TYPE }),
      "x-holdfast-run-id": run.id,
      // The stream ends with this one.
      ...(serving.next && { "x-holdfast-next-run-id": serving.next.run.id }),
      // A thread id may hold what a header may not.
      "x-holdfast-thread-id": encodeURIComponent(run.threadId),
      "x-holdfast-cursor": formatCursor(start),
      ...(serving.isFollowing === true && FOLLOWING),
    },
  });
}

/** The same for events that stand in no log. `followedThread`: a thread whose runs are streamed behind them as they begin. */
export function serveEvents(client: Omit<Serving, "run" | "runId" | "isJoining">, events: readonly AgUiEvent[], followedThread?: string): Response {
  const { engine, media } = client;
  const isBinary = media === "protobuf";
  const write = isBinary ? protobufFrame : sseFrame;
  const at = Date.now();
  return eventStream({
    body: async function* (signal) {
      for (const event of events) yield write(event, undefined, at);
      if (followedThread !== undefined) yield* framesIn(media, followed(client, followedThread, undefined, signal));
    },
    closing: engine.closing,
    onClosing: "end",
    isBinary,
    headers: { ...(isBinary && { "content-type": PROTOBUF_TYPE }), ...(followedThread !== undefined && FOLLOWING) },
  });
}

/** The same without a response: the events of a run as they are committed. */
export async function* runEvents(serving: Omit<Serving, "media">, signal: AbortSignal): AsyncGenerator<TimedEvent, void, void> {
  const joined = serving.isJoining ? await foldTo(serving.engine, serving, "newest", signal) : undefined;
  const start: Cursor = { runId: serving.run.id, offset: joined?.offset ?? START, isPrelude: joined !== undefined, ...(joined && { taken: 0 }) };
  for await (const events of eventBatches(serving, start, joined, signal)) yield* events;
}

/** Frames that are ready together go out together: a reader that catches up costs one write for many of them. */
async function* framesIn(media: Media, batches: AsyncIterable<readonly TimedEvent[]>): AsyncGenerator<string | Uint8Array, void, void> {
  for await (const batch of batches) {
    if (media === "protobuf") {
      for (const { event, cursor, at } of batch) yield protobufFrame(event, cursor, at);
      continue;
    }
    let text = "";
    for (const { event, cursor, at } of batch) text += sseFrame(event, cursor, at);
    if (text !== "") yield text;
  }
}
