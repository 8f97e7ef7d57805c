import { HoldfastError } from "../../core/error.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine, Thread } from "../../core/protocol.ts";
import { isUnsupported, knownAgentId, noMemory, rememberingAgent } from "./agents.ts";
import type { Bridge, BridgeRequest } from "./bridge.ts";
import { actingFor, actingForThread } from "./identity.ts";
import { isNamedBy, threadInfo, threadMessage, threadResponse } from "./thread-json.ts";
import { jsonBody, messagePage, threadChange, threadCreation, threadListing, threadPath, validated } from "./validation.ts";

/** `POST /threads`: the server makes the id. */
export async function createThread({ engine }: Bridge, request: BridgeRequest): Promise<Response> {
  const { resourceId, title, metadata, agentId: asked } = validated(threadCreation, await jsonBody(request));
  const principal = actingFor(request.principal, resourceId);
  const agentId = await rememberingAgent(engine, principal, asked);
  if (agentId === undefined) return noMemory(asked);
  const thread = await engine.createThread(principal, { agentId, ...(title !== undefined && { title }), ...(metadata && { metadata }) });
  return threadResponse(thread, principal.resourceId, 201);
}

/** `GET /threads`: all of the owner's, of all agents or of one. */
export async function listThreads({ engine }: Bridge, request: BridgeRequest): Promise<Response> {
  const { resourceId, agentId: named } = validated(threadListing, request.query);
  const principal = actingFor(request.principal, resourceId);
  const asked = named === "" ? undefined : named;
  const agentId = asked === undefined ? undefined : knownAgentId(engine, asked);
  // No thread is of an agent that does not exist, and clients that send any id get an answer.
  if (asked !== undefined && agentId === undefined) return Response.json([]);
  if ((await rememberingAgent(engine, principal, agentId)) === undefined) return noMemory(asked);
  const threads = await engine.listKeptThreads(principal, agentId);
  return Response.json(threads.map((thread) => threadInfo(thread, principal.resourceId)));
}

/** `GET /threads/:threadId` */
export function getThread(bridge: Bridge, request: BridgeRequest): Promise<Response> {
  return onThread(bridge, request, async (principal, threadId) => threadResponse(await bridge.engine.getThread(principal, threadId), principal.resourceId));
}

/** `PATCH /threads/:threadId`: metadata is put over what is stored, field by field. */
export function changeThread(bridge: Bridge, request: BridgeRequest): Promise<Response> {
  return onThread(bridge, request, async (principal, threadId) => {
    const { title, metadata } = validated(threadChange, await jsonBody(request, {}));
    const before = await conditionOf(bridge.engine, principal, threadId, request.headers.get("if-match"));
    const thread = await bridge.engine.updateThread(principal, threadId, {
      ...(title !== undefined && { title }),
      ...(metadata && { metadata }),
      ...(before && { ifUpdatedAt: before.updatedAt }),
    });
    return threadResponse(thread, principal.resourceId);
  });
}

/** `DELETE /threads/:threadId` */
export function deleteThread(bridge: Bridge, request: BridgeRequest): Promise<Response> {
  return onThread(bridge, request, async (principal, threadId) => {
    await bridge.engine.deleteThread(principal, threadId);
    return new Response(null, { status: 204 });
  });
}

/** `GET /threads/:threadId/messages`: `limit` is the size of a page, `offset` its number. */
export function listMessages(bridge: Bridge, request: BridgeRequest): Promise<Response> {
  return onThread(bridge, request, async (principal, threadId) => {
    const { limit, offset } = validated(messagePage, request.query);
    const messages = await bridge.engine.storedMessages(principal, threadId, {
      ...(limit !== undefined && { perPage: limit }),
      ...(offset !== undefined && { page: offset }),
    });
    return Response.json(messages.map(threadMessage));
  });
}

async function onThread({ engine }: Bridge, request: BridgeRequest, act: (principal: Principal, threadId: string) => Promise<Response>): Promise<Response> {
  const { threadId } = validated(threadPath, request.params);
  const principal = await actingForThread(engine, request.principal, threadId);
  if ((await rememberingAgent(engine, principal)) === undefined) return noMemory();
  try {
    return await act(principal, threadId);
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    return noMemory((await engine.getThread(principal, threadId)).agentId);
  }
}

/**
 * The state of the thread that a change may be made to; `undefined` where any will do.
 * @throws {HoldfastError} THREAD_CHANGED, THREAD_NOT_FOUND
 */
async function conditionOf(engine: Engine, principal: Principal, threadId: string, ifMatch: string | null): Promise<Thread | undefined> {
  if (ifMatch === null || ifMatch.trim() === "*") return undefined;
  const thread = await engine.getThread(principal, threadId);
  if (isNamedBy(ifMatch, thread)) return thread;
  throw new HoldfastError("THREAD_CHANGED", "The thread has changed since you read it; read it again, then change it.");
}
