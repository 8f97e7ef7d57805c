import { HoldfastError } from "../core/error.ts";
import { isTerminalEvent, type RunEvent, type TerminalEvent } from "../core/event.ts";
import type { Interrupt } from "../core/interrupt.ts";
import type { Run } from "../core/run.ts";
import type { Append, NewRun } from "../core/store.ts";

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

function answerEvent({ id, kind, toolCallId, toolName, answer }: Interrupt): RunEvent {
  return { type: "interrupt-answered", interruptId: id, kind, toolCallId, toolName, answer: answer ?? null };
}

/** The run that goes on from a suspended one: it writes on at the same message and is charged by the same policy. */
export function childOf(parent: Run, childRunId: string): NewRun {
  const { threadId, resourceId, agentId, messageId, input, billingPolicy } = parent;
  return { id: childRunId, threadId, resourceId, agentId, messageId, parentRunId: parent.id, input, billingPolicy, onBusyThread: "queue" };
}

/**
 * The event that ends the run, if the append holds one.
 * @throws {HoldfastError} INTERNAL when events stand behind it
 */
export function endOf(append: Append): TerminalEvent | undefined {
  const index = append.events.findIndex(isTerminalEvent);
  const event = append.events[index];
  if (event === undefined || !isTerminalEvent(event)) return undefined;
  if (index < append.events.length - 1) {
    throw new HoldfastError("INTERNAL", `Events of run ${append.runId} stand behind its terminal event; append nothing after the end.`);
  }
  return event;
}

/** @throws {HoldfastError} INTERNAL always: ids of runs are never used twice */
export function refuseUsedRunId(runId: string): never {
  throw new HoldfastError("INTERNAL", `Run ${runId} exists; give every run an id of its own.`);
}

/** @throws {HoldfastError} INTERNAL always: ids of interrupts are never used twice */
export function refuseUsedInterruptId(interruptId: string): never {
  throw new HoldfastError("INTERNAL", `Interrupt ${interruptId} exists; give every interrupt an id of its own.`);
}

/** @throws {HoldfastError} STORE_UNAVAILABLE always */
export function refuseClosedStore(): never {
  throw new HoldfastError("STORE_UNAVAILABLE", "The store is closed; open it again.");
}
