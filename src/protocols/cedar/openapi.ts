import type { ErrorCode } from "../../core/error.ts";
import { ANY_OBJECT, arrayOf, named, objectOf, TEXT } from "../../core/json-schema.ts";
import { eventStreamResponse, jsonResponse, type ParameterDescription, type ResponseDescription, type RouteDocument } from "../../core/route-description.ts";
import { messageBodySchema, resumeBodySchema } from "./decode.ts";

const OF_RUN = {
  "x-holdfast-run-id": "The id of the run.",
  "x-holdfast-thread-id": "The id of its thread, percent-encoded.",
} as const;

const FRAMES = "Text as { content }, and typed objects, one in each event; then the event done.";

const STARTING: readonly ErrorCode[] = ["AGENT_NOT_FOUND", "WORKFLOW_NOT_FOUND", "THREAD_NOT_FOUND", "IDEMPOTENCY_MISMATCH", "SHUTTING_DOWN", "OFFSET_INVALID"];
const ANSWERING: readonly ErrorCode[] = ["RUN_NOT_FOUND", "INTERRUPT_NOT_FOUND", "WORKFLOW_NOT_FOUND", "WORKFLOW_CHANGED", "SHUTTING_DOWN"];
const CONFLICTS: readonly ErrorCode[] = ["ALREADY_ANSWERED", "INTERRUPT_CLOSED", "RUN_ENDED"];

const LAST_EVENT_ID: ParameterDescription = {
  in: "header",
  name: "Last-Event-ID",
  says: "The id of the last frame that the client has: it gets what follows.",
};
const IDEMPOTENCY_KEY: ParameterDescription = {
  in: "header",
  name: "Idempotency-Key",
  says: "Makes it safe to repeat.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

const REPLY: ResponseDescription = jsonResponse("The answer, once it is whole.", named("CedarReply"), OF_RUN);
const INVALID: ResponseDescription = jsonResponse("What is wrong with the body, part by part.", named("CedarProblem"));

/** The routes of Cedar-OS. `POST /api/chat` serves two protocols: a body with a prompt is Cedar's. */
export const CEDAR_DOCUMENT: RouteDocument = {
  tag: { name: "cedar", description: "The endpoints of Cedar-OS. See https://docs.cedarcopilot.com." },
  schemas: {
    CedarMessage: messageBodySchema(),
    CedarResume: resumeBodySchema(),
    CedarReply: { ...objectOf({ content: TEXT }, { object: {}, id: TEXT, threadId: TEXT, usage: ANY_OBJECT }), additionalProperties: true },
    CedarOpenThread: objectOf({
      threadId: TEXT,
      answers: arrayOf(objectOf({ runs: arrayOf(TEXT), isOfWorkflow: { type: "boolean" } })),
      questions: arrayOf(ANY_OBJECT),
    }),
    CedarProblem: { ...objectOf({ error: objectOf({ code: TEXT, message: TEXT }) }, { issues: arrayOf(ANY_OBJECT) }), additionalProperties: true },
  },
  routes: [
    {
      method: "post",
      path: "/stream",
      id: "streamCedar",
      summary: "Starts a run and streams it",
      parameters: [LAST_EVENT_ID, IDEMPOTENCY_KEY],
      body: { schema: named("CedarMessage") },
      responses: { 200: eventStreamResponse(FRAMES, OF_RUN), 400: INVALID },
      problems: STARTING,
    },
    {
      method: "post",
      path: "/resume",
      id: "resumeCedar",
      summary: "Answers a question of a suspended run",
      body: { schema: named("CedarResume") },
      responses: { 200: REPLY, 400: INVALID },
      problems: [...ANSWERING, ...CONFLICTS],
    },
    {
      method: "post",
      path: "/resume/stream",
      id: "resumeCedarStream",
      summary: "Answers a question of a suspended run and streams what goes on",
      parameters: [LAST_EVENT_ID],
      body: { schema: named("CedarResume") },
      responses: { 200: eventStreamResponse(FRAMES, OF_RUN), 400: INVALID },
      problems: [...ANSWERING, "OFFSET_INVALID"],
    },
    {
      method: "get",
      path: "/runs/{runId}/cedar-stream",
      id: "readCedarStream",
      summary: "The stream of a run, or the rest of it",
      parameters: [LAST_EVENT_ID],
      responses: { 200: eventStreamResponse(FRAMES, OF_RUN) },
      problems: ["RUN_NOT_FOUND", "OFFSET_INVALID"],
    },
    {
      method: "get",
      path: "/threads/{threadId}/cedar-open",
      id: "readCedarThread",
      summary: "What a page that was loaded anew has missed of a thread",
      responses: { 200: jsonResponse("The answers that are under way, by their runs, and the questions that are open.", named("CedarOpenThread")) },
    },
  ],
};

/** The stock client asks for notifications without credentials. */
export const CEDAR_NOTIFICATIONS_DOCUMENT: RouteDocument = {
  tag: CEDAR_DOCUMENT.tag,
  schemas: {},
  routes: [
    {
      method: "post",
      path: "",
      id: "pollCedarNotifications",
      summary: "Nothing, since nobody knows who asks",
      responses: { 200: jsonResponse("No notifications.", objectOf({ notifications: arrayOf(ANY_OBJECT) })) },
      isPublic: true,
    },
  ],
};

function refused(path: string, id: string): RouteDocument["routes"][number] {
  return { method: "post", path, id, summary: "Voice is not served", responses: { 501: jsonResponse("It is not.", named("CedarProblem")) } };
}

export const CEDAR_VOICE_DOCUMENT: RouteDocument = {
  tag: CEDAR_DOCUMENT.tag,
  schemas: {},
  routes: [refused("", "speakToCedar"), refused("/stream", "streamSpeechToCedar")],
};
