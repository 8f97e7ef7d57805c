import { getAgent, listAgents } from "./agents.ts";
import type { BridgeHandler } from "./bridge.ts";
import { postRun } from "./run.ts";
import { changeThread, createThread, deleteThread, getThread, listMessages, listThreads } from "./threads.ts";
import { postToolResult } from "./tool-result.ts";

export interface BridgeRoute {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Behind the prefix. */
  readonly path: string;
  readonly handle: BridgeHandler;
}

/** The ten routes, in the order of the contract. */
export const BRIDGE_ROUTES: readonly BridgeRoute[] = [
  { method: "POST", path: "/run", handle: postRun },
  { method: "POST", path: "/runs/:runId/tool-calls/:toolCallId/result", handle: postToolResult },
  { method: "GET", path: "/agents", handle: listAgents },
  { method: "GET", path: "/agents/:agentId", handle: getAgent },
  { method: "POST", path: "/threads", handle: createThread },
  { method: "GET", path: "/threads", handle: listThreads },
  { method: "GET", path: "/threads/:threadId", handle: getThread },
  { method: "PATCH", path: "/threads/:threadId", handle: changeThread },
  { method: "DELETE", path: "/threads/:threadId", handle: deleteThread },
  { method: "GET", path: "/threads/:threadId/messages", handle: listMessages },
];
