import type { z } from "zod";
import { HoldfastError } from "../core/error.ts";

/**
 * Checks a value that came from outside against its schema.
 * @throws {HoldfastError} INPUT_INVALID, naming each field that is wrong, never its value
 */
export function validated<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => (issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message));
  throw new HoldfastError("INPUT_INVALID", `The request is not valid. ${faults.join("; ")}.`);
}

/**
 * Reads a request's body as JSON, whatever its content type says.
 * @throws {HoldfastError} INPUT_INVALID
 */
export async function jsonBody(request: Request): Promise<unknown> {
  const text = await request.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError("INPUT_INVALID", "The body is not JSON.", { cause });
  }
}
