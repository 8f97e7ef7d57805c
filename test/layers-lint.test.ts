import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

const REFUSED: readonly (readonly [path: string, specifier: string])[] = [
  ["core", "node:fs"],
  ["core", "zod"],
  ["core", "../runner/runner.ts"],
  ["client", "../core/run.ts"],
  ["client", "ai"],
  ["reader", "node:events"],
  ["reader", "../runner/runner.ts"],
  ["runner", "../stores/memory/store.ts"],
  ["runner", "@mastra/core"],
  ["testkit", "../stores/memory/store.ts"],
  ["metrics", "../runner/runner.ts"],
  ["metrics", "node:fs"],
  ["mastra", "../runner/runner.ts"],
  ["mastra", "hono"],
  ["stores", "./memory/store.ts"],
  ["stores/sqlite", "../memory/store.ts"],
  ["stores/sqlite", "../../runner/appender.ts"],
  ["stores/sqlite/migrations", "../../memory/store.ts"],
  ["protocols", "./ai-sdk/encode.ts"],
  ["protocols/ai-sdk", "../durable-streams/routes.ts"],
  ["protocols/ai-sdk", "node:crypto"],
  ["protocols/ai-sdk", "../../reader/tail.ts"],
  ["protocols/ag-ui", "../ai-sdk/encode.ts"],
  ["protocols/ag-ui", "../io-bridge/routes.ts"],
  ["protocols/ag-ui", "@ag-ui/client"],
  ["protocols/io-bridge", "../ai-sdk/encode.ts"],
  ["protocols/io-bridge", "node:crypto"],
  ["http", "../cli/main.ts"],
  ["http", "../stores/memory/store.ts"],
  ["http", "../runner/runner.ts"],
  ["http", "../protocols/ai-sdk/routes.ts"],
  ["http/openapi", "../../protocols/ai-sdk/openapi.ts"],
  ["http/openapi", "hono"],
  ["http/openapi", "../../holdfast.ts"],
  ["stores/sqlite", "../open-store.ts"],
  ["http", "@mastra/core"],
  ["cli", "@mastra/core"],
  ["cli", "../testkit/scripted-model.ts"],
];

const ALLOWED: readonly (readonly [path: string, specifier: string])[] = [
  ["core", "./run.ts"],
  ["reader", "../core/run.ts"],
  ["runner", "node:crypto"],
  ["metrics", "prom-client"],
  ["stores/sqlite", "node:timers/promises"],
  ["mastra", "@mastra/core/agent"],
  ["stores/sqlite", "./migrations/first.ts"],
  ["stores/sqlite", "../log-rules.ts"],
  ["stores/sqlite/migrations", "../../../core/run.ts"],
  ["protocols/ai-sdk", "../sse.ts"],
  ["protocols/ai-sdk", "hono/streaming"],
  ["protocols/ai-sdk", "../fold-checkpoints.ts"],
  ["protocols/ag-ui", "@ag-ui/core/schemas"],
  ["protocols/io-bridge", "../ag-ui/serve.ts"],
  ["http", "../holdfast.ts"],
  ["http", "./openapi/document.ts"],
  ["http/openapi", "../problem.ts"],
  ["http/openapi", "../../core/error.ts"],
  ["cli", "../index.ts"],
  ["cli/demo", "@mastra/core/agent"],
];

describe("the lint", () => {
  let folder = "";
  const reports = new Map<string, string[]>();

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-lint-"));
    const config = JSON.parse(readFileSync(join(root, ".oxlintrc.json"), "utf8")) as { options: { typeAware: boolean } };
    config.options.typeAware = false;
    writeFileSync(join(folder, ".oxlintrc.json"), JSON.stringify(config));
    for (const [index, [layer, specifier]] of [...REFUSED, ...ALLOWED].entries()) {
      const file = join(folder, "src", layer, `case-${index}.ts`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `import type { Thing } from "${specifier}";\n\nexport type Same = Thing;\n`);
    }
    for (const report of lint(folder)) {
      if (report.code !== "eslint(no-restricted-imports)") continue;
      reports.set(report.filename, [...(reports.get(report.filename) ?? []), report.code]);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(REFUSED.map(([layer, specifier], index) => [layer, specifier, index] as const))("refuses %s -> %s", (layer, _specifier, index) => {
    expect(reports.get(`src/${layer}/case-${index}.ts`)).toHaveLength(1);
  });

  it.each(ALLOWED.map(([layer, specifier], index) => [layer, specifier, index + REFUSED.length] as const))("allows %s -> %s", (layer, _specifier, index) => {
    expect(reports.get(`src/${layer}/case-${index}.ts`)).toBeUndefined();
  });
});

function lint(folder: string): readonly { readonly code: string; readonly filename: string }[] {
  const oxlint = join(root, "node_modules", "oxlint", "bin", "oxlint");
  let output = "";
  try {
    output = execFileSync(process.execPath, [oxlint, "--format=json", "src"], { cwd: folder, encoding: "utf8" });
  } catch (error) {
    // A lint that finds something exits non-zero; what it found is on its output.
    output = String((error as { stdout?: unknown }).stdout);
  }
  return (JSON.parse(output) as { diagnostics: { code: string; filename: string }[] }).diagnostics;
}
