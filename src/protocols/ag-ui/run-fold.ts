import type { Entry } from "../../core/entry.ts";
import { isTerminalEvent } from "../../core/event.ts";
import { START, type Offset } from "../../core/offset.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { Encoder, Engine } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";
import type { FoldPlace } from "../fold-checkpoints.ts";
import { agUiEncoder, encodeAncestry } from "./encode.ts";
import type { AgUiChunk, AgUiEncoding, Generation } from "./event.ts";
import { applyChunk, emptyReplica, type Replica } from "./replica.ts";
import type { AgUiState } from "./state.ts";
import { eventsOfAnswers } from "./stored-answers.ts";

/** Which run, and how it is told. */
export interface RunWire {
  readonly run: Run;
  /** What the client calls the run. */
  readonly runId: string;
  readonly generation: Generation;
  readonly flavour: AgUiEncoding["flavour"];
}

/** How far a run is encoded. */
export interface EncodedPlace extends FoldPlace {
  readonly state: AgUiState;
}

/** How far a run is folded. */
export interface FoldPoint extends EncodedPlace {
  /** What a client holds that has seen all so far. */
  readonly replica: Replica;
}

export function encoderOf({ run, runId, generation, flavour }: RunWire): Encoder<AgUiState, AgUiChunk> {
  return agUiEncoder(encodingOf({ run, runId, generation, flavour }));
}

function encodingOf({ run, runId, generation, flavour }: RunWire): AgUiEncoding {
  const { state } = run.input;
  return { runId, generation, flavour, ...(state !== undefined && { initialState: state }) };
}

/** Where the log of the run itself begins: what the runs that it goes on from said stands already. */
export async function beginningOf(engine: Engine, wire: RunWire): Promise<FoldPoint> {
  const encoding = encodingOf(wire);
  let { initial: state } = agUiEncoder(encoding);
  let replica = emptyReplica(encoding.initialState);
  for (const { event } of await engine.ancestry(wire.run)) {
    const [next, chunks] = encodeAncestry(encoding, state, event);
    state = next;
    for (const chunk of chunks) replica = applyChunk(replica, chunk);
  }
  return { offset: START, entryCount: 0, state, replica };
}

/** Folds a run to an offset, `"newest"`: all that is stored by now, but not the end of the run, which is told as an event of its own. */
export async function foldTo(engine: Engine, wire: RunWire, offset: Offset | "newest", signal: AbortSignal): Promise<FoldPoint> {
  const { run } = wire;
  const encoder = encoderOf(wire);
  const last = offset === "newest" ? await engine.lastOffset(run) : offset;
  let point = await beginningOf(engine, wire);
  if (last <= point.offset) return point;
  for await (const entries of engine.tail(run, START, signal)) {
    for (const entry of entries) {
      if (offset === "newest" && isTerminalEvent(entry.event)) return point;
      point = folded(encoder, point, entry);
      if (entry.offset >= last) return point;
    }
  }
  return point;
}

function folded(encoder: Encoder<AgUiState, AgUiChunk>, { state, replica, entryCount }: FoldPoint, { event, offset }: Entry): FoldPoint {
  const [next, chunks] = encoder.encode(state, event);
  return { offset, entryCount: entryCount + 1, state: next, replica: chunks.reduce(applyChunk, replica) };
}

/** The same behind the answers that are given, while others still hold the run back: its log knows nothing of them yet. */
export function withAnswers(wire: RunWire, point: FoldPoint, answered: readonly Interrupt[]): FoldPoint {
  const encoder = encoderOf(wire);
  let { state, replica } = point;
  for (const event of eventsOfAnswers(answered)) {
    const [next, chunks] = encoder.encode(state, event);
    state = next;
    replica = chunks.reduce(applyChunk, replica);
  }
  return { ...point, state, replica };
}

/** What the events of a run depend on beside its log. */
export function wireKey({ run, runId, generation, flavour }: RunWire): string {
  return JSON.stringify([run.id, runId, generation, flavour]);
}
