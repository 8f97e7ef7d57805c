import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import type { Run } from "../../src/core/run.ts";
import { DONE_FRAME, frameOf, type AiSdkVersion, type UiMessageChunk } from "../../src/protocols/ai-sdk/chunk.ts";
import { aiSdkEncoder } from "../../src/protocols/ai-sdk/encode.ts";
import { countChunks, FINISH_FRAMES, replaySource } from "../../src/protocols/ai-sdk/replay-source.ts";
import { ownView } from "../../src/protocols/ai-sdk/run-view.ts";
import { SharedEncoding } from "../../src/protocols/ai-sdk/shared-encoding.ts";
import { FakeEngine } from "./fake-engine.ts";
import { GOLDEN_RUN_ID, goldenCases, goldenEvents } from "./golden-log.ts";
import { randomLog } from "./random-log.ts";

const VERSIONS: readonly AiSdkVersion[] = [5, 6, 7];

/** The frames that an encoder alone makes of a log: what the shared and cut paths must equal. */
function framesOf(events: readonly RunEvent[], version: AiSdkVersion): readonly string[] {
  const { initial, encode } = aiSdkEncoder({ version, runId: GOLDEN_RUN_ID });
  const chunks: UiMessageChunk[] = [];
  let state = initial;
  for (const event of events) {
    const [next, encoded] = encode(state, event);
    state = next;
    chunks.push(...encoded);
  }
  return chunks.map(frameOf);
}

async function received(engine: FakeEngine, encoding: SharedEncoding, run: Run, fromChunk: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of replaySource({ engine, encoding, view: ownView(run), fromChunk }, new AbortController().signal)) {
    text += typeof bytes === "string" ? bytes : decoder.decode(bytes);
  }
  return text;
}

/** A log whose first entries were there when the first reader came, and whose rest came in a second batch. */
function engineCutAt(events: readonly RunEvent[], cut: number): { readonly engine: FakeEngine; readonly run: Run } {
  const engine = new FakeEngine();
  const run = engine.addRun({ id: GOLDEN_RUN_ID }, ...events.slice(0, cut));
  if (cut < events.length) engine.push(run.id, ...events.slice(cut));
  return { engine, run };
}

describe.each(VERSIONS)("a reader of version %i that is cut anywhere and comes back", (version) => {
  it.each(goldenCases)("has received %s whole", async (name) => {
    const events = goldenEvents(name);
    const frames = framesOf(events, version);
    for (let cut = 1; cut <= events.length; cut += 1) {
      const { engine, run } = engineCutAt(events, cut);
      const encoding = new SharedEncoding(version);
      for (let index = 0; index < frames.length; index += 1) {
        expect(frames.slice(0, index).join("") + (await received(engine, encoding, run, index))).toBe(frames.join("") + DONE_FRAME);
      }
    }
  });

  it("cut any client at any chunk, re-attach: what it received in total equals what an uncut reader received", async () => {
    await fc.assert(
      fc.asyncProperty(randomLog, fc.nat(), fc.array(fc.nat(), { maxLength: 6 }), async (events, cut, indexes) => {
        const frames = framesOf(events, version);
        const { engine, run } = engineCutAt(events, 1 + (cut % events.length));
        const encoding = new SharedEncoding(version);
        for (const wanted of indexes) {
          const index = wanted % frames.length;
          expect(await received(engine, encoding, run, index)).toBe(frames.slice(index).join("") + DONE_FRAME);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("is told only the finish when it has everything", async () => {
    const events = goldenEvents("text");
    const count = framesOf(events, version).length;
    const { engine, run } = engineCutAt(events, 3);
    const encoding = new SharedEncoding(version);
    for (const index of [count, count + 7]) expect(await received(engine, encoding, run, index)).toBe(FINISH_FRAMES);
  });
});

describe("a long run", () => {
  const words = Array.from({ length: 10_000 }, (_, index): RunEvent => ({ type: "text-delta", id: "t", text: `${index} ` }));

  function longRun(): { readonly engine: FakeEngine; readonly run: Run } {
    const engine = new FakeEngine();
    const run = engine.addRun(
      { id: GOLDEN_RUN_ID },
      { type: "run-started", messageId: "m", threadId: "chat-1", agentId: "agent" },
      { type: "step-started", step: 0 },
      { type: "text-start", id: "t" },
    );
    for (let index = 0; index < words.length; index += 100) engine.push(run.id, ...words.slice(index, index + 100));
    engine.push(run.id, { type: "text-end", id: "t" }, { type: "step-finished", step: 0, isContinued: false }, { type: "run-completed" });
    return { engine, run };
  }

  it("is folded from the beginning once, and from near the end for a reader that attaches there", async () => {
    const { engine, run } = longRun();
    const encoding = new SharedEncoding(7);
    const count = await countChunks(engine, encoding, ownView(run));
    expect(count).toBe(10_006);
    engine.entriesRead = 0;
    expect(await countChunks(engine, encoding, ownView(run))).toBe(count);
    expect(engine.entriesRead).toBe(0);
    const rest = await received(engine, encoding, run, count - 5);
    expect(rest).toContain('"9999 "');
    expect(engine.entriesRead).toBeLessThan(700);
  });

  it("is counted once for readers that ask together", async () => {
    const { engine, run } = longRun();
    const encoding = new SharedEncoding(7);
    const counts = await Promise.all(Array.from({ length: 50 }, () => countChunks(engine, encoding, ownView(run))));
    expect(new Set(counts)).toEqual(new Set([10_006]));
    expect(engine.entriesRead).toBe(10_006);
  });

  it("is encoded once for readers that are handed the same batches", () => {
    const encoding = new SharedEncoding(7);
    const view = ownView(new FakeEngine().addRun({ id: "run_1" }));
    const entries = words.slice(0, 50).map((event, index) => ({ offset: (index + 1) as never, event, attempt: 1, at: 0 }));
    const first = encoding.encode(view, encoding.pointAtChunk(view, 0), entries);
    const second = encoding.encode(view, { ...encoding.pointAtChunk(view, 0) }, entries);
    expect(second.bytes).toBe(first.bytes);
  });

  it("whose log stops without an end is an error, never a clean end", async () => {
    const engine = new FakeEngine();
    const run = engine.addRun({ id: GOLDEN_RUN_ID, status: "completed" }, { type: "run-started", messageId: "m", threadId: "chat-1", agentId: "agent" });
    await expect(received(engine, new SharedEncoding(7), run, 0)).rejects.toMatchObject({ code: "INTERNAL" });
  });
});
