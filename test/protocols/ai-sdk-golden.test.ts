import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DONE_FRAME, frameOf, type AiSdkVersion, type UiMessageChunk } from "../../src/protocols/ai-sdk/chunk.ts";
import { aiSdkEncoder } from "../../src/protocols/ai-sdk/encode.ts";
import { GOLDEN_RUN_ID, goldenCases, goldenEvents, goldenFile } from "./golden-log.ts";

const VERSIONS: readonly AiSdkVersion[] = [5, 6, 7];

function chunksOf(name: string, version: AiSdkVersion): readonly UiMessageChunk[] {
  const { initial, encode } = aiSdkEncoder({ version, runId: GOLDEN_RUN_ID });
  const chunks: UiMessageChunk[] = [];
  let state = initial;
  for (const event of goldenEvents(name)) {
    const [next, encoded] = encode(state, event);
    state = next;
    chunks.push(...encoded);
  }
  return chunks;
}

describe.each(VERSIONS)("the stream for version %i", (version) => {
  it.each(goldenCases)("of %s is the golden file", (name) => {
    const wire = chunksOf(name, version).map(frameOf).join("") + DONE_FRAME;
    const file = goldenFile(name, `ai-sdk-${version}.sse`);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, wire);
    expect(existsSync(file), `${file.pathname} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
    expect(wire).toBe(readFileSync(file, "utf8"));
  });
});
