import type { ErrorCode } from "../../core/error.ts";
import { ANY_OBJECT, arrayOf, named, objectOf, TEXT } from "../../core/json-schema.ts";
import { eventStreamResponse, jsonResponse, type ParameterDescription, type RouteDocument } from "../../core/route-description.ts";
import { chatBodySchema } from "./decode.ts";

const OF_RUN = {
  "x-workflow-run-id": "The id of the run.",
  "x-holdfast-thread-id": "The id of its thread, percent-encoded.",
  "x-vercel-ai-ui-message-stream": "v1",
} as const;

const CHUNKS = "The chunks of useChat, one in each event.";

const STARTING: readonly ErrorCode[] = ["INPUT_INVALID", "AGENT_NOT_FOUND", "THREAD_NOT_FOUND", "THREAD_BUSY", "IDEMPOTENCY_MISMATCH", "SHUTTING_DOWN"];
const ANSWERING: readonly ErrorCode[] = ["INTERRUPT_NOT_FOUND", "WORKFLOW_NOT_FOUND", "WORKFLOW_CHANGED", "ALREADY_ANSWERED", "INTERRUPT_CLOSED"];

const RUN_OR_CHAT: ParameterDescription = { in: "path", name: "id", says: "The id of a run or of a chat." };

/** The routes of `DefaultChatTransport` and `WorkflowChatTransport`. */
export const AI_SDK_DOCUMENT: RouteDocument = {
  tag: { name: "ai-sdk", description: "The endpoints of the AI SDK's chat transports. See https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol." },
  schemas: {
    ChatRequest: chatBodySchema(),
    UiMessage: {
      ...objectOf({ id: TEXT, role: { type: "string", enum: ["system", "user", "assistant"] }, parts: arrayOf(ANY_OBJECT) }),
      additionalProperties: true,
    },
  },
  routes: [
    {
      method: "post",
      path: "",
      id: "chat",
      summary: "Starts a run, or answers the questions of one, and streams it",
      parameters: [
        { in: "header", name: "Idempotency-Key", says: "Makes it safe to repeat.", schema: { type: "string", minLength: 1, maxLength: 255 } },
        { in: "header", name: "Content-Type", says: "A client that sends none is cut at a shutdown, so that it comes back." },
      ],
      body: { schema: named("ChatRequest") },
      responses: { 200: eventStreamResponse(CHUNKS, OF_RUN) },
      problems: [...STARTING, ...ANSWERING],
    },
    {
      method: "get",
      path: "/{id}/stream",
      id: "resumeChat",
      summary: "The stream of a run from a chunk on",
      parameters: [
        RUN_OR_CHAT,
        { in: "query", name: "startIndex", says: "The index of the first chunk; a negative one counts from the end.", schema: { type: "integer" } },
      ],
      responses: {
        200: eventStreamResponse(CHUNKS, { ...OF_RUN, "x-workflow-stream-tail-index": "The index of the newest chunk; -1 where there is none." }),
        204: { says: "There is nothing to resume.", headers: { "x-workflow-stream-tail-index": "-1" } },
      },
      problems: ["INPUT_INVALID", "THREAD_NOT_FOUND"],
    },
    {
      method: "post",
      path: "/{id}/stop",
      id: "stopChat",
      summary: "Cancels the run; what was said so far is kept",
      parameters: [RUN_OR_CHAT],
      responses: { 200: jsonResponse("Whether there was one to stop.", objectOf({ stopped: { type: "boolean" } }, { runId: TEXT })) },
      problems: ["THREAD_NOT_FOUND", "SHUTTING_DOWN"],
    },
    {
      method: "get",
      path: "/{id}/messages",
      id: "listChatMessages",
      summary: "What a page shows before it re-attaches",
      parameters: [{ in: "path", name: "id", says: "The id of a chat." }],
      responses: { 200: jsonResponse("Oldest first.", objectOf({ messages: arrayOf(named("UiMessage")) })) },
      problems: ["THREAD_NOT_FOUND"],
    },
  ],
};
