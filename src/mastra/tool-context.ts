import { delegationHere } from "./delegation.ts";

/** The key of the request context under which a tool finds its {@link ToolCallContext}. */
export const TOOL_CALL_KEY = "holdfast";

/** What a tool can know of the call that it executes: `context.requestContext.get("holdfast")`. */
export interface ToolCallContext {
  readonly runId: string | undefined;
  readonly threadId: string | undefined;
  /** The id of the call in the log. */
  readonly toolCallId: string | undefined;
  readonly attempt: number | undefined;
  /** The same in every attempt, and in every run that goes on from the one that made the call. */
  readonly idempotencyKey: string | undefined;
}

/**
 * Tells of the call in which it is asked. One object for all calls: Mastra hands every tool of a run the same request context, and
 * what a tool writes there the others must see.
 */
export class CurrentToolCall implements ToolCallContext {
  get runId(): string | undefined {
    return delegationHere()?.scope.world.attempt.run.id;
  }

  get threadId(): string | undefined {
    return delegationHere()?.scope.world.attempt.run.threadId;
  }

  get toolCallId(): string | undefined {
    return delegationHere()?.toolCallId;
  }

  get attempt(): number | undefined {
    return delegationHere()?.scope.world.attempt.attempt;
  }

  get idempotencyKey(): string | undefined {
    const call = delegationHere();
    return call && idempotencyKeyOf(call.scope.world.attempt.rootRunId, call.keyId ?? call.toolCallId);
  }
}

/** The key of a call: unique over all runs, and the same however often the call is tried. */
export function idempotencyKeyOf(rootRunId: string, toolCallId: string): string {
  return `${rootRunId}:${toolCallId}`;
}
