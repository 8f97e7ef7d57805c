import { ReadyFrames } from "./ready-frames.ts";

const encoder = new TextEncoder();

/** A comment: clients skip it, proxies and runtimes send the headers with it. */
const PING: Uint8Array = encoder.encode(": ping\n\n");

const DEFAULT_KEEP_ALIVE_MS = 15_000;

/** Some clients come back at once and without limit when a body ends, so a server that is closing answers them slowly. */
const HOLD_WHILE_CLOSING_MS = 1_000;

/** What {@link eventStream} sends, and when it stops. */
export interface EventStreamOptions {
  /** Whole frames. Pulled only when the socket has taken what came before; the signal is aborted when nobody reads any more. */
  readonly body: (signal: AbortSignal) => AsyncIterable<string | Uint8Array>;
  /** Aborted when the server shuts down. */
  readonly closing: AbortSignal;
  /** What a client sees then: a complete body (`end`) or a broken connection (`reset`). */
  readonly onClosing: "end" | "reset";
  /** The longest silence, in milliseconds; 15,000 if left out. */
  readonly keepAliveMs?: number;
  /** Frames of a format that has no comments: nothing is sent but them. */
  readonly isBinary?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A response of server-sent events that holds no more than one frame batch in memory, however slow its reader is. */
export function eventStream(options: EventStreamOptions): Response {
  // A plain stream, not a byte stream: byte streams take the buffers they are given, and these are shared by readers.
  const stream = new ReadableStream<Uint8Array>(new EventStreamSource(options), { highWaterMark: 0 });
  return new Response(stream, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "private, no-cache, no-transform",
      "x-accel-buffering": "no",
      ...options.headers,
    },
  });
}

class EventStreamSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #options: EventStreamOptions;
  readonly #abort = new AbortController();
  #frames: ReadyFrames | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isQuiet = false;
  #isOver = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    if (this.#options.isBinary !== true) controller.enqueue(PING);
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    // Opened by the first read: a response that nobody reads holds no timer and no listener.
    const frames = this.#frames ?? this.#open();
    try {
      const ready = await frames.takeReady();
      if (this.#isOver) return;
      if (ready === undefined) {
        this.#release();
        controller.close();
        return;
      }
      this.#isQuiet = false;
      controller.enqueue(ready);
    } catch (error) {
      if (this.#isOver) return;
      this.#release();
      controller.error(error);
    }
  }

  cancel(): void {
    this.#release();
  }

  #open(): ReadyFrames {
    const { body, closing, onClosing, keepAliveMs = DEFAULT_KEEP_ALIVE_MS } = this.#options;
    const frames = new ReadyFrames(body(this.#abort.signal));
    this.#frames = frames;
    if (closing.aborted) {
      if (onClosing === "reset") this.#close();
      else this.#timer = setInterval(this.#close, HOLD_WHILE_CLOSING_MS);
      return frames;
    }
    closing.addEventListener("abort", this.#close);
    // Two ticks to one keep-alive, so that a silence that began just after a tick is not longer than promised.
    this.#timer = setInterval(this.#keepAlive, keepAliveMs / 2);
    return frames;
  }

  readonly #keepAlive = (): void => {
    // A reader that has not taken the last bytes gets no more of them.
    const isWaiting = (this.#controller?.desiredSize ?? -1) >= 0;
    const isDue = this.#isQuiet && isWaiting && this.#options.isBinary !== true;
    if (isDue) this.#controller?.enqueue(PING);
    this.#isQuiet = !isDue;
  };

  readonly #close = (): void => {
    if (this.#isOver) return;
    this.#release();
    if (this.#options.onClosing === "end") this.#controller?.close();
    else this.#controller?.error(shutDown());
  };

  #release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#options.closing.removeEventListener("abort", this.#close);
    this.#abort.abort();
    this.#frames?.stop();
  }
}

/** Servers print the error of a stream that is reset: one line says it all. */
function shutDown(): Error {
  const error = new Error("The server is shutting down; the stream is reset.");
  error.stack = error.message;
  return error;
}
