import type { MiddlewareHandler } from "hono";
import { HoldfastError } from "../core/error.ts";
import { isLoopbackHost } from "./loopback.ts";

/**
 * Which pages may call the server from a browser: all, those served from this machine, or the listed origins
 * (`https://app.example.com`). A page served from the server's own origin always may.
 */
export interface CorsOptions {
  readonly origins: "*" | "loopback" | readonly string[];
}

const ALLOWED_METHODS = "GET, HEAD, POST, PATCH, DELETE";
const ALLOWED_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID"];
const EXPOSED_HEADERS = [
  "x-workflow-run-id",
  "x-workflow-stream-tail-index",
  "x-holdfast-thread-id",
  "x-holdfast-run-id",
  "x-holdfast-cursor",
  "x-holdfast-following",
  "x-holdfast-next-run-id",
  "Stream-Next-Offset",
  "Stream-Up-To-Date",
  "Stream-Closed",
  "Stream-Cursor",
  "Stream-SSE-Data-Encoding",
  "ETag",
  "Retry-After",
].join(", ");
const PREFLIGHT_SECONDS = "7200";
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/;

/**
 * Answers preflights and names what a page may read. A request from a page of another origin than the allowed ones is refused, not
 * only hidden from it: a browser sends a POST in plain text without asking first, and where nobody is authenticated that would start
 * a run.
 *
 * The headers are set on the finished response: preset ones would make the router copy every response, and the copy of a stream is
 * sent later than the stream itself.
 */
export function crossOrigin(options: CorsOptions): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header("origin");
    const access = accessOf(options, origin, context.req.header("host") ?? new URL(context.req.url).host);
    if (access === undefined) throw new HoldfastError("NOT_AUTHORIZED", "Pages of this origin may not call this server; add it to the allowed origins.");
    if (context.req.method === "OPTIONS" && context.req.header("access-control-request-method") !== undefined) {
      return new Response(null, { status: 204, headers: { ...access, ...preflight(context.req.header("access-control-request-headers")) } });
    }
    await next();
    for (const [name, value] of Object.entries(access)) context.res.headers.append(name, value);
    return undefined;
  };
}

function preflight(requested: string | undefined): Record<string, string> {
  // Apps add headers of their own to a chat transport; which page may call is decided by its origin.
  const more = requested !== undefined && HEADER_NAMES.test(requested) ? [requested] : [];
  return {
    "access-control-allow-methods": ALLOWED_METHODS,
    "access-control-allow-headers": [...ALLOWED_HEADERS, ...more].join(", "),
    "access-control-max-age": PREFLIGHT_SECONDS,
  };
}

/** The response headers for a request from `origin`; `undefined` when its page may not call. */
function accessOf({ origins }: CorsOptions, origin: string | undefined, host: string): Record<string, string> | undefined {
  const exposed = { "access-control-expose-headers": EXPOSED_HEADERS };
  if (origins === "*") return { "access-control-allow-origin": "*", ...exposed };
  if (origin === undefined) return { vary: "Origin" };
  const url = URL.parse(origin);
  const isAllowed = url !== null && (url.host === host || (origins === "loopback" ? isLoopbackHost(url.hostname) : origins.includes(origin)));
  return isAllowed ? { "access-control-allow-origin": origin, "access-control-allow-credentials": "true", vary: "Origin", ...exposed } : undefined;
}
