import type { ProviderMetadata } from "../core/event.ts";
import type { JsonObject } from "../core/json.ts";
import { toJson } from "./json-value.ts";

/** An object of which nothing is known but that it is one. */
export interface Fields {
  readonly [field: string]: unknown;
}

const NO_FIELDS: Fields = {};

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value's fields; none when it is no object. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : NO_FIELDS;
}

/** What a chunk carries. */
export function payloadOf(chunk: Fields): Fields {
  return fieldsOf(chunk["payload"]);
}

/** The value when it is text with something in it. */
export function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** `{ [key]: value }`, or nothing for `undefined`: for fields that are left out rather than undefined. */
export function optional<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [field in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [field in Key]?: Value });
}

/** `{ [key]: true }` where the flag is set. */
export function flag<Key extends string>(key: Key, value: unknown): { readonly [field in Key]?: boolean } {
  return value === true ? ({ [key]: true } as { readonly [field in Key]?: boolean }) : {};
}

/** A provider's data in a payload: an object of objects by provider name; `undefined` when there is none. */
export function providerMetadataOf(value: unknown): ProviderMetadata | undefined {
  if (!isFields(value)) return undefined;
  const byProvider = Object.entries(value).flatMap(([provider, data]): [string, JsonObject][] =>
    isFields(data) ? [[provider, toJson(data) as JsonObject]] : [],
  );
  return byProvider.length === 0 ? undefined : Object.fromEntries(byProvider);
}

/** Joins what a provider said about one part at several times; later fields win. */
export function mergeMetadata(earlier: ProviderMetadata | undefined, later: ProviderMetadata | undefined): ProviderMetadata | undefined {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  const merged: Record<string, JsonObject> = { ...earlier };
  for (const [provider, data] of Object.entries(later)) merged[provider] = { ...merged[provider], ...data };
  return merged;
}
