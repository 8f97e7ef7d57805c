import type { JsonObject } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import { standInId, type Run } from "../../core/run.ts";
import type { AgUiMessage } from "./event.ts";
import { historyMessages } from "./history-messages.ts";
import { messagesOfRun } from "./run-messages.ts";

/** The messages of a run's thread around the answer of the run. */
export interface History {
  readonly before: readonly AgUiMessage[];
  /** What was asked and answered since: a run may go on after the conversation did. */
  readonly after: readonly AgUiMessage[];
}

// Answers that are told from the logs of their runs; the memory is asked for older ones. A log is some 10 ms for 10,000 entries.
const RECENT_ANSWERS = 20;

/** What the thread holds beside the answer that the run itself writes (`own`, as the client is shown it). */
export async function historyAround(engine: Engine, principal: Principal, run: Run, own: readonly AgUiMessage[]): Promise<History> {
  const kept = await engine.messages(principal, run.threadId);
  const place = placeOf(kept, run);
  const isOthers = (message: JsonObject): boolean => message["id"] !== run.messageId;
  const ownIds = new Set(own.map(({ id }) => id));
  const shown = async (messages: readonly JsonObject[]): Promise<readonly AgUiMessage[]> =>
    (await shownMessages(engine, principal, run.threadId, messages.filter(isOthers))).filter(({ id }) => !ownIds.has(id));
  return { before: await shown(kept.slice(0, place)), after: await shown(kept.slice(place)) };
}

/** All that the thread holds. */
export async function threadHistory(engine: Engine, principal: Principal, threadId: string): Promise<readonly AgUiMessage[]> {
  return shownMessages(engine, principal, threadId, await engine.messages(principal, threadId));
}

/**
 * Messages of a thread as those were shown them who saw them being written: recent answers from the logs of their runs. The memory keeps less of
 * an answer, and not all ids; where its words are others, somebody has changed them, and they count.
 */
async function shownMessages(engine: Engine, principal: Principal, threadId: string, kept: readonly JsonObject[]): Promise<readonly AgUiMessage[]> {
  const answers = kept.filter(({ role }) => role === "assistant");
  const recent = new Set(answers.slice(-RECENT_ANSWERS));
  const shown: AgUiMessage[] = [];
  for (const message of kept) {
    const runId = (message["metadata"] as JsonObject | undefined)?.["runId"];
    const told = recent.has(message) && typeof runId === "string" ? await messagesOfRun(engine, principal, runId) : [];
    const remembered = historyMessages([underOwnId(message, threadId)]);
    shown.push(...(told.length > 0 && wordsOf(told) === wordsOf(remembered) ? told : remembered));
  }
  return shown;
}

function wordsOf(messages: readonly AgUiMessage[]): string {
  const texts = messages.map((message) => (message.role === "assistant" && message.subagentRunId === undefined ? (message.content ?? "") : ""));
  return texts.join("").replaceAll(/\s+/g, "");
}

/** Where another thread has a message's id, the memory keeps it under another; its client knows it by its own. */
function underOwnId(message: JsonObject, threadId: string): JsonObject {
  const { id } = message;
  const ending = standInId(threadId, "");
  return typeof id === "string" && id.endsWith(ending) ? { ...message, id: id.slice(0, -ending.length) } : message;
}

/** The answer stands behind the question, wherever the thread has it by now. */
function placeOf(kept: readonly JsonObject[], run: Run): number {
  const own = kept.findIndex(({ id }) => id === run.messageId);
  if (own >= 0) return own;
  const asked = new Set(run.input.messages.flatMap(({ id }) => [id as string, standInId(run.threadId, id as string)]));
  const question = kept.findLastIndex(({ id }) => asked.has(id as string));
  return question >= 0 ? question + 1 : kept.length;
}
