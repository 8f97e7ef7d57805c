import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documents, fencesOf } from "./fences.ts";

const root = join(import.meta.dirname, "..", "..");
const all = documents(root).flatMap((document) => fencesOf(root, document));
const snippets = all.filter((fence) => fence.language === "ts" || fence.language === "tsx");

/** What each snippet is compiled as. */
const files = snippets.map((snippet, index) => snippet.file ?? `snippet-${index}.${snippet.language}`);

const MASTRA = `import { Mastra } from "@mastra/core/mastra";\n\nexport const mastra: Mastra = new Mastra({});\n`;

describe("the snippets of the documents", () => {
  let folder = "";
  let report = "";

  beforeAll(() => {
    // Below node_modules, so that packages resolve as they do for the project.
    const cache = join(root, "node_modules", ".cache");
    mkdirSync(cache, { recursive: true });
    folder = mkdtempSync(join(cache, "holdfast-snippets-"));
    snippets.forEach((snippet, index) => writeFileSync(join(folder, files[index] ?? ""), snippet.code));
    writeFileSync(join(folder, "mastra.ts"), MASTRA);
    copyFileSync(join(import.meta.dirname, "client-packages.d.ts.txt"), join(folder, "client-packages.d.ts"));
    const compilerOptions = {
      declaration: false,
      isolatedDeclarations: false,
      exactOptionalPropertyTypes: false,
      jsx: "react-jsx",
      noEmit: true,
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false,
      paths: {
        holdfast: [join(root, "src/index.ts")],
        "holdfast/client": [join(root, "src/client/index.ts")],
        "holdfast/client/cedar": [join(root, "src/client/cedar.ts")],
        "holdfast/copilotkit": [join(root, "src/copilotkit.ts")],
        "holdfast/io-bridge": [join(root, "src/io-bridge.ts")],
        ...appPaths(folder),
      },
    };
    const program = { extends: join(root, "tsconfig.json"), compilerOptions, files: [...files, "client-packages.d.ts"], include: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(program));
    const tsc = spawnSync(join(root, "node_modules", ".bin", "tsc"), ["-p", folder, "--pretty", "false"], { cwd: folder, encoding: "utf8" });
    report = tsc.stdout + tsc.stderr;
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are there", () => {
    expect(snippets.length).toBeGreaterThan(0);
  });

  it.each(snippets.map((snippet, index) => [snippet.document, snippet.line, index] as const))("%s, line %i compiles", (_document, _line, index) => {
    const complaints = report.split("\n").filter((line) => line.startsWith(`${files[index]}(`));
    expect(complaints).toEqual([]);
  });

  it("that are the same file are no two files", () => {
    expect(new Set(files).size).toBe(files.length);
    expect(files).not.toContain("mastra.ts");
  });

  it("stand on declarations that compile", () => {
    // What is wrong in src itself is told by the stage `types`.
    expect(report.split("\n").filter((line) => line.includes("client-packages.d.ts") || line.startsWith("error") || line.startsWith("mastra.ts"))).toEqual([]);
  });
});

describe("the documents", () => {
  it.each(documents(root))("every link of %s to a file leads somewhere", (document) => {
    const text = readFileSync(join(root, document), "utf8");
    const targets = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? "");
    expect(targets.filter((target) => !existsSync(join(root, dirname(document), target)))).toEqual([]);
  });

  it.each(documents(root).filter((document) => document.startsWith("docs/decisions/")))("%s has a number, a title and a status", (document) => {
    expect(document).toMatch(/^docs\/decisions\/\d{4}-[a-z0-9-]+\.md$/);
    const number = /(\d{4})-/.exec(document)?.[1] ?? "";
    expect(readFileSync(join(root, document), "utf8")).toMatch(new RegExp(`^# ${number}: .+\\n\\nStatus: (proposed|accepted|followed by .+)\\n`));
  });

  it.each(documents(root).filter((document) => commandsOf(document).length > 0))("every command of npm in %s is a script", (document) => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
    expect(commandsOf(document).filter((name) => !(name in manifest.scripts))).toEqual([]);
  });
});

/** The snippets that are files of an app, and its Mastra instance, as they import each other. */
function appPaths(folder: string): Readonly<Record<string, readonly string[]>> {
  const named = ["mastra.ts", ...snippets.flatMap(({ file }) => (file === undefined ? [] : [file]))];
  return Object.fromEntries(named.map((file) => [`@/${file.replace(/\.tsx?$/, "")}`, [join(folder, file)]]));
}

function commandsOf(document: string): readonly string[] {
  const shell = all.filter((fence) => fence.document === document && fence.language === "sh");
  return shell.flatMap((fence) => [...fence.code.matchAll(/npm (?:run )?(start|test|(?<=run )[\w:-]+)/g)]).map((match) => match[1] ?? "");
}
