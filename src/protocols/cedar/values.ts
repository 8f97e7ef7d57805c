import type { Json, JsonObject } from "../../core/json.ts";

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textIn(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** What Cedar sends for an id that it does not have is an empty text. */
export function idIn(value: string | null | undefined): string | undefined {
  return value === null || value === "" ? undefined : value;
}
