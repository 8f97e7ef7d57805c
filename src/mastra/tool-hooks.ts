import type { Agent } from "@mastra/core/agent";
import type { ToolHooks } from "@mastra/core/tools";
import type { AttemptContext } from "../core/agent-source.ts";
import type { ToolPart } from "../core/transcript.ts";
import { toolDecision } from "./tool-decision.ts";

/** What the hooks need of the attempt that drives the agent. */
export interface ToolRecorder {
  readonly attempt: AttemptContext;
  /** Resolves once the model answer that asked for the tool is in the log. */
  answerCommitted(): Promise<void>;
  /** The id of the call in the log, and what the log held of it when the attempt began. */
  recorded(toolCallId: string): { readonly id: string; readonly part: ToolPart | undefined };
  isIdempotent(toolName: string): boolean;
  /** A hook that the agent was configured with threw. */
  onHookError(error: unknown): void;
  /** Puts the outcome into the log as Mastra's own chunk would have. */
  report(
    toolCallId: string,
    outcome: { readonly toolName: string; readonly output?: unknown; readonly error?: unknown; readonly outcomeUnknown?: boolean },
  ): void;
}

type BeforeContext = Parameters<NonNullable<ToolHooks["beforeToolCall"]>>[0];

/**
 * Hooks that put a tool's start on the disk before it executes and its outcome as soon as it has one (Mastra itself holds results
 * back until every tool of the step has ended), and that hand back what the log holds already. The hooks that the
 * agent was configured with are called in their place: a call's hooks replace an agent's.
 */
export function recordingHooks(agent: Agent, callHooks: ToolHooks | undefined, recorder: ToolRecorder): ToolHooks {
  const own: ToolHooks = { ...agent.getConfiguredToolHooks(), ...callHooks };
  const { attempt } = recorder;
  return {
    async beforeToolCall(context) {
      const { toolName } = context;
      const providerId = toolCallIdOf(context);
      if (providerId === undefined) return own.beforeToolCall?.(context);
      await recorder.answerCommitted();
      const { id, part } = recorder.recorded(providerId);
      const decision = toolDecision(part, recorder.isIdempotent(toolName));
      if (decision.action === "answer") return { proceed: false, output: decision.output };
      if (decision.action === "fail") throw new Error(decision.message);
      if (decision.action === "give-up") {
        recorder.report(providerId, { toolName, error: decision.message, outcomeUnknown: true });
        await attempt.commit();
        throw new Error(decision.message);
      }
      const verdict = await own.beforeToolCall?.(context);
      if (verdict?.proceed === false) return verdict;
      void attempt.emit({ type: "tool-started", toolCallId: id, toolName, attempt: attempt.attempt, idempotencyKey: `${attempt.run.id}:${id}` });
      await attempt.commit();
      attempt.checkpoint("tool-start-committed");
      return verdict;
    },
    async afterToolCall(context) {
      const providerId = toolCallIdOf(context);
      attempt.checkpoint("tool-executed");
      const { toolName, output, error } = context;
      // A tool that suspends returns nothing, too: what it was shows in the chunks that follow.
      if (providerId !== undefined && (error !== undefined || output !== undefined)) {
        recorder.report(providerId, error === undefined ? { toolName, output } : { toolName, error });
        await attempt.commit();
        attempt.checkpoint("tool-result-committed");
      }
      try {
        await own.afterToolCall?.(context);
      } catch (cause) {
        // The outcome is in the log: what looks on cannot change it any more.
        recorder.onHookError(cause);
      }
    },
  };
}

function toolCallIdOf(context: BeforeContext): string | undefined {
  const execution = context.context as { readonly agent?: { readonly toolCallId?: string }; readonly toolCallId?: string } | undefined;
  return execution?.agent?.toolCallId ?? execution?.toolCallId;
}
