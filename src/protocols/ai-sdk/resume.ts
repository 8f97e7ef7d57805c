import { HoldfastError } from "../../core/error.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import { isTerminal, type Run } from "../../core/run.ts";
import { countChunks } from "./replay-source.ts";
import type { ServedRuns } from "./served-runs.ts";
import { messageView, ownView, type RunView } from "./run-view.ts";
import type { SharedEncoding } from "./shared-encoding.ts";

const RUN_ID = /^run_/;
const INDEX = /^-?\d+$/;

/** A client that was cut from a run before a restart is looked for in this many runs of its thread. */
const MAX_CANDIDATES = 5;

/** What a re-attaching client goes on with. */
export interface Resumed {
  /** Asked for by run, the run's own chunks; asked for by chat, those of the whole message. */
  readonly view: RunView;
  /** The index of the chunk it is sent first. */
  readonly fromChunk: number;
  /** Chunks of the run that are stored by now. */
  readonly chunkCount: number;
  /** The chat it was asked for by, where it was not asked for by run. */
  readonly chatId?: string;
}

/** Where re-attaching clients are looked up. */
export interface ResumeContext {
  readonly engine: Engine;
  readonly encoding: SharedEncoding;
  readonly served: ServedRuns;
}

/**
 * The `startIndex` of a URL. A client that is given an address with a query glues its own onto it, `?a=1?startIndex=2`.
 * @throws {HoldfastError} INPUT_INVALID
 */
export function startIndexOf(url: string): number | undefined {
  const query = url.slice(url.indexOf("?"));
  const text = [...query.matchAll(/[?&]startIndex=([^?&#]*)/g)].at(-1)?.[1];
  if (text === undefined) return undefined;
  const index = Number(text);
  if (INDEX.test(text) && Number.isSafeInteger(index)) return index;
  throw new HoldfastError("INPUT_INVALID", "startIndex must be an integer.", { details: { field: "startIndex" } });
}

/**
 * The run that a GET by run id or by chat id goes on with; `undefined` when there is nothing to resume.
 * @throws {HoldfastError} THREAD_NOT_FOUND
 */
export async function resume(context: ResumeContext, principal: Principal, id: string, startIndex: number | undefined): Promise<Resumed | undefined> {
  const run = await findRun(context.engine, principal, id);
  if (run !== undefined) return startIndex === undefined ? replayActive(context, ownView(run)) : attach(context, ownView(run), startIndex);
  const { activeRunId } = await context.engine.getThread(principal, id);
  if (startIndex !== undefined && startIndex > 0) return goOn(context, principal, id, activeRunId, startIndex);
  const active = activeRunId === undefined ? undefined : await context.engine.getRun(principal, activeRunId);
  if (active === undefined) return undefined;
  const view = await wholeMessage(context, active);
  const resumed = startIndex === undefined ? await replayActive(context, view) : await attach(context, view, startIndex);
  return resumed && { ...resumed, chatId: id };
}

/** The run of this id, if it is the id of a run. A chat may be called anything. */
export async function findRun(engine: Engine, principal: Principal, id: string): Promise<Run | undefined> {
  if (!RUN_ID.test(id)) return undefined;
  try {
    return await engine.getRun(principal, id);
  } catch (error) {
    if (HoldfastError.is(error) && error.code === "RUN_NOT_FOUND") return undefined;
    throw error;
  }
}

function wholeMessage({ engine, encoding }: ResumeContext, run: Run): Promise<RunView> {
  return messageView(engine, encoding.version, run);
}

async function replayActive(context: ResumeContext, view: RunView): Promise<Resumed | undefined> {
  return isTerminal(view.run.status) ? undefined : attach(context, view, 0);
}

async function attach({ engine, encoding }: ResumeContext, view: RunView, startIndex: number): Promise<Resumed> {
  const chunkCount = await countChunks(engine, encoding, view);
  return { view, fromChunk: startIndex < 0 ? Math.max(0, chunkCount + startIndex) : startIndex, chunkCount };
}

/** A client that has chunks already goes on with the run that they came from. */
async function goOn(
  context: ResumeContext,
  principal: Principal,
  chatId: string,
  activeRunId: string | undefined,
  startIndex: number,
): Promise<Resumed | undefined> {
  const servedId = context.served.find(principal.resourceId, chatId, startIndex);
  const served = servedId === undefined ? undefined : await findRun(context.engine, principal, servedId);
  if (served !== undefined) return { ...(await attach(context, await wholeMessage(context, served), startIndex)), chatId };
  for (const run of await candidates(context.engine, principal, chatId, activeRunId)) {
    const resumed = await attach(context, await wholeMessage(context, run), startIndex);
    // What a client has was stored before it was sent, so a shorter run is not its run; and of an ended one it would have the end.
    const hasMore = isTerminal(run.status) ? resumed.chunkCount > startIndex : resumed.chunkCount >= startIndex;
    if (hasMore) return { ...resumed, chatId };
  }
  return undefined;
}

async function candidates(engine: Engine, principal: Principal, threadId: string, activeRunId: string | undefined): Promise<readonly Run[]> {
  const { runs } = await engine.listRuns(principal, { threadId, limit: MAX_CANDIDATES });
  const active = runs.filter(({ id }) => id === activeRunId);
  return [...active, ...runs.filter((run) => !active.includes(run))];
}
