/** A value that survives `JSON.parse(JSON.stringify(value))` unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object; a field that is `undefined` is left out when it is written. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}
