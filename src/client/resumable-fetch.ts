import { isReplayable } from "./request.ts";
import type { Retry } from "./resilient-fetch.ts";
import { cancelInit, cancelUrlBeside, type CancelUrl } from "./run-cancel.ts";
import { AG_UI_WIRE, RunStream, type ReturnPlan, type StreamWire } from "./run-stream.ts";

/** How {@link resumableFetch} comes back and stops. Times are milliseconds. */
export interface ResumableFetchOptions {
  /** What sends the requests; the global fetch unless given. */
  readonly fetch?: typeof globalThis.fetch;
  /** How often it comes back at most without a new event; 20 unless given, which outlasts a restart of half a minute. */
  readonly retries?: number;
  /** The first wait is at most this long, and the limit doubles with each one; 200 unless given. */
  readonly baseDelayMs?: number;
  /** No wait without a `Retry-After` is longer than this; 5,000 unless given. */
  readonly maxDelayMs?: number;
  /** Picks the part of the longest wait that is waited, from 0 to 1; `Math.random` unless given. */
  readonly jitter?: () => number;
  /** Called before each wait. A stream that just ended has neither `error` nor `status`. */
  readonly onRetry?: (retry: Retry) => void;
  /**
   * The URL whose POST cancels the run when the caller aborts; nothing is canceled when it gives `undefined`. Unless given, it is
   * `/v1/runs/{runId}/cancel` beside the `/ag-ui/`, `/copilotkit/` or `/io-bridge/` of the request.
   */
  readonly cancelUrl?: CancelUrl;
}

/** What the server calls the run, and the one that it brings behind that; who aborts means both. */
const RUN_IDS = ["x-holdfast-next-run-id", "x-holdfast-run-id"];

/** How long a run may take to get its id when it is aborted before it has one. */
const RUN_ID_WAIT_MS = 10_000;

/** One call of the caller's, which may become many requests. */
interface RunCall {
  readonly send: (cursor?: string) => Promise<Response>;
  readonly cancel: (answer: Response) => void;
  readonly isReplayable: boolean;
  /** Ends the connection to the server, whoever ends it. */
  readonly connection: AbortController;
}

/**
 * A fetch for AG-UI's `HttpAgent` that outlives lost connections: when the event stream of a run breaks off before the run has ended, it
 * asks for the rest and goes on in the same response, so that the agent sees each event once. When the rest cannot be had, the stream
 * ends with a `RUN_ERROR` of code `stream_lost`, or `cursor_expired` when the server has forgotten it: attach through `/connect` then.
 * Aborting its signal, as `abortRun()` does, cancels the run on the server; leaving the response does not. Answers that are no event
 * stream are handed over as they are, and a request that fails before its answer begins is not repeated: it may have begun a run.
 *
 * @example
 * const agent = new HttpAgent({ url: "https://example.com/ag-ui/agents/assistant/run", fetch: resumableFetch() });
 */
export function resumableFetch(options: ResumableFetchOptions = {}): typeof globalThis.fetch {
  return streamingFetch(options, AG_UI_WIRE);
}

/** The same for any wire whose frames carry cursors. */
export function streamingFetch(options: ResumableFetchOptions, wire: StreamWire): typeof globalThis.fetch {
  const { retries = 20, baseDelayMs = 200, maxDelayMs = 5_000, jitter = Math.random, onRetry } = options;
  const plan: ReturnPlan = { retries, baseDelayMs, maxDelayMs, jitter, ...(onRetry && { onRetry }) };

  return async (input, init) => {
    const signal = init?.signal === undefined && input instanceof Request ? input.signal : (init?.signal ?? undefined);
    signal?.throwIfAborted();
    const call = callOf(input, init, options);
    const first = await firstAnswer(call, signal);
    if (!wire.isStream(first)) {
      signal?.addEventListener("abort", () => call.connection.abort(signal.reason), { once: true });
      return first;
    }
    const run = new RunStream({ send: call.send, isReplayable: call.isReplayable, signal: call.connection.signal }, first, plan, wire);
    const headers = new Headers(first.headers);
    headers.delete("content-length");
    headers.delete("content-encoding");
    return new Response(bodyOf(run, call, signal), { status: 200, headers });
  };
}

function callOf(input: RequestInfo | URL, init: RequestInit | undefined, options: ResumableFetchOptions): RunCall {
  const request = input instanceof Request ? input : undefined;
  const connection = new AbortController();
  const { cancelUrl = cancelUrlBeside } = options;
  // Found for each request: whoever replaces the global fetch means all of them.
  const fetch: typeof globalThis.fetch = (...sent) => (options.fetch ?? globalThis.fetch)(...sent);
  // Headers of an init replace those of a Request.
  const headers = new Headers(init?.headers ?? request?.headers);
  return {
    connection,
    isReplayable: isReplayable(input, init),
    send: (cursor) => {
      const sent = new Headers(headers);
      if (cursor !== undefined) sent.set("Last-Event-ID", cursor);
      return fetch(request?.clone() ?? input, { ...init, headers: sent, signal: connection.signal });
    },
    cancel: (answer) => {
      for (const name of RUN_IDS) {
        const runId = answer.headers.get(name);
        const url = runId === null ? undefined : cancelUrl(runId, urlOf(input));
        // A run that cannot be canceled goes on to its end; whoever aborted has left.
        if (url !== undefined) fetch(url, cancelInit(headers, init)).catch(() => undefined);
      }
    },
  };
}

function urlOf(input: RequestInfo | URL): string {
  if (typeof input === "string") return input;
  return input instanceof URL ? input.href : input.url;
}

/** An abort takes effect at once, but the run that the request began must be known to be canceled. */
async function firstAnswer({ send, cancel, connection }: RunCall, signal: AbortSignal | undefined): Promise<Response> {
  const answer = send();
  if (!signal) return answer;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(signal.reason as Error);
      const limit = setTimeout(() => connection.abort(), RUN_ID_WAIT_MS);
      answer
        .then(cancel)
        .catch(() => undefined)
        .finally(() => {
          clearTimeout(limit);
          connection.abort();
        });
    };
    signal.addEventListener("abort", giveUp, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

function bodyOf(run: RunStream, { cancel, connection }: RunCall, signal: AbortSignal | undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const frames = run.frames();
  const leaving = new AbortController();
  return new ReadableStream({
    start: (controller) => {
      const abort = (): void => {
        controller.error(signal?.reason);
        if (!run.isEnded) cancel(run.answer);
        connection.abort();
      };
      signal?.addEventListener("abort", abort, { once: true, signal: leaving.signal });
      // Aborted between the answer and this.
      if (signal?.aborted === true) abort();
    },
    pull: async (controller) => {
      const next = await frames.next();
      if (connection.signal.aborted) return;
      if (!next.done) {
        controller.enqueue(encoder.encode(next.value));
        return;
      }
      leaving.abort();
      controller.close();
    },
    cancel: () => {
      leaving.abort();
      connection.abort();
    },
  });
}
