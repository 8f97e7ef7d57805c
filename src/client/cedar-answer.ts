import { askChat, openThreadOf, type CedarAnswer } from "./cedar-open.ts";
import { showPiece, takeBack } from "./cedar-shown.ts";
import { stateOf, type CedarStoreHook } from "./cedar-store.ts";
import { whileBusy, whileShown } from "./cedar-watch.ts";
import { eventFrames } from "./event-frames.ts";

/** Which answers {@link restoreAnswer} shows. */
export interface RestoreAnswerOptions {
  /** The thread that the page shows, unless given. */
  readonly threadId?: string;
  /** The answers that `cedarStorage` found under way when it loaded the messages; asked for unless given. */
  readonly answers?: readonly CedarAnswer[];
  /** Leaves the answer to go on by itself, as when the chat is taken off the page. */
  readonly signal?: AbortSignal;
}

/**
 * Shows the answer that is under way on a thread as it comes, from its beginning, since Cedar knows nothing of it once the page is loaded anew.
 * Call it when the messages are loaded, before `restoreQuestions`, which finds what the answer ends with. What the answer does to the page is done
 * again. An answer that the page has asked for itself is left to it; with `cedarFetch` the stream survives cuts. Ends when the answer does, or
 * the page shows another thread, or this is called anew, which begins again. Gives how many were to be shown.
 *
 * @example
 * cedarStorage({ baseURL, onLoaded: (threadId, answers) => restoreAnswer(useCedarStore, { threadId, answers }) });
 */
export async function restoreAnswer(store: CedarStoreHook, options: RestoreAnswerOptions = {}): Promise<number> {
  const threadId = options.threadId ?? stateOf(store).mainThreadId ?? "";
  if (threadId === "" || stateOf(store).mainThreadId !== threadId) return 0;
  return whileShown(store, threadId, options.signal, async (left) => {
    const answers = options.answers ?? (await openThreadOf(store, threadId)).answers;
    if (left.aborted || answers.length === 0 || stateOf(store).isProcessing) return 0;
    for (const runId of answers.flatMap(({ runs }) => runs)) takeBack(store, runId);
    await whileBusy(store, left, async () => {
      for (const { runs } of answers) for (const runId of runs) await follow(store, threadId, { runId, isLast: runId === runs.at(-1) }, left);
    });
    return answers.length;
  });
}

async function follow(store: CedarStoreHook, threadId: string, run: { readonly runId: string; readonly isLast: boolean }, left: AbortSignal): Promise<void> {
  if (left.aborted) return;
  const answered = await askChat(store, `/runs/${encodeURIComponent(run.runId)}/cedar-stream`);
  if (!answered.ok || answered.body === null) throw new Error(`The answer under way was not shown: the server answered ${answered.status}.`);
  for await (const { data } of eventFrames(answered.body, left)) {
    // It goes on without anybody who watches.
    if (left.aborted || stateOf(store).mainThreadId !== threadId) return;
    const item = data === "" ? undefined : itemIn(data);
    // The questions of a run that goes on in another one are answered.
    if (item !== undefined && (run.isLast || !isQuestion(item))) await showPiece(store, run.runId, item, left);
  }
}

/** Text as it is, and a typed object as an object. */
function itemIn(data: string): unknown {
  const object = JSON.parse(data) as { readonly type?: unknown; readonly content?: unknown };
  return object.type === undefined ? object.content : object;
}

function isQuestion(item: unknown): boolean {
  return (item as { readonly type?: unknown }).type === "humanInTheLoop";
}
