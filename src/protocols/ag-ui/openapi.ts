import { ANY_OBJECT, arrayOf, named, objectOf, TEXT } from "../../core/json-schema.ts";
import { jsonResponse, type RouteDocument } from "../../core/route-description.ts";
import { EVENTS_IN_ANY_MEDIA, LAST_EVENT_ID, RUN_AGENT_INPUT, RUN_PROBLEMS } from "./run-body.ts";

/** The routes of AG-UI. */
export const AG_UI_DOCUMENT: RouteDocument = {
  tag: { name: "ag-ui", description: "AG-UI. See https://docs.ag-ui.com." },
  schemas: {
    RunAgentInput: RUN_AGENT_INPUT,
    AgUiAgent: objectOf(
      { id: TEXT, name: TEXT, capabilities: ANY_OBJECT },
      {
        key: { ...TEXT, description: "The key that it is registered under, where that is not its id." },
        description: TEXT,
        model: objectOf({ provider: TEXT, name: TEXT }),
      },
    ),
  },
  routes: [
    {
      method: "get",
      path: "/agents",
      id: "listAgUiAgents",
      summary: "The agents with what they can do",
      responses: { 200: jsonResponse("All of them.", objectOf({ agents: arrayOf(named("AgUiAgent")) })) },
    },
    {
      method: "post",
      path: "/agents/{agentId}/run",
      id: "runAgUiAgent",
      summary: "Starts a run, or answers the questions of one, and streams it",
      parameters: [LAST_EVENT_ID],
      body: { schema: named("RunAgentInput") },
      responses: { 200: EVENTS_IN_ANY_MEDIA },
      problems: RUN_PROBLEMS,
    },
    {
      method: "post",
      path: "/agents/{agentId}/connect",
      id: "connectAgUiAgent",
      summary: "Shows a thread: what there is by now, and what follows",
      parameters: [
        LAST_EVENT_ID,
        { in: "query", name: "follow", says: "true: also the runs that begin on the thread later.", schema: { type: "string", enum: ["true", "false"] } },
      ],
      body: { schema: named("RunAgentInput") },
      responses: { 200: EVENTS_IN_ANY_MEDIA },
      problems: ["INPUT_INVALID", "OFFSET_INVALID", "AGENT_NOT_FOUND", "RUN_NOT_FOUND", "THREAD_NOT_FOUND"],
    },
  ],
};
