import { arrayOf, named, objectOf } from "../../core/json-schema.ts";
import { jsonResponse, type ParameterDescription, type ResponseDescription, type RouteDescription, type RouteDocument } from "../../core/route-description.ts";
import { EVENTS_IN_ANY_MEDIA, LAST_EVENT_ID } from "../ag-ui/run-body.ts";
import { BRIDGE_SCHEMAS } from "./openapi-schemas.ts";

const TAGGED = { ETag: "Names this state of the thread." } as const;

/** What every route refuses in the bridge's own words. */
const EVERYWHERE: Readonly<Record<number, string>> = {
  403: "NOT_AUTHORIZED: the resourceId is not that of the credentials.",
  500: "INTERNAL_ERROR.",
  503: "SHUTTING_DOWN, STORE_UNAVAILABLE.",
};

const NO_THREAD = { 404: "THREAD_NOT_FOUND." } as const;
const BAD_INPUT = { 400: "INVALID_INPUT; the details name every fault." } as const;

const OWNER: ParameterDescription = { in: "query", name: "resourceId", says: "The owner; that of the credentials, where there are any.", isRequired: true };
const OF_AGENT: ParameterDescription = { in: "query", name: "agentId", says: "Only those of this agent." };
const CONDITION: ParameterDescription = { in: "header", name: "If-Match", says: "The ETag of the state that the change is made to." };

/** The bridge's own errors beside what a route answers. */
function answers(own: RouteDescription["responses"], refusals: Readonly<Record<number, string>>): RouteDescription["responses"] {
  const errors: Record<number, ResponseDescription> = {};
  for (const [status, says] of Object.entries({ ...EVERYWHERE, ...refusals })) errors[Number(status)] = jsonResponse(says, named("BridgeError"));
  return { ...errors, ...own };
}

const RUNS: readonly RouteDescription[] = [
  {
    method: "post",
    path: "/run",
    id: "runBridgeAgent",
    summary: "Starts a run, or answers one, and streams its events",
    parameters: [LAST_EVENT_ID],
    body: { schema: named("BridgeRunInput") },
    responses: answers(
      { 200: EVENTS_IN_ANY_MEDIA },
      {
        400: "INVALID_INPUT, OFFSET_INVALID.",
        404: "AGENT_NOT_FOUND, THREAD_NOT_FOUND, RUN_NOT_FOUND, INTERRUPT_NOT_FOUND, WORKFLOW_NOT_FOUND.",
        409: "THREAD_BUSY, RUN_ID_USED, INTERRUPT_OPEN, INTERRUPT_CLOSED, ALREADY_ANSWERED, WORKFLOW_CHANGED.",
        422: "IDEMPOTENCY_MISMATCH.",
      },
    ),
  },
  {
    method: "post",
    path: "/runs/{runId}/tool-calls/{toolCallId}/result",
    id: "giveBridgeToolResult",
    summary: "Gives what a tool of the page gave; the same again changes nothing",
    parameters: [{ in: "query", name: "resourceId", says: "The owner of the run; found by the run where it is left out." }],
    body: { schema: named("BridgeToolResult") },
    responses: answers(
      { 200: jsonResponse("It counts.", objectOf({ ok: { type: "boolean", const: true } })) },
      { ...BAD_INPUT, 404: "RUN_NOT_FOUND, TOOL_CALL_NOT_FOUND.", 409: "RUN_ENDED, TOOL_RESULT_CONFLICT." },
    ),
  },
];

const AGENTS: readonly RouteDescription[] = [
  {
    method: "get",
    path: "/agents",
    id: "listBridgeAgents",
    summary: "The agents",
    responses: answers({ 200: jsonResponse("All of them.", arrayOf(named("BridgeAgent"))) }, {}),
  },
  {
    method: "get",
    path: "/agents/{agentId}",
    id: "getBridgeAgent",
    summary: "One agent, by its id or by the key that it is registered under",
    responses: answers({ 200: jsonResponse("The agent.", named("BridgeAgent")) }, { ...BAD_INPUT, 404: "AGENT_NOT_FOUND." }),
  },
];

const THREADS: readonly RouteDescription[] = [
  {
    method: "post",
    path: "/threads",
    id: "createBridgeThread",
    summary: "Makes a thread; the server makes its id",
    body: { schema: named("BridgeThreadCreation") },
    responses: answers({ 201: jsonResponse("The thread.", named("BridgeThread"), TAGGED) }, { ...BAD_INPUT, 404: "AGENT_NOT_FOUND." }),
  },
  {
    method: "get",
    path: "/threads",
    id: "listBridgeThreads",
    summary: "The threads of an owner",
    parameters: [OWNER, OF_AGENT],
    responses: answers({ 200: jsonResponse("All of them.", arrayOf(named("BridgeThread"))) }, BAD_INPUT),
  },
  {
    method: "get",
    path: "/threads/{threadId}",
    id: "getBridgeThread",
    summary: "One thread",
    responses: answers({ 200: jsonResponse("The thread.", named("BridgeThread"), TAGGED) }, { ...BAD_INPUT, ...NO_THREAD }),
  },
  {
    method: "patch",
    path: "/threads/{threadId}",
    id: "changeBridgeThread",
    summary: "Changes the title, and puts metadata over what is stored",
    parameters: [CONDITION],
    body: { schema: named("BridgeThreadChange"), isOptional: true },
    responses: answers(
      { 200: jsonResponse("The thread as it is now.", named("BridgeThread"), TAGGED) },
      { ...BAD_INPUT, ...NO_THREAD, 412: "PRECONDITION_FAILED: the thread has changed since." },
    ),
  },
  {
    method: "delete",
    path: "/threads/{threadId}",
    id: "deleteBridgeThread",
    summary: "Deletes a thread; one with an active run is not deleted",
    responses: answers({ 204: { says: "It is gone." } }, { ...BAD_INPUT, ...NO_THREAD, 409: "THREAD_BUSY." }),
  },
  {
    method: "get",
    path: "/threads/{threadId}/messages",
    id: "listBridgeMessages",
    summary: "The messages of a thread, as the agent's memory keeps them",
    parameters: [
      { in: "query", name: "limit", says: "The size of a page.", schema: { type: "integer", minimum: 1 } },
      { in: "query", name: "offset", says: "The number of a page, from 0.", schema: { type: "integer", minimum: 0 } },
    ],
    responses: answers({ 200: jsonResponse("A page of them.", arrayOf(named("BridgeMessage"))) }, { ...BAD_INPUT, ...NO_THREAD }),
  },
];

/** The ten routes of io-bridge. */
export const BRIDGE_DOCUMENT: RouteDocument = {
  tag: { name: "io-bridge", description: "The ten routes of io-bridge, with errors `{ error, code, details? }` of its own." },
  schemas: BRIDGE_SCHEMAS,
  routes: [...RUNS, ...AGENTS, ...THREADS],
};
