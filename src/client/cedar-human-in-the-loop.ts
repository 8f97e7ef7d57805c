import { holdfastOf, providerOf, stateOf, type CedarStoreHook } from "./cedar-store.ts";
import { onLeaving, whileBusy } from "./cedar-watch.ts";

/** How {@link registerHumanInTheLoop} answers and cancels. */
export interface HumanInTheLoopOptions {
  /** Gives a suspended run up. Unless given: `POST /v1/runs/{runId}/cancel`. */
  readonly cancelRun?: (runId: string) => Promise<unknown>;
  /** What stands before Holdfast's `/v1`. Unless given: the provider's `baseURL` without its `/api`. */
  readonly holdfastURL?: string;
  /** Told when an answer or a cancel could not be sent, and the question is open again; or when what came of an answer broke off. */
  readonly onError?: (error: unknown, runId: string) => void;
}

/** A question as the store keeps it. */
interface Question {
  readonly state: string;
  readonly stepPath: unknown;
  readonly threadId?: string;
  readonly messageId?: string;
  readonly [field: string]: unknown;
}

type Questions = Readonly<Record<string, Question>>;

const KEY = "humanInTheLoop";

/**
 * Makes the buttons of a suspended run work: those of Cedar's own send nothing. Call it once, before a run is suspended; what the state holds
 * already is kept. A text that is half typed stays in the editor.
 *
 * @example
 * registerHumanInTheLoop(useCedarStore);
 */
export function registerHumanInTheLoop(store: CedarStoreHook, options: HumanInTheLoopOptions = {}): void {
  const current = (): Questions => (stateOf(store).getCedarState(KEY) as Questions | undefined) ?? {};

  /** Notes what became of questions in the state, and on their cards: Cedar draws the buttons of one by what its message says. */
  const mark = (runIds: readonly string[], fields: { readonly state: string; readonly [field: string]: unknown }): void => {
    const questions = current();
    const marked = runIds.flatMap((runId) => (questions[runId] === undefined ? [] : [[runId, { ...questions[runId], ...fields }] as const]));
    stateOf(store).setCedarState(KEY, { ...questions, ...Object.fromEntries(marked) });
    for (const [, { messageId, threadId }] of marked) if (messageId) stateOf(store).updateMessage?.(messageId, fields, threadId);
  };

  const send = async (runId: string, runIds: readonly string[], sent: (taken: () => void) => Promise<unknown>): Promise<void> => {
    let isTaken = false;
    try {
      await sent(() => (isTaken = true));
    } catch (error) {
      if (!isTaken) mark(runIds, { state: "suspended" });
      options.onError?.(error, runId);
    }
  };

  const resume = (questions: Questions, _setValue: unknown, [runId, resumeData]: readonly [string, unknown]): Promise<void> | undefined => {
    const question = questions[runId];
    // The second click sends nothing.
    if (question?.state !== "suspended") return undefined;
    mark([runId], { state: "resumed", resumeData, resumedAt: new Date().toISOString() });
    return send(runId, [runId], (taken) => answer(store, { runId, question, resumeData, taken }));
  };

  const cancel = (questions: Questions, _setValue: unknown, [runId]: readonly [string]): Promise<void> | undefined => {
    if (questions[runId]?.state !== "suspended") return undefined;
    // The run is given up with all that it asks.
    const runIds = Object.keys(questions).filter((id) => runOf(id) === runOf(runId) && questions[id]?.state === "suspended");
    mark(runIds, { state: "cancelled", cancelledAt: new Date().toISOString() });
    const { cancelRun = (id: string) => giveUp(store, id, options.holdfastURL) } = options;
    return send(runId, runIds, () => cancelRun(runOf(runId)));
  };

  stateOf(store).registerState({
    key: KEY,
    value: current(),
    description: "The questions of suspended runs",
    stateSetters: {
      resume: { name: "resume", description: "Answers a question of a suspended run", execute: resume },
      cancel: { name: "cancel", description: "Gives a suspended run up", execute: cancel },
    },
  });
}

interface GivenAnswer {
  readonly runId: string;
  readonly question: Question;
  readonly resumeData: unknown;
  /** Called when something came of it, so that the server has it. */
  readonly taken: () => void;
}

/** As the store's `sendMessage` does it, which would send what is in the editor along, and keep to itself that the request failed. */
async function answer(store: CedarStoreHook, { runId, question, resumeData, taken }: GivenAnswer): Promise<void> {
  const state = stateOf(store);
  const { mainThreadId } = state;
  const shown = state.messages.length;
  let failure: { readonly error: unknown } | undefined;
  const leaving = new AbortController();
  const release = onLeaving(store, mainThreadId, () => leaving.abort());
  // A page that shows another thread by then shows nothing of it: it would stand there. One that loads this one anew is shown it by `restoreAnswer`.
  const isLeft = (): boolean => leaving.signal.aborted || stateOf(store).mainThreadId !== mainThreadId;
  const show = (items: readonly unknown[]): void => {
    taken();
    if (!isLeft()) void stateOf(store).handleLLMResponse(items);
  };
  const request = {
    route: providerOf(store).resumePath ?? "/chat/resume",
    prompt: "",
    runId,
    stepPath: question.stepPath,
    // A field that is undefined is none in JSON.
    resumeData: resumeData ?? null,
    additionalContext: state.compileAdditionalContext(),
    resourceId: state.getCedarState("userId"),
    threadId: question.threadId ?? mainThreadId,
  };
  await whileBusy(store, leaving.signal, async () => {
    const { completion } = state.streamLLM(request, (event) => {
      if (event.type === "error") failure = { error: event.error };
      if (event.type === "chunk") show([event.content]);
      if (event.type === "object") show(Array.isArray(event.object) ? (event.object as readonly unknown[]) : [event.object]);
    });
    await completion;
  }).finally(release);
  for (const message of isLeft() ? [] : stateOf(store).messages.slice(shown)) await stateOf(store).persistMessageStorageMessage?.(message);
  if (failure !== undefined) throw failure.error;
}

/** The second question of a run and those behind it are named after it. */
function runOf(questionId: string): string {
  return questionId.replace(/:\d+$/, "");
}

async function giveUp(store: CedarStoreHook, runId: string, holdfastURL: string | undefined): Promise<void> {
  const { root, headers } = holdfastOf(store, holdfastURL);
  const answered = await fetch(`${root}/v1/runs/${encodeURIComponent(runId)}/cancel`, { method: "POST", headers });
  // One that has ended in the meantime needs no cancel.
  if (!answered.ok && answered.status !== 409) throw new Error(`The run was not canceled: the server answered ${answered.status}.`);
}
