import { HoldfastError } from "../../core/error.ts";
import { START } from "../../core/offset.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine, ResolvedAgent } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";
import { parseCursor, type Cursor } from "../cursor.ts";
import { downLevel } from "./down-level.ts";
import type { AgUiRequest } from "./decode.ts";
import type { AgUiEvent, AgUiMessage, Generation } from "./event.ts";
import type { Media } from "./frame.ts";
import type { RunReader } from "./event-batches.ts";
import { threadHistory } from "./history.ts";
import { preludeOf } from "./prelude.ts";
import { emptyReplica } from "./replica.ts";
import type { RunWire } from "./run-fold.ts";
import { serveEvents, serveRun } from "./serve.ts";
import { runToWatch, sequelOf, takeRequest, type RunExtras, type Taken } from "./take-request.ts";

/** How a client is spoken to, whatever it asks for. */
export interface Client {
  readonly engine: Engine;
  readonly principal: Principal;
  readonly generation: Generation;
  readonly media: Media;
  readonly flavour: RunWire["flavour"];
}

/** What a request asks of the streams that answer it. */
export interface Wanted {
  readonly threadId?: string;
  /** What the client calls the run; the run's own name where left out. */
  readonly runId?: string;
  readonly isFollowing?: boolean;
  readonly sent?: RunReader["sent"];
  /** What is to follow a run, if anything is. */
  readonly sequelOf?: (run: Run) => Promise<Pick<RunReader, "next">>;
}

/**
 * Streams to a client from behind the last event that it has.
 * @throws {HoldfastError} OFFSET_INVALID, RUN_NOT_FOUND
 */
export async function serveRest(client: Client, lastEventId: string, wanted: Wanted): Promise<Response> {
  const after: Cursor = parseCursor(lastEventId);
  const { engine, principal } = client;
  const run = await engine.getRun(principal, after.runId);
  if (wanted.threadId !== undefined && run.threadId !== wanted.threadId) {
    throw new HoldfastError("OFFSET_INVALID", "Last-Event-ID is of another thread; send the id of the last event of this one, or none.");
  }
  if (after.offset > (await engine.lastOffset(run)) || (after.isPrelude && after.offset === START)) {
    throw new HoldfastError("OFFSET_INVALID", "Last-Event-ID is none of this run's; send the id of the last event, or none.");
  }
  const sequel = await wanted.sequelOf?.(run);
  const runId = sequel?.next === undefined ? wanted.runId : undefined;
  return serveRun({ ...client, ...shared(wanted), ...sequel, run, runId: runId ?? nameOf(run), after, isJoining: false });
}

/** Acts on a request for a run and streams what comes of it; behind `lastEventId`, where the client sends one, it only goes on. */
export async function answerRun(
  client: Client,
  agent: ResolvedAgent,
  request: AgUiRequest,
  lastEventId: string | undefined,
  extras: RunExtras = {},
): Promise<Response> {
  const { engine, principal } = client;
  const { runId, threadId } = request;
  // What came as JSON has no field that is undefined, whatever the type of the schema says.
  const sent = request.messages as unknown as readonly AgUiMessage[];
  if (lastEventId) {
    const follows = (run: Run): Promise<Pick<RunReader, "next">> => sequelOf(engine, principal, request, run);
    return serveRest(client, lastEventId, { runId, sent, sequelOf: follows, ...(threadId !== undefined && { threadId }) });
  }
  return serveTaken(client, await takeRequest(engine, principal, agent, request, extras), { runId, sent });
}

/** Streams what came of a request to the client that made it. */
async function serveTaken(client: Client, taken: Taken, wanted: Wanted & { readonly runId: string }): Promise<Response> {
  const { runId } = wanted;
  if (taken.kind !== "open") {
    const { run, next } = taken;
    const wire = { run, runId: next === undefined ? runId : nameOf(run), isJoining: taken.kind === "resumed", ...(next && { next }) };
    return serveRun({ ...client, ...shared(wanted), ...wire });
  }
  return serveEvents(client, openEvents(client.generation, taken, runId));
}

function shared({ sent, isFollowing }: Wanted): Pick<RunReader, "sent" | "isFollowing"> {
  return { ...(sent && { sent }), ...(isFollowing !== undefined && { isFollowing }) };
}

function nameOf(run: Run): string {
  return run.clientRunId ?? run.id;
}

/** The run of a request that only answered some of the calls that its thread waits for. */
export function openEvents(generation: Generation, { threadId, toolCallIds }: Extract<Taken, { kind: "open" }>, runId: string): readonly AgUiEvent[] {
  const finished: AgUiEvent = { type: "RUN_FINISHED", threadId, runId, outcome: { type: "success", pendingToolCallIds: toolCallIds } };
  return [{ type: "RUN_STARTED", threadId, runId, protocolVersion: "1.0" }, ...(generation === "1.0" ? [finished] : downLevel(finished))];
}

/**
 * Streams a thread to a viewer that comes late: what there is by now, and what follows.
 * @throws {HoldfastError} THREAD_NOT_FOUND
 */
export async function serveThread(client: Client, threadId: string, wanted: Wanted & { readonly runId: string }): Promise<Response> {
  const { engine, principal } = client;
  await engine.getThread(principal, threadId);
  const run = await runToWatch(engine, principal, threadId);
  if (run !== undefined) return serveRun({ ...client, ...shared(wanted), run, runId: nameOf(run), isJoining: true });
  return serveEvents(client, await keptEvents(client, threadId, wanted.runId), wanted.isFollowing === true ? threadId : undefined);
}

/** A thread that no run was ever on, as a run of its own: its memory is all there is. */
export async function keptEvents({ engine, principal, generation }: Omit<Client, "media">, threadId: string, runId: string): Promise<readonly AgUiEvent[]> {
  const history = await threadHistory(engine, principal, threadId);
  return [...preludeOf({ runId, threadId, generation, history, replica: emptyReplica(undefined) }), { type: "RUN_FINISHED", threadId, runId }];
}
