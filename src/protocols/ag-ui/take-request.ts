import { HoldfastError } from "../../core/error.ts";
import type { Continuation } from "../../core/interrupt-store.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine, ResolvedAgent, StartRequest } from "../../core/protocol.ts";
import { isTerminal, type Run, type RunInput } from "../../core/run.ts";
import { answersIn, refuseOpen, type Given } from "./answers.ts";
import { conversation, newQuestions, notesOf, pageToolsOf, userMessage, type UserMessage } from "./conversation.ts";
import type { AgUiRequest } from "./decode.ts";
import type { RunReader } from "./event-batches.ts";

/** What came of a request. */
export type Taken =
  /** A run that the request started, or that goes on because of it. */
  | ({ readonly kind: "run"; readonly run: Run } & Sequel)
  /** A run that had been waiting, and that the answers let go on. */
  | ({ readonly kind: "resumed"; readonly run: Run } & Sequel)
  /** The answers were taken; these calls of tools of the page are still to be answered before the run goes on. */
  | { readonly kind: "open"; readonly threadId: string; readonly toolCallIds: readonly string[] };

/** A request may answer and ask: what it asks is a run of its own, queued behind the one that it answered. */
interface Sequel {
  readonly next?: NonNullable<RunReader["next"]>;
}

/** What a prefix adds to the runs that it starts. */
export type RunExtras = Pick<RunInput, "holdMs" | "outputSchema" | "memoryOptions">;

/**
 * Acts on a `RunAgentInput`: hands answers to the run that asked, or starts one.
 * @throws {HoldfastError} INPUT_INVALID, INTERRUPT_OPEN, RUN_ID_USED, and what {@link Engine.start} and {@link Engine.answer} throw
 */
export async function takeRequest(engine: Engine, principal: Principal, agent: ResolvedAgent, request: AgUiRequest, extras: RunExtras = {}): Promise<Taken> {
  const { threadId } = request;
  // A request that is sent once more is about what it started, whatever has come of that.
  const isRepeated = await isKnown(engine, principal, request);
  const given = threadId === undefined ? undefined : await answersIn(engine, principal, { ...request, threadId }, isRepeated);
  const questions = newQuestions(request.messages);
  if (given?.kind === "answers" || given?.kind === "cancel") {
    const asked = await unasked(engine, principal, given.runId, questions);
    const goesOn = await answered(engine, principal, given, continuationOf(request, extras, asked.length > 0));
    if (asked.length === 0) return goesOn;
    // On the disk before the client hears of it: what is asked is not lost with the connection.
    const run = await started(engine, principal, { ...startOf(agent, request, asked, extras), onBusyThread: "queue" });
    // Where the page leaves other calls open, the conversation goes on all the same.
    return goesOn.kind === "open" ? { kind: "run", run } : { ...goesOn, next: { run, runId: request.runId } };
  }
  if (given !== undefined && !isRepeated) refuseOpen(given.open);
  if (questions.length === 0) throw nothingToDo();
  return { kind: "run", run: await started(engine, principal, startOf(agent, request, questions, extras)) };
}

/** What follows the run of a cursor in the answer to a request: what the request asked beside what it answered. Starts nothing. */
export async function sequelOf(engine: Engine, principal: Principal, { threadId = "", runId }: AgUiRequest, run: Run): Promise<Sequel> {
  const [next] = (await engine.listRuns(principal, { threadId, clientRunId: runId, limit: 1 })).runs;
  return next === undefined || next.id === run.id ? {} : { next: { run: next, runId } };
}

/** Hands the answers on, or gives up what can no longer be answered. */
async function answered(
  engine: Engine,
  principal: Principal,
  given: Exclude<Given, { readonly kind: "nothing" }>,
  continuation: Continuation,
): Promise<Exclude<Taken, { readonly next?: unknown }> | { readonly kind: "run" | "resumed"; readonly run: Run }> {
  if (given.kind === "cancel") return { kind: "run", run: await canceled(engine, principal, given.runId) };
  const { run, interrupts } = await engine.answer(principal, given.answers, continuation);
  const asked = interrupts[0];
  if (run !== undefined) return { kind: run.id === asked?.runId ? "resumed" : "run", run };
  if (asked === undefined) throw nothingToDo();
  const open = interrupts.filter(({ status, kind }) => status === "pending" && kind === "frontend-tool");
  return { kind: "open", threadId: asked.threadId, toolCallIds: open.map(({ toolCallId }) => toolCallId) };
}

/** A client that sends no more than its own messages sends what the run that is answered was asked. */
async function unasked(engine: Engine, principal: Principal, runId: string, questions: readonly UserMessage[]): Promise<readonly UserMessage[]> {
  if (questions.length === 0) return [];
  const { input } = await engine.getRun(principal, runId);
  const known = new Set(input.messages.map(({ id }) => id));
  return questions.filter(({ id }) => !known.has(id));
}

/** Given up once more, it is the same run. */
async function canceled(engine: Engine, principal: Principal, runId: string): Promise<Run> {
  const child = await engine.getChildRun(await engine.getRun(principal, runId));
  return child ?? engine.cancel(principal, runId);
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

/** The thread of an agent with memory knows its history: only what is new in this request is taken. */
function inputOf(request: AgUiRequest, questions: readonly UserMessage[] | undefined, extras: RunExtras): RunInput {
  const messages = questions === undefined ? conversation(request.messages) : questions.map(userMessage);
  return { messages, trigger: "submit", ...offered(request), context: contextOf(request), ...extras };
}

function startOf(agent: ResolvedAgent, request: AgUiRequest, questions: readonly UserMessage[], extras: RunExtras): StartRequest {
  const { threadId, runId: clientRunId } = request;
  return {
    agentId: agent.id,
    ...(threadId !== undefined && { threadId }),
    clientRunId,
    input: inputOf(request, agent.hasMemory ? questions : undefined, extras),
  };
}

/** What the page offers now, where that is nothing too: a run that goes on must not call what the page no longer has. */
function continuationOf(request: AgUiRequest, extras: RunExtras, asks: boolean): Continuation {
  const input = { pageTools: [], notes: [], state: {}, ...offered(request), context: contextOf(request), ...extras };
  // The id of the request stands for what it asks, where it does both.
  return asks ? { input } : { clientRunId: request.runId, input };
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
function contextOf({ context, forwardedProps }: AgUiRequest): JsonObject {
  return { "ag-ui": { context: context.map(({ description, value }) => ({ description, value })), forwardedProps } };
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
