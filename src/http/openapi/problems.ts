import { ERROR_CODES, type ErrorCode } from "../../core/error.ts";
import { named, objectOf, TEXT, type JsonSchema } from "../../core/json-schema.ts";
import type { ResponseDescription, RouteDescription } from "../../core/route-description.ts";
import { HTTP_STATUS } from "../problem.ts";

/** What is answered before any route is found. */
const ROUTING_CODES = ["ROUTE_NOT_FOUND", "METHOD_NOT_ALLOWED"];

/** A page of a foreign origin is refused on every route. */
const ALWAYS: readonly ErrorCode[] = ["NOT_AUTHORIZED", "INTERNAL"];
/** What every route that asks for credentials may answer. */
const WITH_CREDENTIALS: readonly ErrorCode[] = ["NOT_AUTHENTICATED", "AUTH_UNAVAILABLE", "STORE_UNAVAILABLE"];

/** The one body of every error that is not a protocol's own. */
export const PROBLEM: JsonSchema = objectOf({ error: objectOf({ code: { type: "string", enum: [...ERROR_CODES, ...ROUTING_CODES] }, message: TEXT }) });

/** A response that is a problem. */
export function problemResponse(says: string): ResponseDescription {
  return { says, content: { "application/problem+json": named("Problem") } };
}

/** The problems that a route may answer with, by status. */
export function problemsOf(route: RouteDescription): ReadonlyMap<number, readonly ErrorCode[]> {
  const isRead = route.method === "get" || route.method === "head";
  const codes = new Set<ErrorCode>([
    ...(route.problems ?? []),
    ...ALWAYS,
    ...(route.isPublic === true ? [] : WITH_CREDENTIALS),
    ...(isRead ? [] : (["INPUT_TOO_LARGE"] as const)),
  ]);
  return Map.groupBy(codes, (code) => HTTP_STATUS[code]);
}
