import type { MemoryConfig } from "@mastra/core/memory";
import type { Run } from "../core/run.ts";

/** What a request may set; all else of an agent's memory is for its developer to choose. */
const OFFERED: ReadonlySet<string> = new Set(["lastMessages", "semanticRecall", "workingMemory", "threads"]);

/**
 * The options of the memory for one run: those of the agent with those of the request over them. A request can have nothing written
 * that would not be, so of `readOnly` it can say only yes.
 */
export function memoryOptionsOf(own: MemoryConfig | undefined, { input }: Run): MemoryConfig {
  const given = Object.entries(input.memoryOptions ?? {}).filter(([key, value]) => OFFERED.has(key) || (key === "readOnly" && value === true));
  return { ...own, ...(Object.fromEntries(given) as MemoryConfig) };
}

/** Whether nothing of a run may be written to the memory: neither its question nor its answer, nor a thread for them. */
export function isReadOnly({ input }: Run): boolean {
  return input.memoryOptions?.["readOnly"] === true;
}

/** Whether a run may neither read nor write anything of the memory. Given a thread at all, Mastra would make an empty one. */
export function isWithoutMemory(run: Run): boolean {
  const { lastMessages, semanticRecall, workingMemory } = (run.input.memoryOptions ?? {}) as MemoryConfig;
  return isReadOnly(run) && lastMessages === false && semanticRecall === false && workingMemory?.enabled === false;
}
