import { RunAgentInputSchema } from "@ag-ui/core/schemas";
import { z } from "zod";
import type { ErrorCode } from "../../core/error.ts";
import { embedded, type JsonSchema } from "../../core/json-schema.ts";
import { eventStreamResponse, type ParameterDescription, type ResponseDescription } from "../../core/route-description.ts";
import { PROTOBUF_TYPE } from "./frame.ts";

/** The body of a run, as AG-UI's own package has it. */
export const RUN_AGENT_INPUT: JsonSchema = embedded(z.toJSONSchema(RunAgentInputSchema, { io: "input", unrepresentable: "any" }));

/** A client that comes back. */
export const LAST_EVENT_ID: ParameterDescription = {
  in: "header",
  name: "Last-Event-ID",
  says: "The id of the last event that the client has; the stream goes on behind it.",
};

const OF_RUN = {
  "x-holdfast-run-id": "The id of the run.",
  "x-holdfast-thread-id": "The id of its thread, percent-encoded.",
  "x-holdfast-next-run-id": "The run that the stream ends with, where it brings another one before.",
  "x-holdfast-following": "true where the stream goes on with the runs that follow on the thread.",
  "x-holdfast-cursor": "The Last-Event-ID of a client that has none of the events yet.",
} as const;

/** The events of AG-UI as text. */
export const EVENTS: ResponseDescription = eventStreamResponse("The events of AG-UI.", OF_RUN);

/** The same, also in binary for clients that accept it. */
export const EVENTS_IN_ANY_MEDIA: ResponseDescription = { ...EVENTS, content: { ...EVENTS.content, [PROTOBUF_TYPE]: {} } };

/** What starting or answering a run is refused with. */
export const RUN_PROBLEMS: readonly ErrorCode[] = [
  "INPUT_INVALID",
  "OFFSET_INVALID",
  "AGENT_NOT_FOUND",
  "RUN_NOT_FOUND",
  "THREAD_NOT_FOUND",
  "THREAD_BUSY",
  "RUN_ID_USED",
  "IDEMPOTENCY_MISMATCH",
  "INTERRUPT_OPEN",
  "INTERRUPT_NOT_FOUND",
  "WORKFLOW_NOT_FOUND",
  "WORKFLOW_CHANGED",
  "ALREADY_ANSWERED",
  "INTERRUPT_CLOSED",
  "SHUTTING_DOWN",
];
