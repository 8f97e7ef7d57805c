import { HoldfastError } from "../../core/error.ts";
import type { Continuation } from "../../core/interrupt-store.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Answered, Engine, ResolvedAgent, StartRequest } from "../../core/protocol.ts";
import { isTerminal, standInId, type Run, type RunInput } from "../../core/run.ts";
import { answersIn, refuseOpen } from "./answers.ts";
import { conversation, newQuestions, notesOf, pageToolsOf, userMessage, type UserMessage } from "./conversation.ts";
import type { AgUiRequest } from "./decode.ts";
import type { RunReader } from "./event-batches.ts";
import { interruptsOf } from "./stored-answers.ts";

/** What came of a request. */
export type Taken =
  /** A run that the request started, or that goes on because of it. */
  | ({ readonly kind: "run"; readonly run: Run } & Sequel)
  /** A run that had been waiting, and that the answers let go on. */
  | ({ readonly kind: "resumed"; readonly run: Run } & Sequel)
  /** The answers were taken; these calls of tools of the page are still to be answered before the run goes on. */
  | { readonly kind: "open"; readonly threadId: string; readonly toolCallIds: readonly string[] };

/** A run under the name that the client knows it by. */
interface NamedRun {
  readonly run: Run;
  readonly runId: string;
}

/** A request may answer and ask: what it asks is started once what it answered has ended. */
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
  const given = threadId === undefined ? undefined : await answersIn(engine, principal, { ...request, threadId });
  if (given?.kind === "cancel") return { kind: "run", run: await canceled(engine, principal, given.runId) };
  const start = (questions: readonly UserMessage[]): Promise<Run> => started(engine, principal, startOf(agent, request, questions, extras));
  if (given?.kind === "answers") {
    const questions = await unasked(engine, principal, request);
    const answered = await engine.answer(principal, given.answers, continuationOf(request, extras, questions.length > 0));
    const next = async (): Promise<NamedRun> => ({ run: await start(questions), runId: request.runId });
    return taken(engine, principal, answered, questions.length > 0 ? next : undefined);
  }
  // A request that is sent once more is about the run that it started, whatever that has come to ask.
  if (given !== undefined && given.open.length > 0 && !(await isKnown(engine, principal, request))) refuseOpen(given.open);
  const questions = newQuestions(request.messages);
  if (questions.length === 0) throw nothingToDo();
  return { kind: "run", run: await start(questions) };
}

/** What follows the run of a cursor in the answer to a request: what the request asked beside what it answered. */
export async function sequelOf(
  engine: Engine,
  principal: Principal,
  agent: ResolvedAgent,
  request: AgUiRequest,
  run: Run,
  extras: RunExtras = {},
): Promise<Sequel> {
  if (run.clientRunId === request.runId) return {};
  const questions = await unasked(engine, principal, request);
  if (questions.length === 0 && !(await isKnown(engine, principal, request))) return {};
  const next = async (): Promise<NamedRun> => ({ run: await started(engine, principal, startOf(agent, request, questions, extras)), runId: request.runId });
  return { next: onceAnswered(engine, principal, run, next) };
}

async function taken(engine: Engine, principal: Principal, { run, interrupts }: Answered, next: (() => Promise<NamedRun>) | undefined): Promise<Taken> {
  const asked = interrupts[0];
  if (run !== undefined) return { kind: run.id === asked?.runId ? "resumed" : "run", run, ...(next && { next: onceAnswered(engine, principal, run, next) }) };
  // The page leaves its other calls open, and the conversation goes on.
  if (next !== undefined) return { kind: "run", run: (await next()).run };
  if (asked === undefined) throw nothingToDo();
  const open = interrupts.filter(({ status, kind }) => status === "pending" && kind === "frontend-tool");
  return { kind: "open", threadId: asked.threadId, toolCallIds: open.map(({ toolCallId }) => toolCallId) };
}

/** A run that asks again holds back what was asked with the answers: the client has to see its questions first. */
function onceAnswered(engine: Engine, principal: Principal, run: Run, next: NonNullable<RunReader["next"]>): NonNullable<RunReader["next"]> {
  return async () => {
    const interrupts = await interruptsOf(engine, principal, run.id);
    return interrupts.some(({ kind, status }) => kind !== "frontend-tool" && status === "pending") ? undefined : next();
  };
}

/**
 * The messages of the user that the thread does not hold, behind the last one that it does. Beside answers they may stand anywhere: what the
 * run goes on to say comes behind them in the client.
 */
async function unasked(engine: Engine, principal: Principal, { threadId = "", messages }: AgUiRequest): Promise<readonly UserMessage[]> {
  const known = new Set((await engine.messages(principal, threadId)).map(({ id }) => id));
  const asked = messages.filter((message) => message.role === "user");
  const last = asked.findLastIndex(({ id }) => known.has(id) || known.has(standInId(threadId, id)));
  return asked.slice(last + 1);
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
