import { openThreadOf } from "./cedar-open.ts";
import { stateOf, type CedarStoreHook } from "./cedar-store.ts";

/** Which questions {@link restoreQuestions} asks for. */
export interface RestoreOptions {
  /** The thread that the page shows, unless given. */
  readonly threadId?: string;
}

/**
 * Shows the open questions of a thread again, since Cedar keeps neither the state nor the buttons of their cards over a reload. Call it
 * behind `registerHumanInTheLoop`, when the messages are loaded: loading them takes away what the chat shows. Gives how many were shown; one
 * that is shown already is not shown twice, and none where the page shows another thread by then.
 *
 * @example
 * cedarStorage({ baseURL, onLoaded: (threadId) => restoreQuestions(useCedarStore, { threadId }) });
 */
export async function restoreQuestions(store: CedarStoreHook, options: RestoreOptions = {}): Promise<number> {
  const threadId = options.threadId ?? stateOf(store).mainThreadId ?? "";
  if (threadId === "") return 0;
  const { questions } = await openThreadOf(store, threadId);
  let count = 0;
  for (const question of questions) {
    if (stateOf(store).mainThreadId !== threadId) break;
    if (isShown(store, question.stepPath)) continue;
    await stateOf(store).handleLLMResponse([question]);
    count += 1;
  }
  return count;
}

function isShown(store: CedarStoreHook, stepPath: unknown): boolean {
  return stateOf(store).messages.some((message) => JSON.stringify((message as { readonly stepPath?: unknown } | null)?.stepPath) === JSON.stringify(stepPath));
}
