import { withoutPrivate } from "./error-text-redaction.ts";

const MAX_LENGTH = 500;
const NOTHING_SAID = "An error occurred.";
// How deep providers wrap the one message that says what happened.
const MAX_WRAPPERS = 5;

/** A text of which only the marks are left. */
const MARKS_ONLY = /^(?:…|\[address\]|\[credential\]|[\s.,:;])*$/;

/**
 * What an error says, in one line fit for the owner of a run: at most 500 characters, without stack, paths, addresses and
 * credentials, never empty. Takes an Error, a string, or what Mastra puts into the payload of its error chunks.
 */
export function errorText(error: unknown): string {
  const line = firstLine(messageOf(error, 0) ?? "");
  const text = withoutPrivate(line).replaceAll(/\s+/g, " ").trim();
  if (MARKS_ONLY.test(text)) return NOTHING_SAID;
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

function firstLine(text: string): string {
  // What stands behind a few thousand characters of one line is cut off anyway.
  const [first = "", ...rest] = text
    .slice(0, 16 * MAX_LENGTH)
    .split(/\r?\n|\r/)
    .filter((line) => line.trim() !== "");
  // What a schema finds wrong with a value Mastra lists behind the line that says so.
  const end = rest.findIndex((line) => !line.startsWith("- "));
  const listed = first.trimEnd().endsWith(":") ? rest.slice(0, end < 0 ? undefined : end) : [];
  return listed.length === 0 ? first : `${first.trimEnd()} ${listed.map((line) => line.replace(/^- (?:: )?/, "")).join("; ")}`;
}

function messageOf(error: unknown, depth: number): string | undefined {
  if (typeof error === "string") return error.trim() === "" ? undefined : error;
  if (typeof error === "number" || typeof error === "boolean" || typeof error === "bigint") return String(error);
  if (typeof error !== "object" || error === null || depth > MAX_WRAPPERS) return undefined;
  try {
    return messageOfObject(error, depth);
  } catch {
    // A getter that throws has no message to give.
    return undefined;
  }
}

function messageOfObject(error: object, depth: number): string | undefined {
  const { message, error: inner, errors, cause, name } = error as Record<"message" | "error" | "errors" | "cause" | "name", unknown>;
  const own = typeof message === "string" ? messageOf(message, depth) : undefined;
  if (own !== undefined) return own;
  const wrapped = messageOf(inner, depth + 1) ?? (Array.isArray(errors) ? messageOf(errors[0], depth + 1) : undefined) ?? messageOf(cause, depth + 1);
  if (wrapped !== undefined) return wrapped;
  return typeof name === "string" && name !== "Error" ? messageOf(name, depth) : undefined;
}
