import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const DOCUMENT = "docs/requirements.md";
const IDS = Array.from({ length: 33 }, (_, index) => `R-D${index + 1}`);

interface Requirement {
  readonly id: string;
  readonly state: string;
  readonly shownBy: readonly Evidence[];
}

/** A file of the repository, and words of the title of a test in it. */
interface Evidence {
  readonly path: string;
  readonly title: string | undefined;
}

/** The rows of the tables: `| id | demands | state | shown by |`. */
const requirements: readonly Requirement[] = readFileSync(join(root, DOCUMENT), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| R-D"))
  .map((line) => {
    const [id = "", , state = "", shownBy = ""] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    return { id, state, shownBy: shownBy.split("; ").map(evidenceOf) };
  });

function evidenceOf(text: string): Evidence {
  const [, path = "", title] = /^`([^`]+)`(?: "([^"]+)")?$/.exec(text) ?? [];
  return { path, title };
}

describe("the requirements", () => {
  it("are all there, each once and in order", () => {
    expect(requirements.map(({ id }) => id)).toEqual(IDS);
  });

  it.each(requirements)("$id is met, or says what is missing", ({ state }) => {
    expect(state).toMatch(/^met$|^in part: .+/);
  });

  it.each(requirements)("$id is shown by files that are there, and by titles that are in them", ({ shownBy }) => {
    for (const { path, title } of shownBy) {
      expect(path, 'evidence is `path` or `path` "words of a title", with a semicolon between').not.toBe("");
      expect(existsSync(join(root, path)), path).toBe(true);
      if (title !== undefined) expect(textsOf(path), path).toContainEqual(expect.stringContaining(title));
      expect(title !== undefined || !path.endsWith(".test.ts"), `${path} without the title of a test`).toBe(true);
    }
  });
});

/** The string literals of a source file, as far as they stand on one line. */
function textsOf(path: string): readonly string[] {
  return [...readFileSync(join(root, path), "utf8").matchAll(/"((?:[^"\\\n]|\\.)*)"|`([^`\n]*)`/g)].map((match) => match[1] ?? match[2] ?? "");
}
