import type { AgentExecutionOptionsBase } from "@mastra/core/agent";
import type { TranscriptStep } from "../core/transcript.ts";

const CALLBACKS = ["onFinish", "onStepFinish", "onChunk", "onError", "onAbort"] as const;

type Callbacks = Pick<AgentExecutionOptionsBase<undefined>, (typeof CALLBACKS)[number]>;

/** What callbacks need to know of the agent at work. */
interface StepView {
  /** Calls that wait for an answer, so that the step that made them has not ended. */
  readonly interrupted: ReadonlySet<string>;
  recordedStep(step: number): Pick<TranscriptStep, "isFinished"> | undefined;
}

/**
 * The callbacks that an agent was configured with, made harmless: Mastra never ends the stream of a call whose callback throws, and
 * the run would go on for ever. The end of a step is told once, however often Mastra goes through the step again.
 */
export function guardedCallbacks(own: Callbacks, steps: StepView, onError: (error: unknown) => void): Callbacks {
  const guarded: Record<string, unknown> = {};
  let ended = 0;
  for (const name of CALLBACKS) {
    const callback = own[name] as ((...given: unknown[]) => unknown) | undefined;
    if (callback === undefined) continue;
    guarded[name] = async (...given: unknown[]): Promise<void> => {
      try {
        // Recorded steps come first, each once.
        if (name === "onStepFinish" && (steps.recordedStep(ended++)?.isFinished === true || steps.interrupted.size > 0)) return;
        await callback(...given);
      } catch (error) {
        onError(error);
      }
    };
  }
  return guarded;
}
