import type { Json } from "../core/json.ts";

// Deeper and larger values than these do not come from tools that mean to be read; without a bound a value that shares its parts
// could be expanded without end.
const MAX_DEPTH = 200;
const MAX_NODES = 1_000_000;

const BOXED: ReadonlySet<string> = new Set(["[object String]", "[object Number]", "[object Boolean]", "[object BigInt]"]);

/** What JSON can hold of any value: dates as ISO text, bytes as base64, maps as objects; never throws and never loops. */
export function toJson(value: unknown): Json {
  return convert(value, { ancestors: new Set(), nodes: 0 }) ?? null;
}

interface Walk {
  readonly ancestors: Set<object>;
  nodes: number;
}

/** `undefined` is what JSON leaves out: functions, symbols, cycles. */
function convert(value: unknown, walk: Walk): Json | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      // JSON has no negative zero.
      return Number.isFinite(value) ? value + 0 : null;
    case "bigint":
      return value.toString();
    case "object":
      return value === null ? null : enter(value, walk);
    default:
      return undefined;
  }
}

function enter(value: object, walk: Walk): Json | undefined {
  walk.nodes += 1;
  if (walk.ancestors.has(value) || walk.ancestors.size >= MAX_DEPTH || walk.nodes > MAX_NODES) return undefined;
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
  if (Array.isArray(value)) return Array.from(value, (item: unknown) => convert(item, walk) ?? null);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Error) return { name: convert(value.name, walk), message: convert(value.message, walk) };
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) return base64Of(value);
  if (value instanceof ArrayBuffer) return base64Of(new Uint8Array(value));
  if (value instanceof DataView) return base64Of(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, (item) => convert(item, walk) ?? null);
  if (value instanceof Map) return convertMap(value, walk);
  if (value instanceof Set) return Array.from(value, (item: unknown) => convert(item, walk) ?? null);
  const { then, toJSON } = value as { readonly then?: unknown; readonly toJSON?: unknown };
  if (typeof then === "function") return null;
  if (typeof toJSON === "function") return convert(toJSON.call(value, ""), walk);
  if (BOXED.has(Object.prototype.toString.call(value))) return convert(value.valueOf(), walk);
  return fieldsOf(Object.entries(value), walk);
}

function convertMap(map: ReadonlyMap<unknown, unknown>, walk: Walk): Json {
  const entries = [...map];
  if (entries.every(([key]) => typeof key === "string")) return fieldsOf(entries as [string, unknown][], walk);
  return entries.map((entry) => entry.map((item) => convert(item, walk) ?? null));
}

function fieldsOf(entries: readonly (readonly [string, unknown])[], walk: Walk): Json {
  const fields: [string, Json][] = [];
  for (const [key, item] of entries) {
    const converted = convert(item, walk);
    if (converted !== undefined) fields.push([key, converted]);
  }
  return Object.fromEntries(fields);
}

/** Bytes as base64 text. */
export function base64Of(bytes: Uint8Array | Uint8ClampedArray): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
