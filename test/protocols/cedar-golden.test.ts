import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cedarEncoder } from "../../src/protocols/cedar/encode.ts";
import { DONE_FRAME, frameText } from "../../src/protocols/cedar/frame.ts";
import { GOLDEN_RUN_ID, goldenCases, goldenEvents, goldenFile } from "./golden-log.ts";

describe("the stream for Cedar", () => {
  it.each(goldenCases)("of %s is the golden file", (name) => {
    const { initial, encode } = cedarEncoder({ runId: GOLDEN_RUN_ID });
    let [state, wire] = [initial, ""];
    for (const event of goldenEvents(name)) {
      const [next, frames] = encode(state, event);
      state = next;
      wire += frames.map((frame) => frameText(frame)).join("");
    }
    if (state.isEnded) wire += DONE_FRAME;
    const file = goldenFile(name, "cedar.sse");
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, wire);
    expect(existsSync(file), `${file.pathname} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
    expect(wire).toBe(readFileSync(file, "utf8"));
  });
});
