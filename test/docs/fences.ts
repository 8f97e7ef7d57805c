import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** A fenced block of a document. */
export interface Fence {
  readonly document: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** The file that it is in the reader's app, where it says so behind the language; other snippets import it as `@/<name>`. */
  readonly file?: string;
  readonly code: string;
  /** Whether the comment `<!-- run -->` stands before it: its commands are executed against the demo. */
  readonly isRun: boolean;
}

/** The documents of the project: those in the root, and those below `docs`. */
export function documents(root: string): readonly string[] {
  const inRoot = readdirSync(root).filter((name) => name.endsWith(".md"));
  const below = readdirSync(join(root, "docs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  return [...inRoot, ...below].toSorted();
}

/** Every fenced block of a document, in order. */
export function fencesOf(root: string, document: string): readonly Fence[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/(<!-- run -->\s*)?^```(\w+)(?: +(\S+))?[^\n]*\n([\s\S]*?)^```$/gm)].map((match) => ({
    document,
    line: text.slice(0, match.index + (match[1] ?? "").length).split("\n").length,
    language: match[2] ?? "",
    ...(match[3] !== undefined && { file: match[3] }),
    code: match[4] ?? "",
    isRun: match[1] !== undefined,
  }));
}
