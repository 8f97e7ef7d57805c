import type { RunEvent } from "../../core/event.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";

const PAGE = 100;

/** Every question of a run. A step may ask more of them than a page of a list holds. */
export async function interruptsOf(engine: Engine, principal: Principal, runId: string): Promise<readonly Interrupt[]> {
  const all: Interrupt[] = [];
  for (let cursor: string | undefined; ;) {
    const { interrupts, nextCursor } = await engine.listInterrupts(principal, { runId, limit: PAGE, ...(cursor !== undefined && { cursor }) });
    all.push(...interrupts);
    if (nextCursor === undefined) return all;
    cursor = nextCursor;
  }
}

/** The questions of a run that asks which are answered, while others still hold it back: its log knows nothing of them yet. */
export async function answeredOf(engine: Engine, principal: Principal, run: Run): Promise<readonly Interrupt[]> {
  if (run.status !== "suspended" && run.status !== "waiting") return [];
  return (await interruptsOf(engine, principal, run.id)).filter(({ status }) => status === "answered");
}

/** What the log will say of what pages gave, once the run goes on. */
export function eventsOfAnswers(answered: readonly Interrupt[]): readonly RunEvent[] {
  return answered.flatMap((interrupt): readonly RunEvent[] => {
    const { id: interruptId, kind, toolCallId, toolName, answer = null } = interrupt;
    if (kind !== "frontend-tool" || interrupt.isDeclined === true) return [];
    const given: RunEvent = { type: "interrupt-answered", interruptId, kind, toolCallId, toolName, answer };
    const { output, error } = answer as JsonObject;
    if (typeof error === "string") return [given, { type: "tool-error", toolCallId, toolName, message: error }];
    return [given, { type: "tool-result", toolCallId, toolName, output: output ?? null }];
  });
}

/** The end of a run that asks as it stands for who comes late: without the questions that are answered. */
export function withoutAnswered(event: RunEvent, answered: readonly Interrupt[]): RunEvent {
  if (event.type !== "run-suspended" || answered.length === 0) return event;
  const ids = new Set(answered.map(({ id }) => id));
  return { ...event, interrupts: event.interrupts.filter(({ id }) => !ids.has(id)) };
}
