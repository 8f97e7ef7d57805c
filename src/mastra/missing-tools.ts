import { isSettled, type ToolPart, type TranscriptStep } from "../core/transcript.ts";

/** A tool without code of its own: what stands in front of it answers from the log. */
interface StandIn {
  readonly description: string;
  /** Mastra executes the calls of a step one after another where one of them may stop for a person. */
  readonly hasSuspendSchema: true;
  execute(): Promise<never>;
}

/**
 * Stand-ins for the tools that a recorded step called and that are offered no more: the page of a later request may have fewer tools, and its options
 * may switch off the memory that some belong to. Mastra would say of their calls that there is no such tool, whatever the log holds of them.
 */
export function missingTools(step: TranscriptStep, tools: Readonly<Record<string, unknown>>): Readonly<Record<string, StandIn>> {
  const names = step.parts.flatMap((part) => (part.type === "tool" && isInLog(part) && !Object.hasOwn(tools, part.toolName) ? [part.toolName] : []));
  return Object.fromEntries(names.map((name) => [name, standIn(name)]));
}

/** Whether the log holds more of a call than that the model made it. One that Mastra refused is refused again. */
function isInLog(part: ToolPart): boolean {
  if (part.providerExecuted === true || part.invalid !== undefined) return false;
  return isSettled(part) || part.state === "started" || part.state === "interrupted";
}

function standIn(name: string): StandIn {
  return {
    description: "",
    hasSuspendSchema: true,
    execute: () => Promise.reject(new Error(`Tool "${name}" not found.`)),
  };
}
