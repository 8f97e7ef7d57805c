import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import type { Run } from "../../src/core/run.ts";
import { DONE_FRAME, type AiSdkVersion, type UiMessageChunk } from "../../src/protocols/ai-sdk/chunk.ts";
import { countChunks, replaySource } from "../../src/protocols/ai-sdk/replay-source.ts";
import { messageView, ownView, type RunView } from "../../src/protocols/ai-sdk/run-view.ts";
import { SharedEncoding } from "../../src/protocols/ai-sdk/shared-encoding.ts";
import { framesOf } from "./ai-sdk-fixture.ts";
import { FakeEngine } from "./fake-engine.ts";
import { randomLineage } from "./lineage-log.ts";
import { UiMessageClient } from "./ui-message-client.ts";

const VERSIONS: readonly AiSdkVersion[] = [5, 6, 7];

interface Lineage {
  readonly engine: FakeEngine;
  /** The run that goes on from all the others. */
  readonly last: Run;
}

/** An engine with the runs of a lineage, of which the last one's log comes in two batches. */
function lineageOf(logs: readonly (readonly RunEvent[])[], cut: number): Lineage {
  const engine = new FakeEngine();
  const runs = logs.map((log, index) => {
    const own = index < logs.length - 1 ? log : log.slice(0, cut);
    return engine.addRun({ id: `run_${index + 1}`, messageId: "msg_1", ...(index > 0 && { parentRunId: `run_${index}` }) }, ...own);
  });
  const last = runs.at(-1);
  const rest = logs.at(-1)?.slice(cut) ?? [];
  if (last === undefined) throw new Error("A lineage has runs.");
  if (rest.length > 0) engine.push(last.id, ...rest);
  return { engine, last };
}

async function received({ engine }: Lineage, encoding: SharedEncoding, view: RunView, fromChunk: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of replaySource({ engine, encoding, view, fromChunk }, new AbortController().signal)) {
    text += typeof bytes === "string" ? bytes : decoder.decode(bytes);
  }
  return text;
}

function chunksIn(frames: readonly string[]): readonly UiMessageChunk[] {
  return frames.map((frame) => JSON.parse(frame.slice("data: ".length)) as UiMessageChunk);
}

/** The frames of a whole message, without the end of the stream. */
async function wholeOf(lineage: Lineage, version: AiSdkVersion): Promise<readonly string[]> {
  const view = await messageView(lineage.engine, version, lineage.last);
  const text = await received(lineage, new SharedEncoding(version), view, 0);
  expect(text.endsWith(DONE_FRAME)).toBe(true);
  return text.slice(0, -DONE_FRAME.length).match(/.+\n\n/g) ?? [];
}

/** The chunks without those that show the input of a call again. */
function withoutRepeats(chunks: readonly UiMessageChunk[]): readonly UiMessageChunk[] {
  const shown = new Set<string>();
  return chunks.filter((chunk) => chunk.type !== "tool-input-available" || (!shown.has(chunk.toolCallId) && shown.add(chunk.toolCallId)));
}

function isQuestionOfItsOwn({ type }: UiMessageChunk): boolean {
  return type === "data-suspended" || type === "data-approval-request";
}

const lineages = fc.oneof(randomLineage(2), randomLineage(3));

describe.each(VERSIONS)("the whole message of several runs, for version %i", (version) => {
  it("cut at any chunk, is the same whole, also from a server that was restarted", async () => {
    await fc.assert(
      fc.asyncProperty(lineages, fc.nat(), async (logs, wanted) => {
        const lineage = lineageOf(logs, 1 + (wanted % (logs.at(-1)?.length ?? 1)));
        const view = await messageView(lineage.engine, version, lineage.last);
        const frames = await wholeOf(lineage, version);
        const encoding = new SharedEncoding(version);
        for (let index = 0; index < frames.length; index += 1) {
          const rest = frames.slice(index).join("") + DONE_FRAME;
          expect(await received(lineage, encoding, view, index)).toBe(rest);
          const restarted = await messageView(lineage.engine, version, lineage.last);
          expect(await received(lineage, new SharedEncoding(version), restarted, index)).toBe(rest);
        }
        expect(await countChunks(lineage.engine, encoding, view)).toBe(frames.length);
      }),
      { numRuns: 60 },
    );
  });

  it("is a message that a client takes from its first chunk to its finish, with nothing left open", async () => {
    await fc.assert(
      fc.asyncProperty(lineages, async (logs) => {
        const client = new UiMessageClient(version);
        for (const chunk of chunksIn(await wholeOf(lineageOf(logs, 1), version))) client.take(chunk);
        expect([client.messageId, client.isFinished]).toEqual(["msg_1", true]);
        expect(client.parts.filter(({ state }) => state === "streaming" || state === "input-streaming")).toEqual([]);
        expect(client.parts.filter(({ type }) => type.startsWith("data-") && type !== "data-superseded")).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("asks nothing while the last run goes on", async () => {
    await fc.assert(
      fc.asyncProperty(lineages, async (logs) => {
        const { engine, last } = lineageOf(logs, 1);
        const client = new UiMessageClient(version);
        for (const chunk of chunksIn((await messageView(engine, version, last)).before)) client.take(chunk);
        expect(client.parts.length).toBeGreaterThan(0);
        expect(client.parts.filter(({ type, state }) => type.startsWith("data-") || state === "approval-requested")).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it("is what a page has been streamed by one run after another, but for their ends and the questions that are answered", async () => {
    await fc.assert(
      fc.asyncProperty(lineages, async (logs) => {
        const parts = logs.map((log, index) => chunksIn(framesOf(`run_${index + 1}`, log, version)));
        const streamed = parts.flatMap((chunks, index) =>
          chunks.filter(
            (chunk) => (index === 0 || chunk.type !== "start") && (index === logs.length - 1 || (chunk.type !== "finish" && !isQuestionOfItsOwn(chunk))),
          ),
        );
        const [start, ...rest] = chunksIn(await wholeOf(lineageOf(logs, 1), version));
        expect(start).toMatchObject({ type: "start", messageId: "msg_1", messageMetadata: { runId: `run_${logs.length}` } });
        expect(withoutRepeats(rest)).toEqual(streamed.slice(1));
      }),
      { numRuns: 200 },
    );
  });

  it("is numbered apart from the chunks of its last run", async () => {
    await fc.assert(
      fc.asyncProperty(lineages, fc.array(fc.record({ isOwn: fc.boolean(), at: fc.nat() }), { maxLength: 8 }), async (logs, reads) => {
        const lineage = lineageOf(logs, 2);
        const encoding = new SharedEncoding(version);
        const whole = { view: await messageView(lineage.engine, version, lineage.last), frames: await wholeOf(lineage, version) };
        const own = { view: ownView(lineage.last), frames: framesOf(lineage.last.id, logs.at(-1) ?? [], version) };
        for (const { isOwn, at } of reads) {
          const { view, frames } = isOwn ? own : whole;
          const index = at % frames.length;
          expect(await received(lineage, encoding, view, index)).toBe(frames.slice(index).join("") + DONE_FRAME);
        }
      }),
      { numRuns: 60 },
    );
  });
});
