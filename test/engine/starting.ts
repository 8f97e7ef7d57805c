import { innermost } from "../../src/core/ledger.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { START } from "../../src/core/offset.ts";
import type { Run, RunInput } from "../../src/core/run.ts";
import { ANN, question, type Shop } from "./shop.ts";

/** Asks with more than a question. */
export function askWith(shop: Shop, text: string, input: Partial<RunInput>, threadId: string = "t"): Promise<Run> {
  return shop.engine.start(ANN, { agentId: "clerk", threadId, input: { messages: [question(text)], trigger: "submit", ...input } });
}

/** Hands a run over to another engine as soon as its log holds what is looked for. */
export async function handOverAt(shop: Shop, run: Run, isThere: (event: RunEvent) => boolean): Promise<void> {
  const watched = new AbortController();
  for await (const batch of shop.engine.tail(run, START, watched.signal)) {
    if (batch.some(({ event }) => isThere(innermost(event).inner))) break;
  }
  watched.abort();
  await shop.handOver();
}

/** The events of a type in the log of a run that has ended. */
export async function eventsOf<Type extends RunEvent["type"]>(shop: Shop, run: Run, type: Type): Promise<readonly Extract<RunEvent, { type: Type }>[]> {
  const entries = await shop.log(run);
  return entries.map(({ event }) => event).filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type);
}
