import type { Agent } from "@mastra/core/agent";
import type { ToolHooks } from "@mastra/core/tools";
import type { AgentScope } from "./agent-scope.ts";
import { idempotencyKeyOf } from "./tool-context.ts";
import { toolDecision } from "./tool-decision.ts";

/** Knows the calls of an attempt by the ids of the log. */
export interface OutcomeRecorder {
  /** The id of a call in the log, by the provider's. */
  idOf(scope: AgentScope, providerId: string): string;
  /** Puts the outcome into the log as Mastra's own chunk would have. */
  report(scope: AgentScope, providerId: string, outcome: ToolOutcome): void;
}

export interface ToolOutcome {
  readonly toolName: string;
  readonly output?: unknown;
  readonly error?: unknown;
  readonly outcomeUnknown?: boolean;
}

/** What the hooks need of the one that drives the attempt. */
export interface ToolRecorder extends OutcomeRecorder {
  isIdempotent(toolName: string): boolean;
  /** The outcome of a tool is on the disk. */
  onOutcome(toolName: string): Promise<void>;
}

type BeforeContext = Parameters<NonNullable<ToolHooks["beforeToolCall"]>>[0];

/**
 * Hooks that put a tool's start on the disk before it executes and its outcome as soon as it has one (Mastra itself holds results
 * back until every tool of the step has ended), and that hand back what the log holds already. The hooks that the
 * agent was configured with are called in their place: a call's hooks replace an agent's.
 */
export function recordingHooks(agent: Agent, callHooks: ToolHooks | undefined, scope: AgentScope, recorder: ToolRecorder): ToolHooks {
  const own: ToolHooks = { ...agent.getConfiguredToolHooks(), ...callHooks };
  const { attempt } = scope.world;
  // What a sub-agent had finished is not done again when its tool is entered once more.
  const mayRepeat = (toolName: string): boolean => recorder.isIdempotent(toolName) || scope.idempotent.has(toolName) || scope.delegates.has(toolName);
  return {
    async beforeToolCall(context) {
      const { toolName } = context;
      const providerId = toolCallIdOf(context);
      if (providerId === undefined) return own.beforeToolCall?.(context);
      await scope.gates.passed(scope.prepared);
      const id = recorder.idOf(scope, providerId);
      const decision = toolDecision(scope.recordedCall(id), mayRepeat(toolName));
      if (decision.action === "answer") return { proceed: false, output: decision.output };
      if (decision.action === "fail") throw new Error(decision.message);
      if (decision.action === "give-up") {
        recorder.report(scope, providerId, { toolName, error: decision.message, outcomeUnknown: true });
        await attempt.commit();
        throw new Error(decision.message);
      }
      const verdict = await own.beforeToolCall?.(context);
      if (verdict?.proceed === false) return verdict;
      await scope.commit({ type: "tool-started", toolCallId: id, toolName, attempt: attempt.attempt, idempotencyKey: idempotencyKeyOf(attempt.rootRunId, id) });
      attempt.checkpoint("tool-start-committed");
      return verdict;
    },
    async afterToolCall(context) {
      const providerId = toolCallIdOf(context);
      attempt.checkpoint("tool-executed");
      const { toolName, output, error } = context;
      const isInterrupted = providerId !== undefined && scope.interrupted.has(recorder.idOf(scope, providerId));
      const hasOutcome = isOutcome(error, output, attempt.signal.aborted && { mayRepeat: mayRepeat(toolName) });
      if (providerId !== undefined && !isInterrupted && hasOutcome) {
        recorder.report(scope, providerId, error === undefined ? { toolName, output } : { toolName, error });
        await attempt.commit();
        attempt.checkpoint("tool-result-committed");
        await recorder.onOutcome(toolName);
      }
      try {
        await own.afterToolCall?.(context);
      } catch (cause) {
        // The outcome is in the log: what looks on cannot change it any more.
        scope.world.onHookError(cause);
      }
    },
  };
}

/**
 * Whether what a tool left is its outcome. What it fails with once the attempt is stopped is the stop's; and what it returns may be only what it
 * had, as a sub-agent's half answer is, so that one that may repeat is entered again by the attempt that follows.
 */
function isOutcome(error: unknown, output: unknown, stopped: false | { readonly mayRepeat: boolean }): boolean {
  if (stopped !== false) return error === undefined && output !== undefined && !stopped.mayRepeat;
  return error !== undefined || output !== undefined;
}

/** The provider's id of a call, from what a tool or a hook is given as context. */
export function toolCallIdOf({ context }: Pick<BeforeContext, "context">): string | undefined {
  const execution = context as { readonly agent?: { readonly toolCallId?: string }; readonly toolCallId?: string } | undefined;
  return execution?.agent?.toolCallId ?? execution?.toolCallId;
}
