import type { Logger } from "pino";
import { HoldfastError, type ErrorCode } from "../core/error.ts";

/** The HTTP status of every error code: the one place where a code gets its meaning on the wire. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  RUN_NOT_FOUND: 404,
  THREAD_NOT_FOUND: 404,
  AGENT_NOT_FOUND: 404,
  WORKFLOW_NOT_FOUND: 404,
  WORKFLOW_CHANGED: 409,
  INTERRUPT_NOT_FOUND: 404,
  THREAD_BUSY: 409,
  THREAD_CHANGED: 412,
  RUN_ENDED: 409,
  RUN_ID_USED: 409,
  ALREADY_ANSWERED: 409,
  INTERRUPT_CLOSED: 409,
  INTERRUPT_OPEN: 409,
  IDEMPOTENCY_MISMATCH: 422,
  OFFSET_INVALID: 400,
  INPUT_INVALID: 400,
  INPUT_TOO_LARGE: 413,
  NOT_AUTHENTICATED: 401,
  NOT_AUTHORIZED: 403,
  NOT_SUPPORTED: 422,
  RATE_LIMITED: 429,
  OVERLOADED: 503,
  SHUTTING_DOWN: 503,
  AUTH_UNAVAILABLE: 503,
  STORE_UNAVAILABLE: 503,
  STORE_SCHEMA_MISMATCH: 500,
  CONFIG_INVALID: 500,
  AGENT_FAILED: 500,
  OUTPUT_INVALID: 500,
  RUN_POISONED: 500,
  INTERNAL: 500,
};

const SERVER_FAULT = "The server failed to answer this request. Its log has the reason; try again later.";

/** Shortest wait that is of use: another node has taken over, a busy store has answered, a short run has ended. */
const DEFAULT_RETRY_AFTER_MS = 1_000;

/** A problem+json response with the body `{ error: { code, message } }`. */
export function problem(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify({ error: { code, message } }), {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
  });
}

/**
 * What a caller is told of an error. A fault of the server is logged with its cause and told in general words; no stack and no
 * path leaves the server.
 */
export function problemOf(error: unknown, logger: Logger): Response {
  if (!HoldfastError.is(error)) {
    logger.error({ err: error }, "request failed");
    return problem(500, "INTERNAL", SERVER_FAULT);
  }
  const status = HTTP_STATUS[error.code];
  if (status === 500) logger.error({ err: error }, "request failed");
  else if (status > 500) logger.warn({ err: error }, "request refused");
  return problem(status, error.code, status === 500 ? SERVER_FAULT : error.message, headersOf(error, status));
}

function headersOf(error: HoldfastError, status: number): Readonly<Record<string, string>> {
  if (status === 401) return { "www-authenticate": "Bearer" };
  if (!error.retryable) return {};
  const asked = error.details?.["retryAfterMs"];
  const retryAfterMs = typeof asked === "number" ? asked : DEFAULT_RETRY_AFTER_MS;
  return { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) };
}
