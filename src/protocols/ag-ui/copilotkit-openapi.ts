import { ANY, arrayOf, named, objectOf, TEXT } from "../../core/json-schema.ts";
import { jsonResponse, type ResponseDescription, type RouteDescription, type RouteDocument } from "../../core/route-description.ts";
import { COPILOTKIT_SCHEMAS } from "./copilotkit-schemas.ts";
import { stopBodySchema } from "./copilotkit-stop.ts";
import { EVENTS, LAST_EVENT_ID, RUN_AGENT_INPUT, RUN_PROBLEMS } from "./run-body.ts";

const BAD_BODY: ResponseDescription = jsonResponse("The body is not what it should be.", named("CopilotKitFault"));
const NO_AGENT: ResponseDescription = jsonResponse("There is no such agent.", named("CopilotKitFault"));

const RUN_REFUSALS = RUN_PROBLEMS.filter((code) => code !== "AGENT_NOT_FOUND");

/** What a thread holds, in three views. */
const INSPECTION: readonly RouteDescription[] = [
  {
    method: "get",
    path: "/threads/{id}/messages",
    id: "inspectCopilotKitMessages",
    summary: "The messages of a thread",
    responses: { 200: jsonResponse("Oldest first.", objectOf({ messages: arrayOf(named("CopilotKitMessage")) })) },
    problems: ["THREAD_NOT_FOUND"],
  },
  {
    method: "get",
    path: "/threads/{id}/events",
    id: "inspectCopilotKitEvents",
    summary: "The events that a viewer of a thread would be sent first",
    responses: { 200: jsonResponse("Events of AG-UI.", objectOf({ events: arrayOf({ ...objectOf({ type: TEXT }), additionalProperties: true }) })) },
    problems: ["THREAD_NOT_FOUND"],
  },
  {
    method: "get",
    path: "/threads/{id}/state",
    id: "inspectCopilotKitState",
    summary: "The state of a thread",
    responses: { 200: jsonResponse("Any value.", objectOf({}, { state: ANY })) },
    problems: ["THREAD_NOT_FOUND"],
  },
];

/** Threads are changed under `/v1/threads`. */
const REFUSED: readonly RouteDescription[] = [
  { path: "/threads/{id}", of: "CopilotKitThread" },
  { path: "/threads/{id}/archive", of: "CopilotKitArchive" },
].flatMap(({ path, of }) =>
  (["patch", "delete", "post"] as const).map((method) => ({
    method,
    path,
    id: `${method}${of}`,
    summary: "Not supported; threads are changed under /v1/threads",
    responses: { 422: jsonResponse("Always.", named("CopilotKitFault")) },
  })),
);

/** The routes of CopilotKit's runtime. */
export const COPILOTKIT_DOCUMENT: RouteDocument = {
  tag: { name: "copilotkit", description: "The routes that CopilotKit's client asks of its runtime. See https://docs.copilotkit.ai." },
  schemas: { ...COPILOTKIT_SCHEMAS, RunAgentInput: RUN_AGENT_INPUT },
  routes: [
    {
      method: "get",
      path: "/info",
      id: "getCopilotKitInfo",
      summary: "What a page asks for first",
      responses: { 200: jsonResponse("The agents, and what there is.", named("CopilotKitInfo")) },
    },
    {
      method: "post",
      path: "/agent/{agentId}/run",
      id: "runCopilotKitAgent",
      summary: "Starts a run, or answers the questions of one, and streams it",
      parameters: [LAST_EVENT_ID],
      body: { schema: named("RunAgentInput") },
      responses: { 200: EVENTS, 400: BAD_BODY, 404: NO_AGENT },
      problems: RUN_REFUSALS,
    },
    {
      method: "post",
      path: "/agent/{agentId}/connect",
      id: "connectCopilotKitAgent",
      summary: "Shows a thread: what there is by now, and what follows",
      parameters: [LAST_EVENT_ID],
      body: { schema: named("RunAgentInput") },
      responses: { 200: EVENTS, 400: BAD_BODY, 404: NO_AGENT },
      problems: ["OFFSET_INVALID", "RUN_NOT_FOUND"],
    },
    {
      method: "post",
      path: "/agent/{agentId}/stop/{threadId}",
      id: "stopCopilotKitAgent",
      summary: "The page's stop button",
      body: { schema: stopBodySchema(), isOptional: true },
      responses: { 200: jsonResponse("Whether there was a run to stop.", named("CopilotKitStop")), 400: BAD_BODY, 404: NO_AGENT },
      problems: ["SHUTTING_DOWN"],
    },
    {
      method: "get",
      path: "/threads",
      id: "listCopilotKitThreads",
      summary: "Your threads, 100 at a time",
      parameters: [
        { in: "query", name: "cursor", says: "The nextCursor of the page before." },
        { in: "query", name: "agentId", says: "Only those of this agent." },
      ],
      responses: {
        200: jsonResponse("A page of them.", objectOf({ threads: arrayOf(named("CopilotKitThread")), nextCursor: { type: ["string", "null"] } })),
      },
      problems: ["INPUT_INVALID"],
    },
    ...INSPECTION,
    ...REFUSED,
  ],
};
