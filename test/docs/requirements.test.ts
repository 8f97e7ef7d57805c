import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const DOCUMENT = "docs/requirements.md";
const COUNTS = { "R-D": 33, "R-C": 57 };
const IDS = Object.entries(COUNTS).flatMap(([prefix, count]) => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`));

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

const page = readFileSync(join(root, DOCUMENT), "utf8");
const [tables = "", gaps = ""] = page.split("\n# Gaps\n");

/** The rows of the tables: `| id | demands | state | shown by |`. */
const requirements: readonly Requirement[] = tables
  .split("\n")
  .filter((line) => /^\| R-[CD]/.test(line))
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

  it.each(requirements.filter(({ state }) => state !== "met"))("$id, met in part, is among the gaps", ({ id }) => {
    const named = gaps.split("\n").flatMap((line) => (line.split("|")[1] ?? "").trim().split(", "));
    expect(named).toContain(id);
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
