import { authorizedFetch, type TokenSource } from "./authorized-fetch.ts";
import type { EventFrame } from "./event-frames.ts";
import { withIdempotencyKey } from "./request.ts";
import { resilientFetch } from "./resilient-fetch.ts";
import { streamingFetch, type ResumableFetchOptions } from "./resumable-fetch.ts";
import type { RunProgress } from "./run-progress.ts";
import { CURSOR, isEventStream, type StreamWire } from "./run-stream.ts";

/** How {@link cedarFetch} comes back and stops, and what it looks after. Times are milliseconds. */
export interface CedarFetchOptions extends ResumableFetchOptions {
  /** Requests below this URL are looked after, every other one is sent as it is: the `baseURL` of Cedar's `llmProvider`, with its `chatPath`. */
  readonly chatURL: string;
  /** The user's token, or what gives the one of the moment, as `providerToken(useCedarStore)`. Unless given, what goes on behind a cut is asked for with the first one. */
  readonly token?: TokenSource;
}

const CEDAR_WIRE: StreamWire = {
  // Other protocols stream at the same address, and what has no cursor cannot be gone on with.
  isStream: (answer) => isEventStream(answer) && answer.headers.has(CURSOR),
  afterFrame: (progress: RunProgress, { id, event }: EventFrame): RunProgress => ({
    ...progress,
    ...(id !== undefined && { cursor: id }),
    isEnded: progress.isEnded || event === "done",
  }),
  failureFrame: (message) => `data: ${JSON.stringify({ type: "progress_update", state: "error", text: message })}\n\n`,
};

/**
 * A fetch for Cedar-OS, which always uses the global one: put it there. A stream that breaks off before its run has ended is asked for
 * again and goes on in the same response, so that the chat shows each piece once; when the rest cannot be had, the chat shows an error. A
 * request that fails before it is answered is repeated under one idempotency key, so that it starts one run. `streamLLM().abort()` cancels
 * the run on the server.
 *
 * @example
 * globalThis.fetch = cedarFetch({ chatURL: "http://127.0.0.1:4200/api/chat" });
 */
export function cedarFetch(options: CedarFetchOptions): typeof globalThis.fetch {
  const { chatURL, token, ...rest } = options;
  // Taken once: whoever puts this in the place of the global fetch would call it in circles.
  const given = options.fetch ?? globalThis.fetch.bind(globalThis);
  const plain = token === undefined ? given : authorizedFetch(given, token);
  const { retries, baseDelayMs, maxDelayMs, jitter } = options;
  const resilient = resilientFetch({
    fetch: wholeAnswers(plain),
    ...(retries !== undefined && { retries }),
    ...(baseDelayMs !== undefined && { baseDelayMs }),
    ...(maxDelayMs !== undefined && { maxDelayMs }),
    ...(jitter && { jitter }),
  });
  // Whoever comes back for the rest has a patience of its own.
  const send: typeof globalThis.fetch = (input, init) => (new Headers(init?.headers).has("Last-Event-ID") ? plain : resilient)(input, init);
  const streaming = streamingFetch({ ...rest, fetch: send }, CEDAR_WIRE);
  return (input, init) => {
    const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
    if (!isBelow(url, chatURL)) return given(input, init);
    // The key has to be the same when a stream is asked for again.
    const call = withIdempotencyKey(input, init);
    return streaming(call.input, call.init);
  };
}

/** An answer that is no stream is lost as well when its body is. */
function wholeAnswers(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const answer = await fetch(input, init);
    if (answer.body === null || isEventStream(answer)) return answer;
    const { status, statusText, headers } = answer;
    return new Response(await answer.arrayBuffer(), { status, statusText, headers });
  };
}

function isBelow(url: string, base: string): boolean {
  const end = base.replace(/\/+$/, "");
  return url === end || url.startsWith(`${end}/`) || url.startsWith(`${end}?`);
}
