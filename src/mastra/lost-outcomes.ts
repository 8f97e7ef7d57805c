import type { NestedTranscript, ToolPart, Transcript } from "../core/transcript.ts";

/**
 * The calls of a run, of steps and of tools, that nothing around them may make again by being tried again: nobody knows what they did, or their failure
 * is for good. How a workflow inside fails does not say so by itself: Mastra tells of one failure among those of a list or of parallel steps, and
 * comes no more to the items behind one that failed.
 */
export class LostOutcomes {
  readonly #callIds: Set<string>;

  constructor({ workflow, nested }: Pick<Transcript, "workflow" | "nested">, isIdempotent: (toolName: string) => boolean) {
    const steps = [...(workflow?.steps.values() ?? [])].filter(({ status, isFatal }) => status === "started" || isFatal === true);
    const tools = toolsIn(nested).filter((tool) => tool.outcomeUnknown === true || (tool.state === "started" && !isIdempotent(tool.toolName)));
    this.#callIds = new Set([...steps.map(({ callId }) => callId), ...tools.map(({ toolCallId }) => toolCallId)]);
  }

  add(callId: string): void {
    this.#callIds.add(callId);
  }

  /** The call is made again, or its outcome is known after all. */
  delete(callId: string): void {
    this.#callIds.delete(callId);
  }

  /** Whether there is one in this call, or it is one itself. */
  has(callId: string): boolean {
    return this.#callIds.has(callId) || [...this.#callIds].some((lost) => lost.startsWith(`${callId}/`));
  }
}

function toolsIn(nested: NestedTranscript["nested"]): readonly ToolPart[] {
  return [...nested.values()].flatMap((inner) => [
    ...inner.steps.flatMap(({ parts }) => parts.filter((part): part is ToolPart => part.type === "tool")),
    ...toolsIn(inner.nested),
  ]);
}
