import { eventFrames, type EventFrame } from "./event-frames.ts";
import type { Retry } from "./resilient-fetch.ts";
import { retryAfterMs } from "./retry-after.ts";
import { afterFrame, type RunProgress } from "./run-progress.ts";
import { sleep } from "./sleep.ts";

/** How the requests of one stream are sent. */
export interface RunConnection {
  /** Sends the request of the caller again, with the cursor that it goes on behind, if there is one. */
  readonly send: (cursor: string | undefined) => Promise<Response>;
  /** Whether that can be done. */
  readonly isReplayable: boolean;
  /** Aborted as soon as nobody reads the stream. */
  readonly signal: AbortSignal;
}

/** How often and when a lost stream is asked for. Times are milliseconds. */
export interface ReturnPlan {
  readonly retries: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly jitter: () => number;
  readonly onRetry?: (retry: Retry) => void;
}

/** How the frames of a stream speak of its runs. */
export interface StreamWire {
  /** Whether an answer is a stream of this wire. */
  readonly isStream: (answer: Response) => boolean;
  readonly afterFrame: (progress: RunProgress, frame: EventFrame) => RunProgress;
  /** The last frame of a stream whose rest cannot be had. */
  readonly failureFrame: (message: string, code: StreamFailure) => string;
}

export type StreamFailure = "stream_lost" | "cursor_expired";

/** A body that errors ends Node clients: AG-UI's client leaves a rejection that nobody can handle. So the failure is an event. */
export const AG_UI_WIRE: StreamWire = {
  isStream: isEventStream,
  afterFrame,
  failureFrame: (message, code) => `data: ${JSON.stringify({ type: "RUN_ERROR", message, code })}\n\n`,
};

/** Why a stream ended too early: its connection was cut, or a request that asked for the rest failed. */
interface Loss {
  readonly error?: unknown;
  readonly status?: number;
  /** What the server asked to wait. */
  readonly waitMs?: number;
}

export const CURSOR = "x-holdfast-cursor";

/** Says that the stream goes on with the runs that follow: the end of one is not its own. */
const FOLLOWING = "x-holdfast-following";

/** What the server calls the run that the stream ends with, where it brings another one before. */
const NEXT_RUN_ID = "x-holdfast-next-run-id";

/** A server that asks for a longer wait is not waited for. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** The event stream of a run over as many answers as it takes. */
export class RunStream {
  readonly #connection: RunConnection;
  readonly #plan: ReturnPlan;
  readonly #wire: StreamWire;
  #answer: Response;
  #progress: RunProgress;
  #hasFrames = false;
  readonly #isFollowing: boolean;
  /** Requests since the last new event. */
  #retry = 0;

  constructor(connection: RunConnection, first: Response, plan: ReturnPlan, wire: StreamWire = AG_UI_WIRE) {
    this.#connection = connection;
    this.#plan = plan;
    this.#wire = wire;
    this.#answer = first;
    this.#isFollowing = first.headers.get(FOLLOWING) === "true";
    const cursor = first.headers.get(CURSOR);
    this.#progress = { ...(cursor !== null && { cursor }), isEnded: false };
  }

  /** The answer that is read. */
  get answer(): Response {
    return this.#answer;
  }

  /** Whether every run that the stream is to bring has ended. */
  get isEnded(): boolean {
    const { cursor, isEnded } = this.#progress;
    const last = this.#answer.headers.get(NEXT_RUN_ID);
    return isEnded && (last === null || cursor?.startsWith(`${last}:`) === true);
  }

  /** Ends after the end of the run, or with a frame that says what is lost, or when nobody reads it. */
  async *frames(): AsyncGenerator<string, void, void> {
    for (;;) {
      let loss: Loss = {};
      try {
        if (this.#answer.body) yield* this.#framesOf(this.#answer.body);
      } catch (error) {
        loss = { error };
      }
      const isOver = this.isEnded && !this.#isFollowing;
      if (this.#isLeft || isOver || this.#isNothing(loss)) return;
      const failure = await this.#comeBack(loss);
      if (this.#isLeft) return;
      if (failure !== undefined) {
        yield failure;
        return;
      }
    }
  }

  async *#framesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
    for await (const frame of eventFrames(body)) {
      this.#hasFrames ||= !frame.isComment;
      const before = this.#progress.cursor;
      this.#progress = this.#wire.afterFrame(this.#progress, frame);
      if (this.#progress.cursor !== before) this.#retry = 0;
      yield frame.text;
    }
  }

  /** Asks for the rest until an answer brings it; gives the last frame of the stream when none will. */
  async #comeBack(cut: Loss): Promise<string | undefined> {
    const { retries } = this.#plan;
    for (let loss = cut; ;) {
      const { cursor } = this.#progress;
      // A thread without runs has nothing to be behind: what follows it is asked for as it was at first.
      if ((cursor === undefined && !this.#isFollowing) || !this.#connection.isReplayable) return this.#lost("nothing is known to come back with.");
      if (this.#retry >= retries) return this.#lost(`${retries} requests for the rest brought nothing.`);
      if ((loss.waitMs ?? 0) > LONGEST_RETRY_AFTER_MS) return this.#lost(`the server asks to wait ${loss.waitMs} ms.`);
      await this.#wait(loss);
      if (this.#isLeft) return undefined;
      const next = await this.#ask(cursor);
      if (typeof next === "string" || next === undefined) return next;
      loss = next;
    }
  }

  async #wait({ waitMs = 0, ...why }: Loss): Promise<void> {
    const { baseDelayMs, maxDelayMs, jitter, onRetry } = this.#plan;
    this.#retry += 1;
    // Whoever was told the same time comes back spread over a while, not at once.
    const delayMs = waitMs + Math.round(jitter() * Math.min(maxDelayMs, baseDelayMs * 2 ** (this.#retry - 1)));
    onRetry?.({ retry: this.#retry, delayMs, ...why });
    await sleep(delayMs, this.#connection.signal).catch(() => undefined);
  }

  /** Nothing when the rest is coming; the last frame when it never will; else why not now. */
  async #ask(cursor: string | undefined): Promise<Loss | string | undefined> {
    let answer: Response;
    try {
      answer = await this.#connection.send(cursor);
    } catch (error) {
      return { error };
    }
    if (this.#wire.isStream(answer)) {
      this.#answer = answer;
      return undefined;
    }
    // An answer that nobody reads would hold its connection.
    await answer.body?.cancel().catch(() => undefined);
    const { status } = answer;
    if (status === 410) return this.#wire.failureFrame("The connection was lost, and the server no longer has what came next.", "cursor_expired");
    if (status !== 408 && status !== 429 && status < 500) return this.#lost(`the server answered ${status} instead of the rest.`);
    const waitMs = retryAfterMs(answer, Date.now());
    return { status, ...(waitMs !== undefined && { waitMs }) };
  }

  /** An answer that ends well without a cursor and without an event: there is nothing to follow. */
  #isNothing({ error }: Loss): boolean {
    return error === undefined && this.#progress.cursor === undefined && !this.#hasFrames;
  }

  #lost(why: string): string {
    return this.#wire.failureFrame(`The connection was lost, and ${why}`, "stream_lost");
  }

  get #isLeft(): boolean {
    return this.#connection.signal.aborted;
  }
}

/** Whether an answer is what a stream of events begins with. */
export function isEventStream({ ok, headers }: Response): boolean {
  return ok && /^text\/event-stream\s*(?:;|$)/i.test(headers.get("content-type") ?? "");
}
