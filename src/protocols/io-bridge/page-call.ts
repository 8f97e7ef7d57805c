import { HoldfastError } from "../../core/error.ts";
import { isTerminalEvent } from "../../core/event.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { Offset } from "../../core/offset.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";
import type { NestedTranscript, ToolPart } from "../../core/transcript.ts";

/** What is behind a call that a page answers. */
export type PageCall =
  | { readonly kind: "asked"; readonly interrupt: Interrupt }
  | { readonly kind: "unknown-run" }
  /** The run has no such call, or the call is not for a page. */
  | { readonly kind: "unknown-call" }
  /** The run ended before it could ask. */
  | { readonly kind: "run-ended" };

// Runs that a client gave one id, the newest first: ids are unique only to the client, and a thread may see one again.
const RUNS_OF_ID = 10;
// More than a run has calls that wait for answers.
const QUESTIONS_OF_RUN = 100;

/**
 * Finds the question behind a call of a page's tool. A page may answer as soon as it has read the call, before the rest of the step is over
 * and the run asks: then this waits until it does.
 * @throws {HoldfastError} SHUTTING_DOWN
 */
export async function findPageCall(engine: Engine, principal: Principal, clientRunId: string, toolCallId: string, signal: AbortSignal): Promise<PageCall> {
  const { runs } = await engine.listRuns(principal, { clientRunId, limit: RUNS_OF_ID });
  if (runs.length === 0) return { kind: "unknown-run" };
  for (const run of runs) {
    const found = await callOf(engine, principal, run, toolCallId, signal);
    if (found.kind !== "unknown-call") return found;
  }
  return { kind: "unknown-call" };
}

async function callOf(engine: Engine, principal: Principal, asked: Run, toolCallId: string, signal: AbortSignal): Promise<PageCall> {
  for (;;) {
    const lineage = await descent(engine, asked);
    const run = lineage.at(-1) ?? asked;
    // Read before the questions: what ends the run is committed together with them.
    const transcript = await engine.transcript(run);
    const interrupt = await questionOf(engine, principal, lineage, toolCallId);
    if (interrupt !== undefined) return { kind: "asked", interrupt };
    const part = findCall(transcript, toolCallId);
    if (part === undefined || !mayBePages(part)) return { kind: "unknown-call" };
    if (transcript.end !== undefined) return { kind: "run-ended" };
    await nextPause(engine, run, transcript.offset, signal);
  }
}

/** A run and those that went on from it, as far as there are any. */
async function descent(engine: Engine, run: Run): Promise<readonly Run[]> {
  const runs = [run];
  for (let child = await engine.getChildRun(run); child !== undefined; child = await engine.getChildRun(child)) runs.push(child);
  return runs;
}

async function questionOf(engine: Engine, principal: Principal, lineage: readonly Run[], toolCallId: string): Promise<Interrupt | undefined> {
  for (const { id: runId } of lineage.toReversed()) {
    const { interrupts } = await engine.listInterrupts(principal, { runId, limit: QUESTIONS_OF_RUN });
    const found = interrupts.find((interrupt) => interrupt.kind === "frontend-tool" && interrupt.toolCallId === toolCallId);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findCall({ steps, nested }: NestedTranscript, toolCallId: string): ToolPart | undefined {
  for (const { parts } of steps) {
    const found = parts.find((part) => part.type === "tool" && part.toolCallId === toolCallId);
    if (found?.type === "tool") return found;
  }
  for (const inner of nested.values()) {
    const found = findCall(inner, toolCallId);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the page may yet be asked to execute a call. */
function mayBePages({ state, interrupt, providerExecuted }: ToolPart): boolean {
  if (providerExecuted === true) return false;
  if (state === "interrupted") return interrupt?.kind === "frontend-tool";
  return state === "input-streaming" || state === "called";
}

/** Resolves when the run has asked, or has ended. */
async function nextPause(engine: Engine, run: Run, after: Offset, signal: AbortSignal): Promise<void> {
  for await (const entries of engine.tail(run, after, AbortSignal.any([signal, engine.closing]))) {
    if (entries.some(({ event }) => event.type === "run-waiting" || isTerminalEvent(event))) return;
  }
  throw new HoldfastError("SHUTTING_DOWN", "This server is shutting down; send the result again.");
}
