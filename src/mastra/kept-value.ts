import type { Json } from "../core/json.ts";
import type { ValueKinds } from "../core/workflow-transcript.ts";
import { toMarkedJson, type ValueKind, type ValuePath } from "./json-value.ts";

/** A value as the log keeps it: what JSON holds of it, and what stands where JSON has no word. */
export interface KeptValue {
  readonly json: Json | undefined;
  readonly kinds?: ValueKinds | undefined;
}

/** @throws {TypeError} for what contains itself, or is too much: no log can hold it */
export function keptValue(value: unknown): KeptValue {
  const kinds: [ValueKind, ValuePath][] = [];
  let isExcess = false;
  const json = toMarkedJson(value, (kind, path) => {
    if (kind === "excess") isExcess = true;
    else kinds.push([kind, path]);
  });
  const cycle = kinds.find(([kind]) => kind === "cycle");
  if (cycle) throw new TypeError(`contains itself, at ${["$", ...cycle[1]].join(".")}`);
  if (isExcess) throw new TypeError("is nested too deep, or holds too much");
  return { json, ...(kinds.length > 0 && { kinds }) };
}

/** The value again, so that whoever gets it finds the same in every attempt, whether it comes from the log or from the step. */
export function restoredValue({ json, kinds = [] }: KeptValue): unknown {
  const root: { value: unknown } = { value: json === undefined ? undefined : structuredClone(json) };
  // What lies deeper was found later, and has to be there before what holds it becomes something else.
  for (const [kind, path] of kinds.toReversed()) {
    const places = ["value", ...path];
    const last = places.pop() as string | number;
    const parent = places.reduce<unknown>((holder, key) => (holder as Record<string | number, unknown> | null)?.[key], root);
    // Of what could not be read to its end nothing was kept but the places of its first parts.
    if (typeof parent !== "object" || parent === null) continue;
    const holder = parent as Record<string | number, unknown>;
    holder[last] = restored(kind as ValueKind, holder[last]);
  }
  return root.value;
}

function restored(kind: ValueKind, json: unknown): unknown {
  switch (kind) {
    case "date":
      return new Date(json === null ? Number.NaN : (json as string));
    case "bytes":
      return new Uint8Array(Buffer.from(json as string, "base64"));
    case "buffer":
      return Buffer.from(json as string, "base64");
    case "array-buffer":
      return new Uint8Array(Buffer.from(json as string, "base64")).buffer;
    case "map":
      return new Map(Object.entries(json as object));
    case "entries":
      return new Map(json as [unknown, unknown][]);
    case "set":
      return new Set(json as unknown[]);
    case "bigint":
      return BigInt(json as string);
    case "nan":
      return Number.NaN;
    case "infinity":
      return Number.POSITIVE_INFINITY;
    case "-infinity":
      return Number.NEGATIVE_INFINITY;
    case "undefined":
    case "cycle":
    case "excess":
      return undefined;
  }
}
