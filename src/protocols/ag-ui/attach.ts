import { HoldfastError } from "../../core/error.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import { parseCursor, type Cursor } from "../cursor.ts";
import { downLevel } from "./down-level.ts";
import type { AgUiEvent, Generation } from "./event.ts";
import type { Media } from "./frame.ts";
import { historyMessages } from "./history-messages.ts";
import { preludeOf } from "./prelude.ts";
import { emptyReplica } from "./replica.ts";
import type { RunWire } from "./run-fold.ts";
import { serveEvents, serveRun } from "./serve.ts";
import { runToWatch, type Taken } from "./take-request.ts";

/** How a client is spoken to, whatever it asks for. */
export interface Client {
  readonly engine: Engine;
  readonly principal: Principal;
  readonly generation: Generation;
  readonly media: Media;
  readonly flavour: RunWire["flavour"];
}

/** Streams to a client from behind the last event that it has. `runId`: what it calls the run; the run's own name unless given. */
export async function serveRest(
  client: Client,
  lastEventId: string,
  expected: { readonly threadId?: string; readonly runId?: string; readonly isFollowing?: boolean },
): Promise<Response> {
  const after: Cursor = parseCursor(lastEventId);
  const run = await client.engine.getRun(client.principal, after.runId);
  if (expected.threadId !== undefined && run.threadId !== expected.threadId) {
    throw new HoldfastError("OFFSET_INVALID", "Last-Event-ID is of another thread; send the id of the last event of this one, or none.");
  }
  return serveRun({ ...client, run, runId: expected.runId ?? run.clientRunId ?? run.id, after, isJoining: false, isFollowing: expected.isFollowing === true });
}

/** Streams what came of a request to the client that made it, which calls the run `runId`. */
export async function serveTaken(client: Client, taken: Taken, runId: string): Promise<Response> {
  if (taken.kind !== "open") return serveRun({ ...client, run: taken.run, runId, isJoining: taken.kind === "resumed" });
  const { threadId, toolCallIds } = taken;
  const finished: AgUiEvent = { type: "RUN_FINISHED", threadId, runId, outcome: { type: "success", pendingToolCallIds: toolCallIds } };
  const ended = client.generation === "1.0" ? [finished] : downLevel(finished);
  return serveEvents(client.engine, [{ type: "RUN_STARTED", threadId, runId, protocolVersion: "1.0" }, ...ended], { media: client.media, at: Date.now() });
}

/**
 * Streams a thread to a viewer that comes late: what there is by now, and what follows.
 * @throws {HoldfastError} THREAD_NOT_FOUND
 */
export async function serveThread(client: Client, threadId: string, request: { readonly runId: string; readonly isFollowing: boolean }): Promise<Response> {
  const { engine, principal, generation, media } = client;
  await engine.getThread(principal, threadId);
  const run = await runToWatch(engine, principal, threadId);
  if (run !== undefined) {
    return serveRun({ ...client, run, runId: run.clientRunId ?? run.id, isJoining: true, isFollowing: request.isFollowing });
  }
  // A thread that no run was ever on: its memory is all there is.
  const { runId } = request;
  const history = historyMessages(await engine.messages(principal, threadId));
  const shown = preludeOf({ runId, threadId, generation, history, replica: emptyReplica(undefined) });
  return serveEvents(engine, [...shown, { type: "RUN_FINISHED", threadId, runId }], { media, at: Date.now() });
}
