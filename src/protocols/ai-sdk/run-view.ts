import { START } from "../../core/offset.ts";
import type { Engine } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";
import { frameOf, type AiSdkVersion } from "./chunk.ts";
import { encodeAncestry } from "./encode.ts";
import { BEGINNING, type FoldPoint } from "./fold-point.ts";
import { INITIAL_STATE } from "./state.ts";

/** What of a message a reader is shown: the chunks of one run, or of the whole message that several runs wrote in turn. */
export interface RunView {
  /** Names the chunks' numbering: two views of one run count differently. */
  readonly key: string;
  readonly run: Run;
  /** The frames that stand before the first chunk of the run itself. */
  readonly before: readonly string[];
  /** Where the log of the run is folded from. */
  readonly beginning: FoldPoint;
}

/** The chunks of the run alone: what the answer to the request that started it streams. */
export function ownView(run: Run): RunView {
  return { key: run.id, run, before: [], beginning: BEGINNING };
}

/** The chunks of the whole message: what a page needs that was just loaded, since it resets the message when a stream begins. */
export async function messageView(engine: Pick<Engine, "ancestry">, version: AiSdkVersion, run: Run): Promise<RunView> {
  if (run.parentRunId === undefined) return ownView(run);
  const entries = await engine.ancestry(run);
  const before: string[] = [];
  let state = INITIAL_STATE;
  for (const { event } of entries) {
    const [next, chunks] = encodeAncestry({ version, runId: run.id }, state, event);
    state = next;
    before.push(...chunks.map(frameOf));
  }
  const beginning = { offset: START, state, chunkCount: before.length, entryCount: entries.length };
  return { key: `message:${run.id}`, run, before, beginning };
}
