import type { Json, JsonObject } from "./json.ts";

/** A JSON Schema of draft 2020-12, as OpenAPI 3.1 takes it. */
export type JsonSchema = JsonObject;

type Fields = Readonly<Record<string, JsonSchema>>;

export const TEXT: JsonSchema = { type: "string" };
export const COUNT: JsonSchema = { type: "integer", minimum: 0 };
/** ISO 8601. */
export const INSTANT: JsonSchema = { type: "string", format: "date-time" };
export const ANY: JsonSchema = {};
export const ANY_OBJECT: JsonSchema = { type: "object", additionalProperties: true };

/** An object with fields that are always there and fields that may be left out. */
export function objectOf(required: Fields, optional: Fields = {}): JsonSchema {
  const names = Object.keys(required);
  return { type: "object", properties: { ...required, ...optional }, ...(names.length > 0 && { required: names }) };
}

export function arrayOf(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

/** A schema that stands among the named ones of the document. */
export function named(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/**
 * A schema that was made from a validator, as a part of a larger document: its own definitions are left out, and what points to them takes
 * anything. The validators define nothing but "any JSON value".
 */
export function embedded(schema: object): JsonSchema {
  const { $schema: _dialect, $defs: _definitions, ...rest } = schema as JsonObject;
  return withoutPointers(rest) as JsonSchema;
}

function withoutPointers(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => withoutPointers(item) ?? null);
  if (typeof value !== "object" || value === null) return value;
  const object = value as JsonObject;
  if (typeof object["$ref"] === "string" && object["$ref"].startsWith("#/$defs/")) return ANY;
  return Object.fromEntries(Object.entries(object).map(([key, inner]) => [key, withoutPointers(inner)]));
}
