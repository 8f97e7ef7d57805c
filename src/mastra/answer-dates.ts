import type { Json, JsonObject } from "../core/json.ts";

/**
 * An answer with a date wherever the JSON Schema of its question, as Mastra writes it, says that the schema takes a date and no text: JSON has none.
 * A text that is no date stays as it is, for the schema to refuse.
 */
export function withDates(answer: Json, schema: Json): unknown {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return answer;
  const { properties, items, anyOf, "x-date": isDate } = schema as JsonObject;
  if (typeof answer === "string") {
    const isTaken = isDate === true || (Array.isArray(anyOf) && anyOf.some((option) => (option as JsonObject | null)?.["x-date"] === true));
    return isTaken && !Number.isNaN(Date.parse(answer)) ? new Date(answer) : answer;
  }
  if (Array.isArray(answer)) return items === undefined ? answer : (answer as readonly Json[]).map((item) => withDates(item, items));
  if (typeof answer !== "object" || answer === null || typeof properties !== "object" || properties === null) return answer;
  const known = properties as JsonObject;
  return Object.fromEntries(
    Object.entries(answer).map(([key, value]) => [key, Object.hasOwn(known, key) ? withDates(value ?? null, known[key] ?? null) : value]),
  );
}
