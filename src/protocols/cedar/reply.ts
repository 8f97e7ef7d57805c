import type { Entry } from "../../core/entry.ts";
import { HoldfastError } from "../../core/error.ts";
import { isTerminalEvent, type RunEvent, type TerminalEvent } from "../../core/event.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { START } from "../../core/offset.ts";
import type { Engine } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";
import { isWithin } from "./encode-work.ts";
import { cedarEncoder } from "./encode.ts";
import type { CedarFrame } from "./frame.ts";
import { isForgery } from "./human-in-the-loop.ts";
import { withContext } from "./serve.ts";

type Collected = Pick<Entry, "offset" | "event">;

/**
 * Waits for the end of a run, and gives all of it in one: `{ content, object, usage, id, threadId }`. A client that does not wait cancels
 * nothing.
 * @throws {HoldfastError} SHUTTING_DOWN when the server stops before the run has ended; the run goes on elsewhere
 */
export async function replyOf(engine: Engine, run: Run, signal: AbortSignal): Promise<JsonObject> {
  const waiting = AbortSignal.any([signal, engine.closing]);
  let collected: Collected[] = [];
  for await (const entries of engine.tail(run, START, waiting)) {
    for (const { event, offset } of entries) {
      collected = withoutCut(collected, event);
      collected.push({ offset, event });
      if (isTerminalEvent(event)) return bodyOf(run, event, collected);
    }
  }
  throw new HoldfastError("SHUTTING_DOWN", `The server stops while run ${run.id} is at work; the run goes on, ask for it again.`);
}

/** What was cut off, and is said again, can be left out here. */
function withoutCut(collected: Collected[], event: RunEvent): Collected[] {
  if (event.type === "attempt-started") {
    const { resetTo } = event;
    return resetTo === undefined ? collected : collected.filter(({ offset }) => offset <= resetTo);
  }
  if (event.type !== "workflow-step-started") return collected;
  return collected.filter(({ event: { type, ...fields } }) => {
    const inStep = type === "nested" || type === "tool-progress" ? (fields as { readonly toolCallId: string }).toolCallId : undefined;
    return inStep === undefined || !isWithin(inStep, event.callId);
  });
}

/** Folded once it is known what stands: a fold that had seen what was cut off would take the same words for said already. */
function framesOf(run: Run, entries: readonly Collected[]): readonly CedarFrame[] {
  const encoder = cedarEncoder({ runId: run.id, ...withContext(run) });
  const all: CedarFrame[] = [];
  let state = encoder.initial;
  for (const { event } of entries) {
    const [next, frames] = encoder.encode(state, event);
    state = next;
    all.push(...frames);
  }
  return all;
}

function bodyOf(run: Run, end: TerminalEvent, collected: readonly Collected[]): JsonObject {
  const frames = framesOf(run, collected);
  const answer = collected.reduce<Json | undefined>((last, { event }) => (event.type === "object" && event.isFinal ? event.object : last), undefined);
  const content = frames.map((frame) => (frame.kind === "text" ? frame.text : "")).join("");
  const objects = frames.flatMap((frame) => (frame.kind === "object" ? [frame.object] : []));
  // Whoever asked for an answer of a shape gets it as it is.
  const isStructured = run.input.outputSchema !== undefined && answer !== undefined && !isForgery(answer);
  const object = isStructured && end.type === "run-completed" ? answer : objects.length > 0 ? objects : undefined;
  return { content, ...(object !== undefined && { object }), ...usageOf(end), id: run.id, threadId: run.threadId };
}

function usageOf({ usage }: TerminalEvent): { readonly usage?: JsonObject } {
  if (usage === undefined) return {};
  const { inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens } = usage;
  return { usage: { promptTokens: inputTokens, completionTokens: outputTokens, totalTokens } };
}
