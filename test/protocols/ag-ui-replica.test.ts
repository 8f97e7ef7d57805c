import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import type { AgUiChunk, AgUiEncoding } from "../../src/protocols/ag-ui/event.ts";
import { preludeOf } from "../../src/protocols/ag-ui/prelude.ts";
import { applyChunk, emptyReplica, type Replica } from "../../src/protocols/ag-ui/replica.ts";
import type { AgUiState } from "../../src/protocols/ag-ui/state.ts";
import { chunksOf, heldAtEach, mustAccept, seeded, wireOf, withoutErrors } from "./ag-ui-stock-client.ts";
import { GOLDEN_RUN_ID, goldenCases, goldenEvents } from "./golden-log.ts";
import { randomLineage } from "./lineage-log.ts";
import { randomAgUiLog } from "./ag-ui-random-log.ts";

const GENERATIONS = ["1.0", "0.0.59"] as const;

interface Seed {
  readonly state?: AgUiState;
  readonly replica: Replica;
}

const UNSEEDED: Seed = { replica: emptyReplica(undefined) };

/** The replica before each chunk, and after the last. */
function replicasOf(chunks: readonly AgUiChunk[], start: Replica): readonly Replica[] {
  const all = [start];
  for (const chunk of chunks) all.push(applyChunk(all.at(-1) ?? start, chunk));
  return all;
}

describe.each(GENERATIONS)("what a client of %s holds", (generation) => {
  const encoding: AgUiEncoding = { runId: GOLDEN_RUN_ID, generation, flavour: "ag-ui" };

  async function mustHoldTheSame(log: readonly RunEvent[], { state, replica }: Seed = UNSEEDED): Promise<void> {
    const chunks = chunksOf(encoding, log, state);
    const held = await heldAtEach(wireOf(chunks, generation, replica), replica);
    const isOfPage = chunks.some(({ type }) => type === "PAGE_RESULT");
    const expected = replicasOf(chunks, replica).map(({ messages, state: shared }) => ({ messages, state: shared }));
    expect(isOfPage ? held.map(withoutErrors) : held).toStrictEqual(isOfPage ? expected.map(withoutErrors) : expected);
  }

  async function mustEndTheSame(log: readonly RunEvent[], { state, replica }: Seed = UNSEEDED): Promise<void> {
    const chunks = chunksOf(encoding, log, state);
    const wire = wireOf(chunks, generation, replica);
    const replicas = replicasOf(chunks, replica);
    const end = replicas.at(-1) ?? replica;
    for (const [index, at] of replicas.entries()) {
      if (index === 0 || index === chunks.length) continue;
      const tail = [...preludeOf({ runId: "run_late", threadId: "thread-1", generation, history: [], replica: at }), ...wire.slice(index)];
      await mustAccept(tail);
      const last = (await heldAtEach(tail)).at(-1) ?? { messages: [], state: null };
      expect(withoutErrors(last), `after ${index} chunks`).toStrictEqual(withoutErrors({ messages: end.messages, state: end.state }));
    }
  }

  it.each(goldenCases)("is known at every chunk of %s", async (name) => mustHoldTheSame(goldenEvents(name)));

  it("is known at every chunk of any log", async () => {
    await fc.assert(
      fc.asyncProperty(randomAgUiLog, async (log) => mustHoldTheSame(log)),
      { numRuns: 150 },
    );
  });

  it("is known at every chunk of a run that goes on from others", async () => {
    await fc.assert(
      fc.asyncProperty(randomLineage(3), async (logs) => mustHoldTheSame(logs.at(-1) ?? [], seeded(encoding, logs.slice(0, -1)))),
      { numRuns: 60 },
    );
  });

  it.each(goldenCases)("is the same in the end for one who comes at any chunk of %s", async (name) => mustEndTheSame(goldenEvents(name)));

  it("is the same in the end for one who comes at any chunk of any log", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(randomAgUiLog, async (log) => mustEndTheSame(log)),
      { numRuns: 40 },
    );
  });

  it("is the same in the end for one who comes at any chunk of a run that goes on from others", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(randomLineage(2), async (logs) => mustEndTheSame(logs.at(-1) ?? [], seeded(encoding, logs.slice(0, -1)))),
      { numRuns: 30 },
    );
  });
});
