import { bodyLimit } from "hono/body-limit";
import type { MiddlewareHandler } from "hono";
import { HoldfastError } from "../core/error.ts";

const MEBIBYTE = 1_048_576;
/** The largest body that a request may have. */
export const MAX_BODY_BYTES: number = 4 * MEBIBYTE;

/** Refuses a body over {@link MAX_BODY_BYTES} with INPUT_TOO_LARGE, also one that does not tell its length. */
export function limitBody(): MiddlewareHandler {
  const readAndLimit = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuse });
  return (context, next) => {
    if (context.req.method === "GET" || context.req.method === "HEAD") return next();
    const declared = context.req.header("content-length");
    if (declared === undefined || context.req.header("transfer-encoding") !== undefined) return readAndLimit(context, next);
    if (Number(declared) > MAX_BODY_BYTES) refuse();
    return next();
  };
}

function refuse(): never {
  throw new HoldfastError("INPUT_TOO_LARGE", `The body is larger than ${MAX_BODY_BYTES / MEBIBYTE} MiB.`);
}
