/** Any library's schema, as Mastra holds it. */
export interface StandardSchema {
  readonly "~standard": { validate(value: unknown): StandardResult | Promise<StandardResult> };
}

type StandardResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] }[] };

/** What a schema makes of a value, or what it finds wrong with it, in words. */
export type Checked = { readonly value: unknown; readonly faults?: undefined } | { readonly faults: string };

/** Without a schema everything fits. */
export async function checkedBy(schema: StandardSchema | undefined, value: unknown): Promise<Checked> {
  if (schema === undefined) return { value };
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return { value: result.value };
  const faults = result.issues.map(({ path = [], message }) =>
    [...(path.length > 0 ? [path.map((part) => String(typeof part === "object" ? part.key : part)).join(".")] : []), message].join(": "),
  );
  return { faults: faults.join("; ") };
}
