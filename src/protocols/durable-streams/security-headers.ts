import type { MiddlewareHandler } from "hono";

/** Adds the headers of section 12.7 of the protocol to every reply, errors too: one that a browser sniffs or embeds leaks as much. */
export const securityHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  context.header("X-Content-Type-Options", "nosniff");
  // Pages of other origins that may read do so through CORS, which this does not restrict.
  context.header("Cross-Origin-Resource-Policy", "same-origin");
};
