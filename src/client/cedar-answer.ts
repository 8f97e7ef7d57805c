import { holdfastOf, providerOf, stateOf, type CedarStoreHook } from "./cedar-store.ts";
import { eventFrames } from "./event-frames.ts";

/** Which answer {@link restoreAnswer} looks for. */
export interface RestoreAnswerOptions {
  /** The thread that the page shows, unless given. */
  readonly threadId?: string;
  /** What stands before Holdfast's `/v1`. Unless given: the provider's `baseURL` without its `/api`. */
  readonly holdfastURL?: string;
}

/** One run is at work on a thread at a time; more may be queued behind it. */
const MAX_RUNS = 10;

/**
 * Shows the answer that is under way on a thread as it comes, from its beginning, since Cedar knows nothing of it once the page is loaded anew.
 * Call it when the messages are loaded, before `restoreQuestions`, which finds what the answer ends with. What the answer does to the page is done
 * again. An answer that the page has asked for itself is left to it; with `cedarFetch` the stream survives cuts. Gives how many were shown.
 *
 * @example
 * cedarStorage({ baseURL, onLoaded: (threadId) => restoreAnswer(useCedarStore, { threadId }) });
 */
export async function restoreAnswer(store: CedarStoreHook, options: RestoreAnswerOptions = {}): Promise<number> {
  const { root, headers } = holdfastOf(store, options.holdfastURL);
  const threadId = options.threadId ?? stateOf(store).mainThreadId ?? "";
  const found = await fetch(`${root}/v1/runs?status=pending,running&limit=${MAX_RUNS}&threadId=${encodeURIComponent(threadId)}`, { headers });
  if (!found.ok) throw new Error(`The answer under way was not found: the server answered ${found.status}.`);
  const { runs } = (await found.json()) as { readonly runs: { readonly id: string }[] };
  if (runs.length === 0 || stateOf(store).isProcessing) return 0;
  stateOf(store).setIsProcessing(true);
  try {
    const count = runs.length;
    // The newest comes first.
    for (let run = runs.pop(); run !== undefined; run = runs.pop()) await follow(store, run.id, threadId, headers);
    return count;
  } finally {
    stateOf(store).setIsProcessing(false);
  }
}

async function follow(store: CedarStoreHook, runId: string, threadId: string, headers: Record<string, string>): Promise<void> {
  const { baseURL = "", chatPath = "/chat" } = providerOf(store);
  const answered = await fetch(`${baseURL}${chatPath}/runs/${encodeURIComponent(runId)}/cedar-stream`, { headers });
  if (!answered.ok || answered.body === null) throw new Error(`The answer under way was not shown: the server answered ${answered.status}.`);
  for await (const { data } of eventFrames(answered.body)) {
    // It goes on without anybody who watches.
    if (stateOf(store).mainThreadId !== threadId) return;
    if (data !== "") await stateOf(store).handleLLMResponse([itemIn(data)]);
  }
}

/** Text as it is, and a typed object as an object. */
function itemIn(data: string): unknown {
  const object = JSON.parse(data) as { readonly type?: unknown; readonly content?: unknown };
  return object.type === undefined ? object.content : object;
}
