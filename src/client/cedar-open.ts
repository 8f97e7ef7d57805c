import { providerOf, type CedarStoreHook } from "./cedar-store.ts";

/** An answer that is under way. */
export interface CedarAnswer {
  /** The runs that tell of it, the first one first: what goes on behind a question is another run. */
  readonly runs: readonly string[];
  /** The messages of the thread do not tell whether it has ended. */
  readonly isOfWorkflow: boolean;
}

/** A question as a stream asks it. */
export interface CedarQuestion {
  readonly type: string;
  readonly runId: string;
  readonly stepPath: unknown;
}

/** What a page that was loaded anew has missed of a thread, as the server tells it. */
export interface OpenThread {
  /** What the server calls the thread. */
  readonly threadId: string;
  /** The answers that are under way, the oldest first. */
  readonly answers: readonly CedarAnswer[];
  readonly questions: readonly CedarQuestion[];
}

/** Below the address of the chat. */
export function openThreadPath(threadId: string): string {
  return `/threads/${encodeURIComponent(threadId)}/cedar-open`;
}

export async function openThreadOf(store: CedarStoreHook, threadId: string): Promise<OpenThread> {
  const answered = await askChat(store, openThreadPath(threadId));
  if (!answered.ok) throw new Error(`What is open on the thread was not found: the server answered ${answered.status}.`);
  return (await answered.json()) as OpenThread;
}

/** Asks below the address of the chat, as the page's user. */
export function askChat(store: CedarStoreHook, path: string): Promise<Response> {
  const { baseURL = "", chatPath = "/chat", apiKey } = providerOf(store);
  // Without a signal: one that is aborted would cancel the run.
  return fetch(`${baseURL}${chatPath}${path}`, { headers: apiKey ? { Authorization: `Bearer ${apiKey}` } : {} });
}
