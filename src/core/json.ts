/** A value that survives `JSON.parse(JSON.stringify(value))` unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object; a field that is `undefined` is left out when it is written. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Whether arrays and objects lie in each other on more than `levels` levels. What is nested without a bound overflows the stack of whoever walks it. */
export function isDeeperThan(value: Json | undefined, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner: Json | undefined) => isDeeperThan(inner, levels - 1));
}
