import type { JsonObject } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import { standInId, type Run } from "../../core/run.ts";
import type { AgUiMessage } from "./event.ts";
import { historyMessages } from "./history-messages.ts";

/** The messages of a run's thread around the answer of the run. */
export interface History {
  readonly before: readonly AgUiMessage[];
  /** What was asked and answered since: a run may go on after the conversation did. */
  readonly after: readonly AgUiMessage[];
}

/** What the thread holds beside the answer that the run itself writes. */
export async function historyAround(engine: Engine, principal: Principal, run: Run): Promise<History> {
  const kept = await engine.messages(principal, run.threadId);
  const place = placeOf(kept, run);
  const isOthers = (message: JsonObject): boolean => message["id"] !== run.messageId;
  return { before: historyMessages(kept.slice(0, place).filter(isOthers)), after: historyMessages(kept.slice(place).filter(isOthers)) };
}

/** The answer stands behind the question, wherever the thread has it by now. */
function placeOf(kept: readonly JsonObject[], run: Run): number {
  const own = kept.findIndex(({ id }) => id === run.messageId);
  if (own >= 0) return own;
  const asked = new Set(run.input.messages.flatMap(({ id }) => [id as string, standInId(run.threadId, id as string)]));
  const question = kept.findLastIndex(({ id }) => asked.has(id as string));
  return question >= 0 ? question + 1 : kept.length;
}
