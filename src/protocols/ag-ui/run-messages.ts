import { HoldfastError } from "../../core/error.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import { isTerminal } from "../../core/run.ts";
import type { AgUiMessage } from "./event.ts";
import { foldTo, withAnswers } from "./run-fold.ts";
import { answeredOf } from "./stored-answers.ts";

const MAX_KNOWN = 500;

/** What the answers of ended runs came to, by owner and run; the one used last stands last. A log never changes, so what is known stays true. */
const KNOWN = new WeakMap<Engine, Map<string, readonly AgUiMessage[]>>();

/** The messages of a run's answer as its own client was shown them; empty for a run that is gone. */
export async function messagesOfRun(engine: Engine, principal: Principal, runId: string): Promise<readonly AgUiMessage[]> {
  const known = KNOWN.get(engine) ?? new Map<string, readonly AgUiMessage[]>();
  KNOWN.set(engine, known);
  const key = JSON.stringify([principal.resourceId, runId]);
  const told = known.get(key);
  if (told === undefined) return fold(engine, principal, runId, (messages) => remember(known, key, messages));
  remember(known, key, told);
  return told;
}

function remember(known: Map<string, readonly AgUiMessage[]>, key: string, messages: readonly AgUiMessage[]): void {
  known.delete(key);
  known.set(key, messages);
  for (const oldest of known.keys()) {
    if (known.size <= MAX_KNOWN) break;
    known.delete(oldest);
  }
}

/** `onFinal` is told what will not change any more: a run that asks may still be given some of its answers. */
async function fold(engine: Engine, principal: Principal, runId: string, onFinal: (messages: readonly AgUiMessage[]) => void): Promise<readonly AgUiMessage[]> {
  try {
    const run = await engine.getRun(principal, runId);
    const wire = { run, runId, generation: "1.0", flavour: "ag-ui" } as const;
    const point = withAnswers(wire, await foldTo(engine, wire, "newest", engine.closing), await answeredOf(engine, principal, run));
    const { messages } = point.replica;
    if (isTerminal(run.status) && run.status !== "suspended") onFinal(messages);
    return messages;
  } catch (error) {
    if (HoldfastError.is(error) && error.code === "RUN_NOT_FOUND") return [];
    throw error;
  }
}
