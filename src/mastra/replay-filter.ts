import type { NestedEvent, RunEvent } from "../core/event.ts";
import { isSettled, type NestedTranscript, type ToolPart, type TranscriptStep } from "../core/transcript.ts";

/**
 * Whether an event of an attempt is already in the log, because its step is one that the log holds and Mastra only goes through
 * it again. What is left of such a step is the work of tools that had not ended, and the end of the step itself. `stepOf`: the step that
 * an agent is in, by the path of the agent.
 */
export function isReplayed(transcript: NestedTranscript, stepOf: (path: string) => number, event: RunEvent, path: string = ""): boolean {
  const recorded = transcript.steps[stepOf(path)];
  // Of a workflow only the agents inside it have steps of this kind.
  if (recorded === undefined) return transcript.steps.length === 0 && event.type === "nested" && isReplayedInside(transcript, stepOf, event);
  switch (event.type) {
    case "step-finished":
      return recorded.isFinished;
    case "tool-started":
    case "tool-result":
    case "tool-error":
    case "tool-denied":
    case "tool-progress":
      return hasOutcome(recorded, event.toolCallId);
    case "nested":
      return hasOutcome(recorded, event.toolCallId) || isReplayedInside(transcript, stepOf, event);
    // Mastra reads the object out of the answer behind its end.
    case "object":
      return !event.isFinal || recorded.isFinished || transcript.steps.some(({ parts }) => parts.some((part) => part.type === "object" && part.isFinal));
    // Processors make these at their own time, also behind the model's answer.
    case "data":
    case "tripwire":
      return recorded.parts.some((part) => part.type === event.type && JSON.stringify(part) === JSON.stringify(event));
    default:
      return true;
  }
}

function isReplayedInside({ nested }: NestedTranscript, stepOf: (path: string) => number, { toolCallId, event }: NestedEvent): boolean {
  const inner = nested.get(toolCallId);
  return inner !== undefined && isReplayed(inner, stepOf, event, toolCallId);
}

/** The tool call with this id in the step, as the log has it. */
export function recordedTool(step: TranscriptStep | undefined, toolCallId: string): ToolPart | undefined {
  const part = step?.parts.find((candidate) => candidate.type === "tool" && candidate.toolCallId === toolCallId);
  return part?.type === "tool" ? part : undefined;
}

function hasOutcome(step: TranscriptStep, toolCallId: string): boolean {
  const tool = recordedTool(step, toolCallId);
  return tool !== undefined && isSettled(tool);
}
