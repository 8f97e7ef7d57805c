import type { AgUiEvent } from "./event.ts";

type Opener<Type extends AgUiEvent["type"]> = Extract<AgUiEvent, { type: Type }>;

/** What has begun and not ended, each as the event that began it. */
export interface OpenEntities {
  readonly agents: readonly Opener<"SUBAGENT_STARTED">[];
  readonly steps: readonly Opener<"STEP_STARTED">[];
  readonly spans: readonly Opener<"REASONING_START">[];
  readonly reasonings: readonly Opener<"REASONING_MESSAGE_START">[];
  readonly texts: readonly Opener<"TEXT_MESSAGE_START">[];
  readonly calls: readonly Opener<"TOOL_CALL_START">[];
}

export const NOTHING_OPEN: OpenEntities = { agents: [], steps: [], spans: [], reasonings: [], texts: [], calls: [] };

export function openAfter(open: OpenEntities, event: AgUiEvent): OpenEntities {
  switch (event.type) {
    case "SUBAGENT_STARTED":
      return { ...open, agents: [...open.agents, event] };
    case "SUBAGENT_FINISHED":
    case "SUBAGENT_ERROR":
      return { ...open, agents: open.agents.filter(({ subagentRunId }) => subagentRunId !== event.subagentRunId) };
    case "STEP_STARTED":
      return { ...open, steps: [...open.steps, event] };
    case "STEP_FINISHED":
      return { ...open, steps: open.steps.filter((step) => step.stepName !== event.stepName || step.subagentRunId !== event.subagentRunId) };
    case "REASONING_START":
      return { ...open, spans: [...open.spans, event] };
    case "REASONING_END":
      return { ...open, spans: without(open.spans, event) };
    case "REASONING_MESSAGE_START":
      return { ...open, reasonings: [...open.reasonings, event] };
    case "REASONING_MESSAGE_END":
      return { ...open, reasonings: without(open.reasonings, event) };
    case "TEXT_MESSAGE_START":
      return { ...open, texts: [...open.texts, event] };
    case "TEXT_MESSAGE_END":
      return { ...open, texts: without(open.texts, event) };
    case "TOOL_CALL_START":
      return { ...open, calls: [...open.calls, event] };
    case "TOOL_CALL_END":
      return { ...open, calls: open.calls.filter(({ toolCallId }) => toolCallId !== event.toolCallId) };
    // A run that failed may leave things open, and ends them.
    case "RUN_STARTED":
    case "RUN_FINISHED":
    case "RUN_ERROR":
      return NOTHING_OPEN;
    default:
      return open;
  }
}

function without<Event extends { readonly messageId: string }>(open: readonly Event[], { messageId }: { readonly messageId: string }): readonly Event[] {
  return open.filter((event) => event.messageId !== messageId);
}
