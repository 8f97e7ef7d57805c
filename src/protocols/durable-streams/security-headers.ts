import type { MiddlewareHandler } from "hono";

/**
 * Adds the headers of section 12.7 of the protocol to every reply, errors too: one that a browser sniffs or embeds leaks as much.
 * They are set on the finished reply, since the router would copy it otherwise and a copied stream is sent later.
 */
export const securityHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  context.res.headers.set("X-Content-Type-Options", "nosniff");
  // Pages of other origins that may read do so through CORS, which this does not restrict.
  context.res.headers.set("Cross-Origin-Resource-Policy", "same-origin");
};
