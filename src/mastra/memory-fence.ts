import type { MemoryConfig } from "@mastra/core/memory";
import type { RequestContext } from "@mastra/core/request-context";

interface MemoryContext {
  memoryConfig?: { readonly readOnly?: boolean };
}

/** Options of a memory that Mastra asks whenever it saves something; it is told to write nothing once the fence is up. */
export function fencedOptions(options: MemoryConfig | undefined, isFenced: () => boolean): MemoryConfig {
  return {
    ...options,
    get readOnly(): boolean {
      return options?.readOnly === true || isFenced();
    },
  };
}

/**
 * From here on Mastra writes nothing of this call to its memory. An aborted agent saves what it has under an id of its own; the
 * thread of a run that was stopped, fenced or handed over is written from the log instead, or by the next attempt.
 */
export function fenceMemory(requestContext: RequestContext): void {
  const context = requestContext.get("MastraMemory") as MemoryContext | undefined;
  if (context !== undefined) context.memoryConfig = { ...context.memoryConfig, readOnly: true };
}
