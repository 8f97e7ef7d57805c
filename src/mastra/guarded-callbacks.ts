import type { AgentExecutionOptionsBase } from "@mastra/core/agent";

const CALLBACKS = ["onFinish", "onStepFinish", "onChunk", "onError", "onAbort"] as const;

type Callbacks = Pick<AgentExecutionOptionsBase<undefined>, (typeof CALLBACKS)[number]>;

/**
 * The callbacks that an agent was configured with, made harmless: Mastra never ends the stream of a call whose callback throws, and
 * the run would go on for ever.
 */
export function guardedCallbacks(own: Callbacks, onError: (error: unknown) => void): Callbacks {
  const guarded: Record<string, unknown> = {};
  for (const name of CALLBACKS) {
    const callback = own[name] as ((...given: unknown[]) => unknown) | undefined;
    if (callback === undefined) continue;
    guarded[name] = async (...given: unknown[]): Promise<void> => {
      try {
        await callback(...given);
      } catch (error) {
        onError(error);
      }
    };
  }
  return guarded;
}
