import { z } from "zod";
import { embedded, named } from "../../core/json-schema.ts";
import { jsonResponse, type RouteDocument } from "../../core/route-description.ts";
import { threadChange } from "../thread-body.ts";
import { PAGE } from "./page.ts";
import { SCHEMAS } from "./schemas.ts";

/** The routes of threads. */
export const THREADS: RouteDocument = {
  tag: { name: "threads", description: "Conversations as their owner sees them." },
  schemas: SCHEMAS,
  routes: [
    {
      method: "get",
      path: "",
      id: "listThreads",
      summary: "Your threads",
      parameters: PAGE,
      responses: { 200: jsonResponse("A page of them.", named("ThreadPage")) },
      problems: ["INPUT_INVALID"],
    },
    {
      method: "get",
      path: "/{threadId}",
      id: "getThread",
      summary: "One thread",
      responses: { 200: jsonResponse("The thread.", named("Thread")) },
      problems: ["THREAD_NOT_FOUND"],
    },
    {
      method: "patch",
      path: "/{threadId}",
      id: "updateThread",
      summary: "Changes the title, the metadata, or both",
      body: { schema: { ...embedded(z.toJSONSchema(threadChange, { io: "input" })), minProperties: 1 } },
      responses: { 200: jsonResponse("The thread as it is now.", named("Thread")) },
      problems: ["INPUT_INVALID", "THREAD_NOT_FOUND", "NOT_SUPPORTED"],
    },
    {
      method: "delete",
      path: "/{threadId}",
      id: "deleteThread",
      summary: "Deletes a thread with its runs; one with an active run is not deleted",
      responses: { 204: { says: "It is gone." } },
      problems: ["THREAD_NOT_FOUND", "THREAD_BUSY"],
    },
  ],
};
