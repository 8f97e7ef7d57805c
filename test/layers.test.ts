import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { forbiddenImports, importsOf, invariantsOf, isTested, sourceFiles } from "./layers.ts";

const root = join(import.meta.dirname, "..");
const separatePackages = /^test\/(clients|conformance)\//;
const sources = sourceFiles(join(root, "src"));
const wideTests = sourceFiles(join(root, "test"))
  .map((file) => ({ ...file, path: `test/${file.path}` }))
  .filter((file) => !separatePackages.test(file.path));
const everything = [...sources.map((file) => ({ ...file, path: `src/${file.path}` })), ...wideTests];

describe("the layers", () => {
  it("every import in src follows the arrow table", () => {
    expect(forbiddenImports(sources)).toEqual([]);
  });

  it.each([
    ["core/bad.ts", `import { join } from "node:path";`],
    ["core/bad.ts", `export type Bad = import("@mastra/core").Mastra;`],
    ["core/bad.ts", `import type { Run } from "../runner/runner.ts";`],
    ["client/bad.ts", `import type { Run } from "../core/run.ts";`],
    ["reader/bad.ts", `import { readFile } from "node:fs";`],
    ["runner/bad.ts", `import { tail } from "../reader/tail.ts";`],
    ["runner/bad.test.ts", `import { tail } from "../reader/tail.ts";`],
    ["mastra/bad.ts", `import { Hono } from "hono";`],
    ["metrics/bad.ts", `import { Tail } from "../reader/tail.ts";`],
    ["runner/bad.ts", `import { Counter } from "prom-client";`],
    ["stores/sqlite/bad.ts", `export * from "../memory/store.ts";`],
    ["stores/memory/bad.ts", `const pg = await import("pg");`],
    ["protocols/ai-sdk/bad.ts", `import {\n  routes,\n} from "../durable-streams/routes.ts";`],
    ["protocols/sse.ts", `import { encode } from "./ai-sdk/encode.ts";`],
    ["protocols/ai-sdk/bad.ts", `import "node:fs";`],
    ["holdfast.ts", `import { app } from "./http/app.ts";`],
    ["stores/sqlite/bad.ts", `import { openStore } from "../open-store.ts";`],
    ["http/bad.ts", `import { Runner } from "../runner/runner.ts";`],
    ["http/bad.ts", `import { main } from "../cli/main.ts";`],
    ["index.ts", `export { runStoreSuite } from "./testkit/store-suite.ts";`],
    ["cli/bad.ts", `import { Mastra } from "@mastra/core";`],
    ["elsewhere/bad.ts", ``],
    ["core/bad.ts", `import { x } from "../../test/layers.ts";`],
  ])("%s may not say %s", (path, text) => {
    expect(forbiddenImports([{ path, text }])).toHaveLength(1);
  });

  it.each([
    ["stores/sqlite/runs.ts", `import { row } from "./rows.ts";\nimport type { Run } from "../../core/run.ts";\nimport { DatabaseSync } from "node:sqlite";`],
    ["stores/sqlite/migrations/index.ts", `import type { Run } from "../../../core/run.ts";\nimport { rules } from "../../log-rules.ts";`],
    ["protocols/ai-sdk/routes.ts", `import { sse } from "../sse.ts";\nimport { Hono } from "hono";`],
    ["runner/runner.test.ts", `import { MemoryRunStore } from "../stores/memory/store.ts";\nimport { it } from "vitest";`],
    ["stores/open-store.ts", `import { MemoryRunStore } from "./memory/store.ts";`],
    ["cli/demo/mastra.ts", `import { Mastra } from "@mastra/core";`],
    ["core/run.ts", `/**\n * import { x } from "pg";\n */\n// import "pg";\nconst text = "from 'pg'";`],
  ])("%s may say what the table allows", (path, text) => {
    expect(forbiddenImports([{ path, text }])).toEqual([]);
  });

  it("finds every form of import", () => {
    const text = `import a from "a";\nimport "b";\nimport type { C } from "c";\nexport * from "d";\nexport {\n  e,\n} from "e";\nawait import("f");\ntype G = import("g").G;`;
    expect(importsOf({ path: "x.ts", text })).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
  });
});

describe("the files", () => {
  it("none is longer than 300 lines", () => {
    const long = everything.filter((file) => file.text.trimEnd().split("\n").length > 300);
    expect(long.map((file) => file.path)).toEqual([]);
  });

  it("none is named utils, helpers or common", () => {
    const vague = /(^|[/.-])(utils?|helpers?|common|manager|impl)([/.-]|$)/i;
    expect(everything.filter((file) => vague.test(file.path)).map((file) => file.path)).toEqual([]);
  });

  it("every name is in kebab case", () => {
    expect(everything.filter((file) => !/^[a-z0-9./-]+$/.test(file.path)).map((file) => file.path)).toEqual([]);
  });

  it("no test is skipped, focused or left to be written", () => {
    const left = /\b(it|test|describe|suite)\.(skip|only|todo|skipIf|fails)\b/;
    const tests = everything.filter((file) => file.path !== "test/layers.test.ts" && left.test(file.text));
    expect(tests.map((file) => file.path)).toEqual([]);
  });
});

describe("the promises of the ports", () => {
  const invariants = invariantsOf(sources.filter((file) => file.path.startsWith("core/")));
  const tests = everything.filter((file) => file.path.endsWith(".test.ts") || file.path.startsWith("src/testkit/") || file.path.startsWith("test/"));

  it("are written in core", () => {
    expect(invariants.length).toBeGreaterThan(0);
  });

  it("count as tested only where a string says them", () => {
    expect(isTested("one claim wins", [{ path: "a.test.ts", text: `it("one claim wins", run);` }])).toBe(true);
    expect(isTested("one claim wins", [{ path: "a.test.ts", text: `// "one claim wins"\n * "one claim wins"\none claim wins` }])).toBe(false);
  });

  it.each(invariants)("a test says: %s", (words) => {
    expect(isTested(words, tests)).toBe(true);
  });
});
