import type { ContentEvent } from "../../core/event.ts";
import { closeAgent, type AgentEnd } from "./encode-agent.ts";
import { closeWorkflowStep, freeStepName } from "./encode-step.ts";
import { inOrder, NO_CHUNKS, type AgUiState, type Encoded } from "./state.ts";

type WorkflowStepEvent = Extract<ContentEvent, { type: "workflow-step-started" | "workflow-step-finished" }>;

/** Encodes the beginning and the end of a workflow's step, as a step under the id of its call. */
export function encodeWorkflowStep(state: AgUiState, event: WorkflowStepEvent): Encoded {
  if (event.type === "workflow-step-started") return start(state, event.callId);
  // Something inside it asks; that it is suspended is told with the questions, at the end of the run.
  if (event.status === "suspended" && event.request === undefined) return [state, NO_CHUNKS];
  return finish(state, event.callId, endOf(event));
}

/** One that is open already was cut, and is executed again; what was inside it is over. */
function start(given: AgUiState, callId: string): Encoded {
  // Of the question that was answered before, only the id of its call was known.
  const state = { ...given, calls: given.calls.filter(({ toolCallId }) => toolCallId !== callId) };
  const known = state.workflowSteps.find((step) => step.callId === callId);
  if (known?.isOpen === true) return closeAgent(state, callId, () => ({ error: "The step was cut off and is executed again." }));
  const name = freeStepName(state, callId);
  const workflowSteps = [...state.workflowSteps.filter((step) => step !== known), { callId, name, isOpen: true }];
  return [{ ...state, workflowSteps }, [{ type: "STEP_STARTED", stepName: name }]];
}

function finish(state: AgUiState, callId: string, end: AgentEnd): Encoded {
  const step = state.workflowSteps.find((known) => known.callId === callId);
  return inOrder(
    state,
    (next) => closeAgent(next, callId, () => end),
    (next) => (step?.isOpen === true ? closeWorkflowStep(next, step) : [next, NO_CHUNKS]),
  );
}

function endOf(event: Extract<WorkflowStepEvent, { type: "workflow-step-finished" }>): AgentEnd {
  switch (event.status) {
    case "failed":
      return { error: event.message ?? "The step failed." };
    case "suspended":
      return { outcome: { type: "suspended", ...(event.request && { interruptIds: [event.request.id] }) } };
    default:
      return {};
  }
}
