/** A call of fetch. */
export interface FetchCall {
  readonly input: RequestInfo | URL;
  readonly init: RequestInit | undefined;
}

const IDEMPOTENCY_KEY = "Idempotency-Key";

/**
 * Gives a POST an idempotency key unless it has one; other methods are safe to repeat as they are.
 * @throws {TypeError} when a header is not valid, as fetch itself does
 */
export function withIdempotencyKey(input: RequestInfo | URL, init: RequestInit | undefined): FetchCall {
  const request = input instanceof Request ? input : undefined;
  const method = init?.method ?? request?.method ?? "GET";
  if (method.toUpperCase() !== "POST") return { input, init };
  // Headers of an init replace those of a Request, so what is added must begin from those that count.
  const headers = new Headers(init?.headers ?? request?.headers);
  if (headers.has(IDEMPOTENCY_KEY)) return { input, init };
  headers.set(IDEMPOTENCY_KEY, randomKey());
  return { input, init: { ...init, headers } };
}

/** Whether the same call can be sent again: its body is not a stream, and no one has read it. */
export function isReplayable(input: RequestInfo | URL, init: RequestInit | undefined): boolean {
  const body: unknown = init?.body;
  if (body !== undefined && body !== null) return isWholeBody(body);
  return !(input instanceof Request && input.bodyUsed);
}

function isWholeBody(body: unknown): boolean {
  return (
    typeof body === "string" ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof URLSearchParams ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}

/** 128 random bits. Not `randomUUID`, which browsers have on secure origins only. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
