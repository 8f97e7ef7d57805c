import { holdfastOf, stateOf, type CedarStoreHook } from "./cedar-store.ts";

/** Which questions {@link restoreQuestions} asks for. */
export interface RestoreOptions {
  /** The thread that the page shows, unless given. */
  readonly threadId?: string;
  /** What stands before Holdfast's `/v1`. Unless given: the provider's `baseURL` without its `/api`. */
  readonly holdfastURL?: string;
}

interface OpenInterrupt {
  readonly id: string;
  readonly runId: string;
  readonly kind: string;
  readonly toolName: string;
  readonly input?: unknown;
  readonly payload?: unknown;
  readonly [field: string]: unknown;
}

const KEY = "humanInTheLoop";

/**
 * Shows the open questions of a thread again, since Cedar keeps neither the state nor the buttons of their cards over a reload. Call it
 * behind `registerHumanInTheLoop`, when the messages are loaded: loading them takes away what the chat shows. Gives how many were shown; one
 * that is shown already is not shown twice.
 *
 * @example
 * cedarStorage({ baseURL, onLoaded: (threadId) => restoreQuestions(useCedarStore, { threadId }) });
 */
export async function restoreQuestions(store: CedarStoreHook, options: RestoreOptions = {}): Promise<number> {
  const { root, headers } = holdfastOf(store, options.holdfastURL);
  const threadId = options.threadId ?? stateOf(store).mainThreadId ?? "";
  const answered = await fetch(`${root}/v1/interrupts?status=pending&threadId=${encodeURIComponent(threadId)}`, { headers });
  if (!answered.ok) throw new Error(`The open questions were not found: the server answered ${answered.status}.`);
  const { interrupts } = (await answered.json()) as { readonly interrupts: readonly OpenInterrupt[] };
  const shown = JSON.stringify(stateOf(store).messages.filter(isQuestion));
  const missing = interrupts.filter(({ id }) => !shown.includes(JSON.stringify(id)));
  for (const interrupt of missing) await stateOf(store).handleLLMResponse([questionOf(interrupt, nameOf(interrupt, interrupts))]);
  return missing.length;
}

function isQuestion(message: unknown): boolean {
  return (message as { readonly type?: unknown } | null)?.type === KEY;
}

/** The store keeps one question for each name. */
function nameOf({ id, runId }: OpenInterrupt, interrupts: readonly OpenInterrupt[]): string {
  const index = interrupts.filter((other) => other.runId === runId).findIndex((other) => other.id === id);
  return index === 0 ? runId : `${runId}:${index + 1}`;
}

function questionOf({ id, runId, kind, toolName, input, payload, ...rest }: OpenInterrupt, name: string): object {
  const asked = (payload ?? {}) as Readonly<Record<string, unknown>>;
  const words = typeof payload === "string" ? payload : ["message", "question", "prompt", "reason"].map((field) => asked[field]).find(isWords);
  const message = typeof words === "string" ? words : kind === "tool-approval" ? `May ${toolName} be executed?` : `${toolName} waits for an answer.`;
  return {
    type: KEY,
    status: "suspended",
    runId: name,
    stepPath: [[id]],
    suspendPayload: payload ?? { toolName, input },
    message,
    metadata: { ...rest, interruptId: id, runId, kind, toolName, input },
  };
}

function isWords(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
