import { HoldfastError } from "../../core/error.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import { isTerminal } from "../../core/run.ts";
import type { AgUiMessage } from "./event.ts";
import { foldTo } from "./run-fold.ts";

const MAX_KNOWN = 500;

/** What the answers of ended runs came to, by the run; the one used last stands last. A log never changes, so what is known stays true. */
const KNOWN = new WeakMap<Engine, Map<string, readonly AgUiMessage[]>>();

/** The messages of a run's answer as its own client was shown them; empty for a run that is gone. */
export async function messagesOfRun(engine: Engine, principal: Principal, runId: string): Promise<readonly AgUiMessage[]> {
  const known = KNOWN.get(engine) ?? new Map<string, readonly AgUiMessage[]>();
  KNOWN.set(engine, known);
  const told = known.get(runId) ?? (await fold(engine, principal, runId, known));
  known.delete(runId);
  known.set(runId, told);
  for (const oldest of known.keys()) {
    if (known.size <= MAX_KNOWN) break;
    known.delete(oldest);
  }
  return told;
}

async function fold(engine: Engine, principal: Principal, runId: string, known: Map<string, readonly AgUiMessage[]>): Promise<readonly AgUiMessage[]> {
  try {
    const run = await engine.getRun(principal, runId);
    const { replica } = await foldTo(engine, { run, runId, generation: "1.0", flavour: "ag-ui" }, "newest", engine.closing);
    if (!isTerminal(run.status)) return replica.messages;
    known.set(runId, replica.messages);
    return replica.messages;
  } catch (error) {
    if (HoldfastError.is(error) && error.code === "RUN_NOT_FOUND") return [];
    throw error;
  }
}
