import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import type { Run } from "../../src/core/run.ts";
import { cedarEncoder } from "../../src/protocols/cedar/encode.ts";
import { DONE_FRAME, frameText } from "../../src/protocols/cedar/frame.ts";
import { serveRun } from "../../src/protocols/cedar/serve.ts";
import { parseCursor } from "../../src/protocols/cursor.ts";
import { randomAgUiLog } from "./ag-ui-random-log.ts";
import { FakeEngine } from "./fake-engine.ts";
import { GOLDEN_RUN_ID, goldenCases, goldenEvents } from "./golden-log.ts";

/** The frames that an encoder alone makes of a log, with their cursors. */
function framesOf(events: readonly RunEvent[]): readonly string[] {
  const { initial, encode } = cedarEncoder({ runId: GOLDEN_RUN_ID });
  const wire: string[] = [];
  let state = initial;
  for (const [at, event] of events.entries()) {
    const [next, frames] = encode(state, deepFrozen(event));
    state = deepFrozen(next);
    wire.push(...frames.map((frame, index) => frameText(frame, `${GOLDEN_RUN_ID}:${at + 1}.${index + 1}`)));
  }
  return wire;
}

function deepFrozen<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFrozen);
  }
  return value;
}

async function received(engine: FakeEngine, run: Run, lastFrame: string | undefined): Promise<string> {
  const id = lastFrame?.split("\n")[0]?.slice("id: ".length);
  const text = await serveRun(engine, run, id === undefined ? undefined : parseCursor(id)).text();
  return text.replaceAll(": ping\n\n", "");
}

/** A log whose first entries were there when the first reader came, and whose rest came in a second batch. */
function engineCutAt(events: readonly RunEvent[], cut: number): { readonly engine: FakeEngine; readonly run: Run } {
  const engine = new FakeEngine();
  const run = engine.addRun({ id: GOLDEN_RUN_ID }, ...events.slice(0, cut));
  if (cut < events.length) engine.push(run.id, ...events.slice(cut));
  return { engine, run };
}

async function expectWhole(events: readonly RunEvent[], cut: number): Promise<void> {
  const frames = framesOf(events);
  const { engine, run } = engineCutAt(events, cut);
  for (let index = 0; index <= frames.length; index += 1) {
    const before = frames.slice(0, index);
    expect(before.join("") + (await received(engine, run, before.at(-1)))).toBe(frames.join("") + DONE_FRAME);
  }
}

describe("a reader of Cedar's that is cut anywhere and comes back", () => {
  it.each(goldenCases.filter((name) => name !== "waiting"))("has received %s whole", async (name) => {
    const events = goldenEvents(name);
    for (const cut of [1, Math.ceil(events.length / 2), events.length]) await expectWhole(events, cut);
  });

  it("cut any client at any chunk, re-attach: what it received in total equals what an uncut reader received", async () => {
    await fc.assert(
      fc.asyncProperty(randomAgUiLog, fc.nat(), async (events, cut) => expectWhole(events, 1 + (cut % events.length))),
      { numRuns: 100 },
    );
  });
});

describe("what is sent to Cedar", () => {
  it("has no frame that its client would show wrongly, whatever the log", () => {
    fc.assert(
      fc.property(randomAgUiLog, (events) => {
        for (const frame of framesOf(events)) {
          expect(frame).not.toContain("\r");
          expect(frame.split("\n").filter((line) => line !== "")).toHaveLength(2);
          const data = JSON.parse(frame.split("\n")[1]?.slice("data: ".length) ?? "") as Record<string, unknown>;
          // Either a text that is not empty and has no `\n` in letters, or a typed object without one.
          if (data["type"] === undefined) expect(Object.keys(data)).toEqual(["content"]);
          else expect(data["content"]).toBeUndefined();
          expect(data["content"]).not.toBe("");
          expect(String(data["content"])).not.toContain(String.raw`\n`);
        }
      }),
      { numRuns: 300 },
    );
  });
});
