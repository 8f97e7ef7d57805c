import { HoldfastError } from "../core/error.ts";
import { isTerminalEvent, type RunEvent, type TerminalEvent } from "../core/event.ts";
import type { Interrupt, InterruptRequest } from "../core/interrupt.ts";
import type { Continuation } from "../core/interrupt-store.ts";
import type { Run } from "../core/run.ts";
import type { Append, NewRun } from "../core/store.ts";
import { areAllAnswered, continuedInput } from "./answer-rules.ts";

/** An event as a log keeps it, and the attempt it is booked under. */
export interface OpeningEvent {
  readonly event: RunEvent;
  readonly attempt: number;
}

/**
 * What the log of a run begins with. A run that is claimed as it is created has its first attempt in the same transaction. `answered`: what
 * the run that it goes on from asked, in the order in which it was asked.
 */
export function openingEvents(run: NewRun, isClaimed: boolean, answered: readonly Interrupt[] = []): readonly OpeningEvent[] {
  const { messageId, threadId, agentId, parentRunId } = run;
  const started: RunEvent = { type: "run-started", messageId, threadId, agentId, ...(parentRunId !== undefined && { parentRunId }) };
  const opening: readonly OpeningEvent[] = [started, ...answered.map(answerEvent)].map((event) => ({ event, attempt: 0 }));
  return isClaimed ? [...opening, { event: { type: "attempt-started", attempt: 1 }, attempt: 1 }] : opening;
}

/** What tells a log of an answer. */
export function answerEvent({ id, kind, toolCallId, toolName, answer, isDeclined }: Interrupt): RunEvent {
  return { type: "interrupt-answered", interruptId: id, kind, toolCallId, toolName, answer: answer ?? null, ...(isDeclined && { isDeclined }) };
}

/** The run that goes on from a suspended one: it writes on at the same message and is charged by the same policy. */
export function childOf(parent: Run, childRunId: string, continuation?: Continuation): NewRun {
  const { threadId, resourceId, agentId, messageId, billingPolicy } = parent;
  const { clientRunId } = continuation ?? {};
  return {
    id: childRunId,
    threadId,
    resourceId,
    agentId,
    messageId,
    parentRunId: parent.id,
    ...(clientRunId !== undefined && { clientRunId }),
    input: continuedInput(parent.input, continuation),
    billingPolicy,
    onBusyThread: "queue",
  };
}

/** An event with which the holder lets go of a run: it ends, or it waits for what pages give. */
export type LeavingEvent = TerminalEvent | Extract<RunEvent, { type: "run-waiting" }>;

/**
 * The event that lets go of the run, if the append holds one.
 * @throws {HoldfastError} INTERNAL when events stand behind it
 */
export function leavingEvent({ runId, events }: Append): LeavingEvent | undefined {
  const index = events.findIndex(isLeavingEvent);
  const leaving = events[index];
  if (leaving === undefined || !isLeavingEvent(leaving)) return undefined;
  if (index < events.length - 1) throw new HoldfastError("INTERNAL", `Events of run ${runId} stand behind its ${leaving.type}; append nothing behind it.`);
  return leaving;
}

function isLeavingEvent(event: RunEvent): event is LeavingEvent {
  return isTerminalEvent(event) || event.type === "run-waiting";
}

/**
 * What a leaving event asks.
 * @throws {HoldfastError} INTERNAL when an id stands there twice
 */
export function questionsIn(leaving: LeavingEvent): readonly InterruptRequest[] {
  if (leaving.type !== "run-suspended" && leaving.type !== "run-waiting") return [];
  const { interrupts } = leaving;
  const repeated = interrupts.find(({ id }, index) => interrupts.findIndex((other) => other.id === id) !== index);
  if (repeated !== undefined) refuseUsedInterruptId(repeated.id);
  return interrupts;
}

/**
 * What a log is told in place of an end whose questions were all answered while an attempt was about to write it; nothing where the run ends as
 * that says. `untold`: those of its questions whose answers the log does not hold.
 */
export function answersInsteadOf(leaving: LeavingEvent, interrupts: readonly Interrupt[], untold: readonly Interrupt[]): readonly RunEvent[] {
  return leaving.type === "run-suspended" && areAllAnswered(interrupts) ? untold.map(answerEvent) : [];
}

/** @throws {HoldfastError} INTERNAL always: ids of runs are never used twice */
export function refuseUsedRunId(runId: string): never {
  throw new HoldfastError("INTERNAL", `Run ${runId} exists; give every run an id of its own.`);
}

/** @throws {HoldfastError} INTERNAL always: an id of an interrupt is used by one run only, and once in what that asks */
export function refuseUsedInterruptId(interruptId: string): never {
  throw new HoldfastError("INTERNAL", `Interrupt ${interruptId} exists; give every interrupt an id of its own.`);
}

/** @throws {HoldfastError} STORE_UNAVAILABLE always */
export function refuseClosedStore(): never {
  throw new HoldfastError("STORE_UNAVAILABLE", "The store is closed; open it again.");
}
