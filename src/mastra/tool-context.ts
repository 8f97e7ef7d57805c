import type { RequestContext } from "@mastra/core/request-context";

/** The key of the request context under which a tool finds {@link ToolCallContext}. */
const TOOL_CALL_KEY = "holdfast";

/** What a tool can know of the call that it executes: `context.requestContext.get("holdfast")`. */
export interface ToolCallContext {
  readonly runId: string;
  readonly threadId: string;
  readonly toolCallId: string;
  readonly attempt: number;
  /** The same in every attempt, and in every run that goes on from the one that made the call. */
  readonly idempotencyKey: string;
}

/** A request context with something of one call's own; all else is read from and written to the context of the run. */
export function toolRequestContext(shared: RequestContext, call: ToolCallContext): RequestContext {
  const read = (key: string): unknown => (key === TOOL_CALL_KEY ? call : shared.getRaw(key));
  return new Proxy(shared, {
    get(target, property) {
      if (property === "get" || property === "getRaw") return read;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
