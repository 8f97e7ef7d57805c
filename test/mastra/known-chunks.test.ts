import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chunk, told } from "./chunk-fold.ts";

/** In Mastra's declarations of chunks, but none: parts of messages, and a transport. */
const NO_CHUNKS: ReadonlySet<string> = new Set(["text", "reasoning", "openai-websocket"]);

function declaredTypes(): readonly string[] {
  const name = join("@mastra", "core", "dist");
  const entry = createRequire(import.meta.url).resolve("@mastra/core/agent");
  const folder = entry.slice(0, entry.indexOf(name) + name.length);
  const declarations = readFileSync(join(folder, "stream", "types.d.ts"), "utf8");
  const types = [...declarations.matchAll(/\btype: '([a-z-]+)'/g)].map(([, type]) => String(type));
  return [...new Set(types)].filter((type) => !NO_CHUNKS.has(type));
}

test("every type of chunk that Mastra declares is known", () => {
  const types = declaredTypes();
  expect(types.length).toBeGreaterThan(60);
  const unknown = types.filter((type) => told([chunk(type, {})]).some((item) => (item as { signal?: string }).signal === "unknown-chunk"));
  expect(unknown).toEqual([]);
});
