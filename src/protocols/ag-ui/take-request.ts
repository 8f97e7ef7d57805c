import { HoldfastError } from "../../core/error.ts";
import type { Continuation } from "../../core/interrupt-store.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Answered, Engine, ResolvedAgent, StartRequest } from "../../core/protocol.ts";
import { isTerminal, type Run, type RunInput } from "../../core/run.ts";
import { answersIn, refuseOpen } from "./answers.ts";
import { conversation, newQuestions, notesOf, pageToolsOf, userMessage } from "./conversation.ts";
import type { AgUiRequest } from "./decode.ts";

/** What came of a request. */
export type Taken =
  /** A run that the request started, or that goes on because of it, under an id of its own. */
  | { readonly kind: "run"; readonly run: Run }
  /** A run that had been waiting, and that the answers let go on. */
  | { readonly kind: "resumed"; readonly run: Run }
  /** The answers were taken; these calls of tools of the page are still to be answered before the run goes on. */
  | { readonly kind: "open"; readonly runId: string; readonly threadId: string; readonly toolCallIds: readonly string[] };

/** What a prefix adds to the runs that it starts. */
export type RunExtras = Pick<RunInput, "holdMs" | "outputSchema" | "memoryOptions">;

/**
 * Acts on a `RunAgentInput`: hands answers to the run that asked, or starts one.
 * @throws {HoldfastError} INPUT_INVALID, INTERRUPT_OPEN, RUN_ID_USED, and what {@link Engine.start} and {@link Engine.answer} throw
 */
export async function takeRequest(engine: Engine, principal: Principal, agent: ResolvedAgent, request: AgUiRequest, extras: RunExtras = {}): Promise<Taken> {
  const { threadId, runId } = request;
  const given = threadId === undefined ? undefined : await answersIn(engine, principal, { ...request, threadId });
  if (given?.kind === "cancel") return { kind: "run", run: await engine.cancel(principal, given.runId) };
  const questions = newQuestions(request.messages);
  if (given?.kind === "answers") {
    const answered = await engine.answer(principal, given.answers, continuationOf(request, extras));
    if (questions.length === 0) return takenOf(answered);
  }
  // A request that is sent once more is about the run that it started, whatever that has come to ask.
  if (given?.kind === "nothing" && given.open.length > 0 && !(await isKnown(engine, principal, request))) refuseOpen(given.open);
  if (questions.length === 0) throw nothingToDo();
  const run = await started(engine, principal, {
    agentId: agent.id,
    ...(threadId !== undefined && { threadId }),
    clientRunId: runId,
    input: inputOf(request, agent.hasMemory, extras),
    // What the question was sent along with goes on first.
    ...(given?.kind === "answers" && { onBusyThread: "queue" as const }),
  });
  return { kind: "run", run };
}

async function isKnown(engine: Engine, principal: Principal, { threadId = "", runId }: AgUiRequest): Promise<boolean> {
  return (await engine.listRuns(principal, { threadId, clientRunId: runId, limit: 1 })).runs.length > 0;
}

/** The same request again is the same run; an id that is given to another one is a fault of the client. */
async function started(engine: Engine, principal: Principal, request: StartRequest): Promise<Run> {
  try {
    return await engine.start(principal, request);
  } catch (cause) {
    if (!HoldfastError.is(cause) || cause.code !== "IDEMPOTENCY_MISMATCH") throw cause;
    throw new HoldfastError("RUN_ID_USED", "This runId stands for another run of the thread; give every run an id of its own.", { cause });
  }
}

function takenOf({ run, interrupts }: Answered): Taken {
  const asked = interrupts[0];
  if (run !== undefined) return run.id === asked?.runId ? { kind: "resumed", run } : { kind: "run", run };
  if (asked === undefined) throw nothingToDo();
  const open = interrupts.filter(({ status, kind }) => status === "pending" && kind === "frontend-tool");
  return { kind: "open", runId: asked.runId, threadId: asked.threadId, toolCallIds: open.map(({ toolCallId }) => toolCallId) };
}

/** The thread of an agent with memory knows its history: only what is new in this request is taken. */
function inputOf(request: AgUiRequest, hasMemory: boolean, extras: RunExtras): RunInput {
  const messages = hasMemory ? newQuestions(request.messages).map(userMessage) : conversation(request.messages);
  return { messages, trigger: "submit", ...offered(request), ...contextOf(request), ...extras };
}

function continuationOf(request: AgUiRequest, extras: RunExtras): Continuation {
  return { clientRunId: request.runId, input: { ...offered(request), ...extras } };
}

/** What the page offers to the run. */
function offered(request: AgUiRequest): Pick<RunInput, "pageTools" | "notes" | "state"> {
  const [pageTools, notes] = [pageToolsOf(request.tools), notesOf(request)];
  return {
    ...(pageTools.length > 0 && { pageTools }),
    ...(notes.length > 0 && { notes }),
    ...(request.state !== undefined && { state: request.state }),
  };
}

/** Tools and instructions of the application find the client's own values under the name that AG-UI's adapter for Mastra uses. */
function contextOf({ context, forwardedProps }: AgUiRequest): { readonly context?: JsonObject } {
  const items = context.map(({ description, value }) => ({ description, value }));
  if (items.length === 0 && Object.keys(forwardedProps).length === 0) return {};
  return { context: { "ag-ui": { context: items, forwardedProps } } };
}

/** The newest run of a thread that a viewer would look at: the one that is under way, else the one that ended last. */
export async function runToWatch(engine: Engine, principal: Principal, threadId: string): Promise<Run | undefined> {
  const { runs } = await engine.listRuns(principal, { threadId, limit: 20 });
  const active = runs.filter(({ status }) => !isTerminal(status));
  // Behind the run that is under way others may be queued.
  return active.find(({ status }) => status !== "pending") ?? active.at(-1) ?? runs[0];
}

function nothingToDo(): HoldfastError {
  return new HoldfastError(
    "INPUT_INVALID",
    "The messages end with nothing that is new: no message of the user, and no answer to an open question of the thread.",
    {
      details: { field: "messages" },
    },
  );
}
