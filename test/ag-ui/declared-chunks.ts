import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** In Mastra's declarations of chunks, but none: parts of messages, and a transport. */
const NO_CHUNKS: ReadonlySet<string> = new Set(["text", "reasoning", "openai-websocket"]);

/** The types of chunks that the installed Mastra declares; those that begin with a text that is fixed end with `*`. */
export function declaredChunkTypes(): readonly string[] {
  const name = join("@mastra", "core", "dist");
  const entry = createRequire(import.meta.url).resolve("@mastra/core/agent");
  const folder = entry.slice(0, entry.indexOf(name) + name.length);
  const declarations = readFileSync(join(folder, "stream", "types.d.ts"), "utf8");
  const fixed = [...declarations.matchAll(/\btype: '([a-z-]+)'/g)].map(([, type]) => String(type));
  const open = [...declarations.matchAll(/\btype: `([a-z-]+)\$\{string\}`/g)].map(([, prefix]) => `${prefix}*`);
  return [...new Set([...fixed, ...open])].filter((type) => !NO_CHUNKS.has(type));
}
