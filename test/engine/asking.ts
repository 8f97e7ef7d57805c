import type { Interrupt } from "../../src/core/interrupt.ts";
import type { Json } from "../../src/core/json.ts";
import type { Run } from "../../src/core/run.ts";
import type { ToolPart } from "../../src/core/transcript.ts";
import { ANN, type Shop } from "./shop.ts";

export async function questionsOf(shop: Shop, run: Run): Promise<readonly Interrupt[]> {
  return (await shop.engine.listInterrupts(ANN, { runId: run.id, limit: 10 })).interrupts;
}

/** Answers the open questions of a run in order, and gives the run that goes on. */
export async function answer(shop: Shop, run: Run, ...answers: readonly Json[]): Promise<Run> {
  const pending = (await questionsOf(shop, run)).filter(({ status }) => status === "pending");
  const given = pending.map(({ id }, index) => ({ interruptId: id, answer: answers[index] ?? null }));
  const { run: child } = await shop.engine.answer(ANN, given);
  if (child === undefined) throw new Error("no run goes on");
  return child;
}

export async function endOf(shop: Shop, run: Run): Promise<string | undefined> {
  return (await shop.log(run)).at(-1)?.event.type;
}

export async function toolsOf(shop: Shop, run: Run): Promise<readonly ToolPart[]> {
  const { steps } = await shop.engine.transcript(run);
  return steps.flatMap((step) => step.parts.filter((part): part is ToolPart => part.type === "tool"));
}
