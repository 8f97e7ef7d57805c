import { isReplayable, withIdempotencyKey } from "./request.ts";
import { retryAfterMs } from "./retry-after.ts";
import { sleep } from "./sleep.ts";

/** How {@link resilientFetch} retries. Times are milliseconds. */
export interface ResilientFetchOptions {
  /** What sends the requests; the global fetch unless given. */
  readonly fetch?: typeof globalThis.fetch;
  /** How often one call is retried at most; 10 unless given. */
  readonly retries?: number;
  /** The first wait is at most this long, and the limit doubles with each one; 200 unless given. */
  readonly baseDelayMs?: number;
  /** No wait without a `Retry-After` is longer than this; 5,000 unless given. */
  readonly maxDelayMs?: number;
  /** Picks the part of the longest wait that is waited, from 0 to 1; `Math.random` unless given. */
  readonly jitter?: () => number;
  /** Called before each wait. */
  readonly onRetry?: (retry: Retry) => void;
}

/** Why a call is about to be retried: the connection failed with `error`, or the server answered with `status`. */
export interface Retry {
  /** 1 for the first retry of a call. */
  readonly retry: number;
  readonly delayMs: number;
  readonly error?: unknown;
  readonly status?: number;
}

/** What servers and proxies answer while a server restarts or is overrun. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** A server that asks for a longer wait is not waited for: its answer goes to the caller. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/**
 * A fetch that outlives restarts and lost connections: it retries connections that fail before the response begins, and the answers
 * 429, 502, 503 and 504, with exponential backoff and full jitter, and waits as long as `Retry-After` says. A POST gets an
 * `Idempotency-Key` unless it has one, the same for every retry, so that it takes effect once. A body that is a stream can be sent
 * once only, so such a request is not retried. The `signal` of the request ends a wait at once.
 *
 * @example
 * new WorkflowChatTransport({ fetch: resilientFetch() })
 */
export function resilientFetch(options: ResilientFetchOptions = {}): typeof globalThis.fetch {
  const { retries = 10, jitter = Math.random, onRetry } = options;
  const backoffMs = backoff(options.baseDelayMs ?? 200, options.maxDelayMs ?? 5_000);

  return async (input, init) => {
    const fetch = options.fetch ?? globalThis.fetch;
    const request = withIdempotencyKey(input, init);
    const signal = init?.signal === undefined && input instanceof Request ? input.signal : (init?.signal ?? undefined);
    const attempts = isReplayable(input, init) ? retries + 1 : 1;
    for (let retry = 1; ; retry += 1) {
      const isLast = retry >= attempts;
      const answer = await attempt(() => fetch(isLast ? request.input : copyOf(request.input), request.init));
      const asked = answer.response && RETRIED_STATUSES.has(answer.response.status) ? retryAfterMs(answer.response, Date.now()) : undefined;
      if (isLast || !isWorthRetrying(answer, signal) || (asked ?? 0) > LONGEST_RETRY_AFTER_MS) return resultOf(answer);

      // Whoever was told the same time comes back spread over a while, not at once.
      const delayMs = (asked ?? 0) + Math.round(jitter() * backoffMs(retry));
      onRetry?.({ retry, delayMs, ...(answer.response ? { status: answer.response.status } : { error: answer.error }) });
      // An answer that nobody reads would hold its connection.
      await answer.response?.body?.cancel().catch(() => undefined);
      await sleep(delayMs, signal);
    }
  };
}

type Answer = { readonly response: Response; readonly error?: never } | { readonly response?: never; readonly error: unknown };

async function attempt(send: () => Promise<Response>): Promise<Answer> {
  try {
    return { response: await send() };
  } catch (error) {
    return { error };
  }
}

function isWorthRetrying(answer: Answer, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted === true) return false;
  if (answer.response) return RETRIED_STATUSES.has(answer.response.status);
  const { name, cause } = Object(answer.error) as { readonly name?: unknown; readonly cause?: { readonly code?: unknown } };
  // Node tells an address that can never be reached the same way as a lost connection, but for its cause.
  return name !== "AbortError" && cause?.code !== "ERR_INVALID_URL";
}

function resultOf(answer: Answer): Response {
  if (answer.response) return answer.response;
  throw answer.error;
}

function backoff(baseDelayMs: number, maxDelayMs: number): (retry: number) => number {
  return (retry) => Math.min(maxDelayMs, baseDelayMs * 2 ** (retry - 1));
}

/** Sending a Request uses its body up, so all but the last attempt send a copy. */
function copyOf(input: RequestInfo | URL): RequestInfo | URL {
  return input instanceof Request ? input.clone() : input;
}
