import type { Context } from "hono";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import type { RunStore } from "../../core/store.ts";

/** Everything is optional. All but `prefix` is Holdfast's own. */
export interface BridgeConfig {
  /** Stands before every path; default `/io-bridge`. */
  readonly prefix?: string;
  /** `sqlite:<path>`, or a store that is open already. Default: the environment's HOLDFAST_STORE, else `sqlite:.holdfast/holdfast.db`. */
  readonly store?: string | RunStore;
  /** An engine that is open already; then `store` is not looked at, and `close` leaves it open. */
  readonly engine?: Engine;
  /** Who makes a request; `undefined` refuses it. Default: the user that the Mastra server's own authentication found. */
  readonly authenticate?: (c: Context) => Principal | undefined | Promise<Principal | undefined>;
  /** Hears of every failure whose cause is kept from the caller; default: a line on stderr. */
  readonly onFault?: (error: unknown, about: { readonly correlationId: string; readonly method: string; readonly path: string }) => void;
}

/** A route as `new Mastra({ server: { apiRoutes } })` takes it. */
export interface HonoRoute {
  path: string;
  method: "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "ALL";
  handler: (c: Context) => Response | Promise<Response>;
}

export interface API {
  createHonoRoutes(): HonoRoute[];
  /** Lets go of the engine that the routes opened; runs go on in the next process that opens the store. Holdfast's own. */
  close?(): Promise<void>;
}

export type IoMastraBridgeFactoryFunction = (config?: BridgeConfig) => API;

export interface AgentInfo {
  id: string;
  name: string;
  /** Where the agent can tell. */
  model?: { provider: string; name: string };
}

/** A tool that the browser runs; `parameters` is a JSON Schema. */
export interface ToolDeclaration {
  name: string;
  description: string;
  parameters?: unknown;
}

/** Times are ISO 8601. */
export interface ThreadInfo {
  id: string;
  resourceId: string;
  title?: string;
  createdAt: string;
  updatedAt: string;
  metadata?: Record<string, unknown> | null;
}

/** `role`: user, assistant, system or tool; the shape of `content` is Mastra's. */
export interface ThreadMessage {
  id: string;
  role: string;
  content: unknown;
  createdAt: string;
  threadId: string;
}

/** Kept for hosts that name the type; nothing here takes it. */
export interface StreamAgentParams {
  messages: unknown[];
  runId: string;
  threadId?: string;
  resourceId?: string;
  memoryOptions?: unknown;
  abortSignal?: AbortSignal;
  tools?: ToolDeclaration[];
  structuredOutput?: unknown;
}

/** Kept for hosts that name the type; nothing here gives it. */
export interface AgentStreamResult {
  fullStream: AsyncIterable<unknown>;
  onSuccess?: () => Promise<void>;
  onError?: (error: unknown) => Promise<void>;
  onAbort?: (reason: unknown) => Promise<void>;
}

export interface CreateThreadParams {
  resourceId: string;
  title?: string;
  metadata?: Record<string, unknown>;
}

export interface ListThreadsParams {
  resourceId: string;
  agentId?: string;
}

export interface UpdateThreadParams {
  title?: string;
  metadata?: Record<string, unknown>;
}

/** `offset` is the number of a page, from 0, and `limit` its size. */
export interface GetMessagesParams {
  limit?: number;
  offset?: number;
}
