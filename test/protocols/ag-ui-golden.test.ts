import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AgUiEncoding } from "../../src/protocols/ag-ui/event.ts";
import { chunksOf } from "./ag-ui-stock-client.ts";
import { GOLDEN_RUN_ID, goldenCases, goldenEvents, goldenFile } from "./golden-log.ts";

const GENERATIONS = [
  { generation: "1.0", wire: "ag-ui-1.jsonl" },
  { generation: "0.0.59", wire: "ag-ui-0.jsonl" },
] as const;

describe.each(GENERATIONS)("the chunks for clients of $generation", ({ generation, wire }) => {
  const encoding: AgUiEncoding = { runId: GOLDEN_RUN_ID, generation, flavour: "ag-ui" };

  it.each(goldenCases)("of %s are the golden file", (name) => {
    const lines = chunksOf(encoding, goldenEvents(name)).map((chunk) => `${JSON.stringify(chunk)}\n`);
    const file = goldenFile(name, wire);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, lines.join(""));
    expect(existsSync(file), `${file.pathname} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
    expect(lines.join("")).toBe(readFileSync(file, "utf8"));
  });
});
