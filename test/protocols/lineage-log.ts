import fc from "fast-check";
import type { ContentEvent, LifecycleEvent, RunEvent, TerminalEvent } from "../../src/core/event.ts";
import type { InterruptKind, InterruptRequest } from "../../src/core/interrupt.ts";
import type { Json } from "../../src/core/json.ts";
import { offsetOf } from "../../src/core/offset.ts";

/** A call of a step: it executes at once, or is asked about, by the run's own agent or by a sub-agent inside it. */
interface Call {
  readonly kind: InterruptKind | "free";
  readonly isNested: boolean;
  readonly outcome: "result" | "error" | "denied";
}

/** How a lineage of runs goes: the calls of each run that asks, and how the last one ends. */
interface Course {
  readonly asking: readonly (readonly Call[])[];
  readonly isCut: boolean;
  readonly end: TerminalEvent;
}

const call: fc.Arbitrary<Call> = fc.record({
  kind: fc.constantFrom("free" as const, "tool-approval" as const, "tool-suspend" as const, "frontend-tool" as const),
  isNested: fc.boolean(),
  outcome: fc.constantFrom("result" as const, "error" as const, "denied" as const),
});

const calls = fc.array(call, { minLength: 1, maxLength: 4 }).filter((all) => all.some(({ kind }) => kind !== "free"));

const end: fc.Arbitrary<TerminalEvent> = fc.constantFrom<TerminalEvent[]>(
  { type: "run-completed", finishReason: "stop" },
  { type: "run-failed", error: { code: "AGENT_FAILED", message: "It broke." } },
  { type: "run-canceled" },
);

/** The logs of so many runs that write one message in turn, the first one first: each but the last ends with questions. */
export function randomLineage(runs: number): fc.Arbitrary<readonly (readonly RunEvent[])[]> {
  return fc.record({ asking: fc.array(calls, { minLength: runs - 1, maxLength: runs - 1 }), isCut: fc.boolean(), end }).map(logsOf);
}

function logsOf({ asking, isCut, end: last }: Course): readonly (readonly RunEvent[])[] {
  const logs = asking.map((own, run) => [...begun(run, asking[run - 1]), ...stepOf(run, own), suspended(run, own)]);
  const run = asking.length;
  const said = wordsOf(run, "The end.");
  const again: readonly RunEvent[] = isCut ? [...said.slice(0, -1), { type: "attempt-started", attempt: 2, resetTo: offsetOf(1) }, stepStarted(run)] : [];
  return [...logs, [...begun(run, asking.at(-1)), stepStarted(run), ...again, ...said, last]];
}

/** How a run begins: with what was answered, and what comes of it. */
function begun(run: number, answered: readonly Call[] | undefined): readonly RunEvent[] {
  const started: LifecycleEvent = { type: "run-started", messageId: "msg_1", threadId: "chat-1", agentId: "agent" };
  if (answered === undefined) return [started, { type: "attempt-started", attempt: 1 }];
  const asked = answered.map((one, index) => ({ one, index })).filter(({ one }) => one.kind !== "free");
  return [
    { ...started, parentRunId: `run_${run}` },
    ...asked.map(({ one, index }): RunEvent => {
      const { id, kind, toolCallId, toolName } = requestOf(run - 1, index, one);
      return { type: "interrupt-answered", interruptId: id, kind, toolCallId, toolName, answer: true };
    }),
    { type: "attempt-started", attempt: 1 },
    ...asked.flatMap(({ one, index }) => outcomeOf(run - 1, index, one)),
    { type: "step-finished", step: run - 1, isContinued: true },
  ];
}

function stepOf(run: number, own: readonly Call[]): readonly RunEvent[] {
  return [
    stepStarted(run),
    ...wordsOf(run, "Let me see."),
    ...own.map((_, index): RunEvent => ({ type: "tool-call", toolCallId: callId(run, index), toolName: "dock", input: { run, index } })),
    ...own.flatMap((one, index) => (one.kind === "free" ? outcomeOf(run, index, { ...one, isNested: false }) : [])),
  ];
}

function suspended(run: number, own: readonly Call[]): TerminalEvent {
  return { type: "run-suspended", interrupts: own.flatMap((one, index) => (one.kind === "free" ? [] : [requestOf(run, index, one)])) };
}

function requestOf(run: number, index: number, { kind, isNested }: Call): InterruptRequest {
  if (kind === "free") throw new Error("A call that executes asks nothing.");
  const toolCallId = `${callId(run, index)}${isNested ? "/n1" : ""}`;
  return { id: `int_${run}_${index}`, kind, toolCallId, toolName: isNested ? "winch" : "dock", input: { run, index } };
}

function outcomeOf(run: number, index: number, { isNested, outcome }: Call): readonly RunEvent[] {
  const toolCallId = callId(run, index);
  const own = ended({ toolCallId, toolName: "dock" }, isNested ? "result" : outcome, { of: "dock" });
  if (!isNested) return [own];
  return [{ type: "nested", toolCallId, event: ended({ toolCallId: `${toolCallId}/n1`, toolName: "winch" }, outcome, null) }, own];
}

function ended(name: { readonly toolCallId: string; readonly toolName: string }, outcome: Call["outcome"], output: Json): ContentEvent {
  if (outcome === "result") return { type: "tool-result", ...name, output };
  return outcome === "error" ? { type: "tool-error", ...name, message: "It jammed." } : { type: "tool-denied", ...name, reason: "No." };
}

function callId(run: number, index: number): string {
  return `c${run}-${index}`;
}

function stepStarted(step: number): RunEvent {
  return { type: "step-started", step };
}

function wordsOf(run: number, text: string): readonly RunEvent[] {
  const id = `${run}.t`;
  const words = text.split(/(?= )/);
  return [{ type: "text-start", id }, ...words.map((word): RunEvent => ({ type: "text-delta", id, text: word })), { type: "text-end", id }];
}
