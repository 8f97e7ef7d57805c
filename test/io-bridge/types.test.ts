import type { Context } from "hono";
import { expectTypeOf, test } from "vitest";
import type { IoMastraBridge, IoMastraBridgeFactory, IoMastraBridgeFactoryFunction } from "../../src/io-bridge.ts";

/** The types as the original exports them. */
declare namespace Original {
  interface BridgeConfig {
    prefix?: string;
  }
  interface HonoRoute {
    path: string;
    method: "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "ALL";
    handler: (c: Context) => Response | Promise<Response>;
  }
  interface API {
    createHonoRoutes(): HonoRoute[];
  }
  interface AgentInfo {
    id: string;
    name: string;
    model?: { provider: string; name: string };
  }
  interface ToolDeclaration {
    name: string;
    description: string;
    parameters?: unknown;
  }
  interface ThreadInfo {
    id: string;
    resourceId: string;
    title?: string;
    createdAt: string;
    updatedAt: string;
    metadata?: Record<string, unknown> | null;
  }
  interface ThreadMessage {
    id: string;
    role: string;
    content: unknown;
    createdAt: string;
    threadId: string;
  }
  interface StreamAgentParams {
    messages: unknown[];
    runId: string;
    threadId?: string;
    resourceId?: string;
    memoryOptions?: unknown;
    abortSignal?: AbortSignal;
    tools?: ToolDeclaration[];
    structuredOutput?: unknown;
  }
  interface AgentStreamResult {
    fullStream: AsyncIterable<unknown>;
    onSuccess?: () => Promise<void>;
    onError?: (error: unknown) => Promise<void>;
    onAbort?: (reason: unknown) => Promise<void>;
  }
  interface CreateThreadParams {
    resourceId: string;
    title?: string;
    metadata?: Record<string, unknown>;
  }
  interface ListThreadsParams {
    resourceId: string;
    agentId?: string;
  }
  interface UpdateThreadParams {
    title?: string;
    metadata?: Record<string, unknown>;
  }
  interface GetMessagesParams {
    limit?: number;
    offset?: number;
  }
  type Factory = (config?: BridgeConfig) => API;
}

/** Fails to compile unless each type can stand for the other. */
type BothWays<One extends Other, Other extends Another, Another = One> = [One, Other, Another];

test("every exported type can stand for the original one, and the other way round", () => {
  expectTypeOf<BothWays<IoMastraBridge.BridgeConfig, Original.BridgeConfig>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.HonoRoute, Original.HonoRoute>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.API, Original.API>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.AgentInfo, Original.AgentInfo>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.ToolDeclaration, Original.ToolDeclaration>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.ThreadInfo, Original.ThreadInfo>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.ThreadMessage, Original.ThreadMessage>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.StreamAgentParams, Original.StreamAgentParams>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.AgentStreamResult, Original.AgentStreamResult>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.CreateThreadParams, Original.CreateThreadParams>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.ListThreadsParams, Original.ListThreadsParams>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.UpdateThreadParams, Original.UpdateThreadParams>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.GetMessagesParams, Original.GetMessagesParams>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridge.IoMastraBridgeFactoryFunction, Original.Factory>>().not.toBeNever();
  expectTypeOf<BothWays<IoMastraBridgeFactoryFunction, Original.Factory>>().not.toBeNever();
  expectTypeOf<BothWays<typeof IoMastraBridgeFactory, Original.Factory>>().not.toBeNever();
});
