import type { Json } from "../core/json.ts";

// Deeper and larger values than these do not come from tools that mean to be read; without a bound a value that shares its parts
// could be expanded without end.
const MAX_DEPTH = 200;
const MAX_NODES = 1_000_000;

const BOXED: ReadonlySet<string> = new Set(["[object String]", "[object Number]", "[object Boolean]", "[object BigInt]"]);

/** What JSON can hold of any value: dates as ISO text, bytes as base64, maps as objects; never throws and never loops. */
export function toJson(value: unknown): Json {
  return toMarkedJson(value) ?? null;
}

/** The same, with `mark` told of what JSON has no word for, and of the place where it stands; `undefined` where nothing is left. */
export function toMarkedJson(value: unknown, mark: Mark = () => undefined): Json | undefined {
  return convert(value, { ancestors: new Set(), nodes: 0, path: [], mark });
}

/**
 * `cycle`: an object that stands inside itself, and is left out; `excess`: one that is left out since there is too much. `entries`: a map with keys that
 * are no text. `buffer`: Node's own kind of bytes, which has more ways to be read.
 */
export type ValueKind =
  | "excess"
  | "date"
  | "bytes"
  | "buffer"
  | "array-buffer"
  | "map"
  | "entries"
  | "set"
  | "bigint"
  | "nan"
  | "infinity"
  | "-infinity"
  | "undefined"
  | "cycle";

export type ValuePath = readonly (string | number)[];

export type Mark = (kind: ValueKind, path: ValuePath) => void;

interface Walk {
  readonly ancestors: Set<object>;
  nodes: number;
  readonly path: (string | number)[];
  readonly mark: Mark;
}

/** `undefined` is what JSON leaves out: functions, symbols, cycles. */
function convert(value: unknown, walk: Walk): Json | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      // JSON has no negative zero.
      return Number.isFinite(value) ? value + 0 : marked(null, Number.isNaN(value) ? "nan" : value > 0 ? "infinity" : "-infinity", walk);
    case "bigint":
      return marked(value.toString(), "bigint", walk);
    case "object":
      return value === null ? null : enter(value, walk);
    default:
      return undefined;
  }
}

function marked(json: Json, kind: ValueKind, { mark, path }: Walk): Json {
  mark(kind, [...path]);
  return json;
}

function leftOut(kind: "cycle" | "excess", { mark, path }: Walk): undefined {
  mark(kind, [...path]);
}

function enter(value: object, walk: Walk): Json | undefined {
  walk.nodes += 1;
  if (walk.ancestors.has(value)) return leftOut("cycle", walk);
  if (walk.ancestors.size >= MAX_DEPTH || walk.nodes > MAX_NODES) return leftOut("excess", walk);
  walk.ancestors.add(value);
  try {
    return convertObject(value, walk);
  } catch {
    // A getter or a proxy that throws says nothing that could be kept.
    return null;
  } finally {
    walk.ancestors.delete(value);
  }
}

function convertObject(value: object, walk: Walk): Json | undefined {
  if (Array.isArray(value)) return itemsOf(value, walk);
  if (value instanceof Date) return marked(Number.isNaN(value.getTime()) ? null : value.toISOString(), "date", walk);
  if (value instanceof Error) return { name: convert(value.name, walk), message: convert(value.message, walk) };
  if (Buffer.isBuffer(value)) return marked(base64Of(value), "buffer", walk);
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) return marked(base64Of(value), "bytes", walk);
  if (value instanceof ArrayBuffer) return marked(base64Of(new Uint8Array(value)), "array-buffer", walk);
  if (value instanceof DataView) return marked(base64Of(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)), "bytes", walk);
  if (ArrayBuffer.isView(value)) return itemsOf(Array.from(value as unknown as ArrayLike<number | bigint>), walk);
  if (value instanceof Map) return convertMap(value, walk);
  if (value instanceof Set) {
    walk.mark("set", [...walk.path]);
    return itemsOf([...value], walk);
  }
  const { then, toJSON } = value as { readonly then?: unknown; readonly toJSON?: unknown };
  if (typeof then === "function") return null;
  if (typeof toJSON === "function") return convert(toJSON.call(value, ""), walk);
  if (BOXED.has(Object.prototype.toString.call(value))) return convert(value.valueOf(), walk);
  return fieldsOf(Object.entries(value), walk);
}

function convertMap(map: ReadonlyMap<unknown, unknown>, walk: Walk): Json {
  const entries = [...map];
  const isText = entries.every(([key]) => typeof key === "string");
  walk.mark(isText ? "map" : "entries", [...walk.path]);
  return isText ? fieldsOf(entries as [string, unknown][], walk) : itemsOf(entries, walk);
}

function itemsOf(items: readonly unknown[], walk: Walk): Json {
  return Array.from(items, (item, index) => {
    const converted = convertAt(index, item, walk);
    if (item === undefined) walk.mark("undefined", [...walk.path, index]);
    return converted ?? null;
  });
}

function convertAt(key: string | number, item: unknown, walk: Walk): Json | undefined {
  walk.path.push(key);
  try {
    return convert(item, walk);
  } finally {
    walk.path.pop();
  }
}

function fieldsOf(entries: readonly (readonly [string, unknown])[], walk: Walk): Json {
  const fields: [string, Json][] = [];
  for (const [key, item] of entries) {
    const converted = convertAt(key, item, walk);
    if (converted !== undefined) fields.push([key, converted]);
  }
  return Object.fromEntries(fields);
}

/** Bytes as base64 text. */
export function base64Of(bytes: Uint8Array | Uint8ClampedArray): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
