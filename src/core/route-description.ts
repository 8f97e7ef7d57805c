import type { ErrorCode } from "./error.ts";
import type { JsonSchema } from "./json-schema.ts";

/** What the routes of one prefix tell of themselves: the parts of an OpenAPI document that only they know. */
export interface RouteDocument {
  /** What they are listed under. */
  readonly tag: { readonly name: string; readonly description: string };
  readonly routes: readonly RouteDescription[];
  /** What the schemas of the routes name; a name is of one schema in all documents. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/** One route. What every route has in common, such as that it asks for credentials, is not in it. */
export interface RouteDescription {
  readonly method: "get" | "head" | "post" | "patch" | "delete";
  /** Behind the prefix, with its parameters in braces; empty for the prefix itself. */
  readonly path: string;
  /** Unique in the document; generated clients name their methods by it. */
  readonly id: string;
  readonly summary: string;
  /** All but those of the path that have nothing to say. */
  readonly parameters?: readonly ParameterDescription[];
  readonly body?: { readonly schema: JsonSchema; readonly isOptional?: true };
  /** By status. */
  readonly responses: Readonly<Record<number, ResponseDescription>>;
  /** Errors of its own that it answers as problems. */
  readonly problems?: readonly ErrorCode[];
  /** It asks for no credentials. */
  readonly isPublic?: true;
}

export interface ParameterDescription {
  readonly in: "query" | "header" | "path";
  readonly name: string;
  readonly says: string;
  /** Text unless given. */
  readonly schema?: JsonSchema;
  readonly isRequired?: true;
}

export interface ResponseDescription {
  readonly says: string;
  /** By media type. */
  readonly content?: Readonly<Record<string, JsonSchema>>;
  /** What each header says. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A response of JSON. */
export function jsonResponse(says: string, schema: JsonSchema, headers?: Readonly<Record<string, string>>): ResponseDescription {
  return { says, content: { "application/json": schema }, ...(headers && { headers }) };
}

/** A response that is a stream of server-sent events. */
export function eventStreamResponse(says: string, headers?: Readonly<Record<string, string>>): ResponseDescription {
  return { says, content: { "text/event-stream": { type: "string" } }, ...(headers && { headers }) };
}
