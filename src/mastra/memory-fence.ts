import type { MemoryConfig } from "@mastra/core/memory";
import type { RequestContext } from "@mastra/core/request-context";

interface MemoryContext {
  memoryConfig?: { readonly readOnly?: boolean };
}

/**
 * Options of a memory that Mastra asks whenever it saves something; it is told to write nothing once the fence is up. They are no plain object, since
 * Mastra takes such a one apart where an agent has options of its own, and asks what it has put together instead.
 */
export function fencedOptions(options: MemoryConfig | undefined, isFenced: () => boolean): MemoryConfig {
  const readOnly: PropertyDescriptor = { enumerable: true, configurable: true, get: () => options?.readOnly === true || isFenced() };
  return Object.defineProperty(Object.assign(Object.create({}) as MemoryConfig, options), "readOnly", readOnly);
}

/**
 * From here on Mastra writes nothing of this call to its memory. An aborted agent saves what it has under an id of its own; the
 * thread of a run that was stopped, fenced or handed over is written from the log instead, or by the next attempt.
 */
export function fenceMemory(requestContext: RequestContext): void {
  const context = requestContext.get("MastraMemory") as MemoryContext | undefined;
  if (context !== undefined) context.memoryConfig = { ...context.memoryConfig, readOnly: true };
}
