import type { ErrorCode } from "../../core/error.ts";
import { arrayOf, COUNT, named, objectOf, TEXT } from "../../core/json-schema.ts";
import type { ParameterDescription, RouteDocument } from "../../core/route-description.ts";

const POSITION = {
  "Stream-Next-Offset": "The offset to read after next.",
  "Stream-Up-To-Date": "true where the reader has all that was there.",
  "Stream-Closed": "true where nothing follows.",
  "Stream-Cursor": "Of live replies: what the next one echoes as cursor.",
} as const;

const PARAMETERS: readonly ParameterDescription[] = [
  { in: "query", name: "offset", says: "After which the read begins: -1 for the start, now for what comes next; a live read needs one." },
  { in: "query", name: "live", says: "Waits for what comes.", schema: { type: "string", enum: ["long-poll", "sse"] } },
  { in: "query", name: "cursor", says: "The Stream-Cursor of the reply before." },
  { in: "header", name: "If-None-Match", says: "The ETag of a reply that the client has." },
];

const PROBLEMS: readonly ErrorCode[] = ["RUN_NOT_FOUND", "INPUT_INVALID", "OFFSET_INVALID"];

/** The log of a run over the read side of the Durable Streams protocol. */
export const DURABLE_STREAMS_DOCUMENT: RouteDocument = {
  tag: { name: "events", description: "The events of a run. See https://github.com/durable-streams/durable-streams/blob/main/PROTOCOL.md." },
  schemas: {
    RunMessage: objectOf({
      offset: TEXT,
      attempt: { ...COUNT, description: "The attempt that appended it; 0 for what the start itself wrote." },
      at: { ...COUNT, description: "When it was committed, in milliseconds since the Unix epoch." },
      event: { ...objectOf({ type: TEXT }), additionalProperties: true },
    }),
  },
  routes: [
    {
      method: "get",
      path: "/{runId}/events",
      id: "readRunEvents",
      summary: "The events of a run: catch-up, long-poll, or server-sent events",
      parameters: PARAMETERS,
      responses: {
        200: {
          says: "A page of events, or, with live=sse, all that follow.",
          content: { "application/json": arrayOf(named("RunMessage")), "text/event-stream": { type: "string" } },
          headers: { ...POSITION, ETag: "Of a catch-up read." },
        },
        204: { says: "A long-poll that nothing came in.", headers: POSITION },
        304: { says: "The client has this page.", headers: POSITION },
      },
      problems: PROBLEMS,
    },
    {
      method: "head",
      path: "/{runId}/events",
      id: "readRunEventsHead",
      summary: "Where the log of a run ends",
      responses: { 200: { says: "Its position.", headers: POSITION } },
      problems: ["RUN_NOT_FOUND"],
    },
  ],
};
