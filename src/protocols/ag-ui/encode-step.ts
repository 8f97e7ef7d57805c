import type { AgUiEncoding } from "./event.ts";
import { closeTexts } from "./encode-text.ts";
import { closeCalls } from "./encode-tool.ts";
import { agentAt, inOrder, NO_CHUNKS, owned, withAgent, type AgUiState, type Encoded, type Fold, type WorkflowStep } from "./state.ts";

/** Opens a step of an agent, once what stood open of it is closed. */
export function startStep(encoding: AgUiEncoding, state: AgUiState, key: string, step: number): Encoded {
  if (agentAt(state, key).step?.step === step) return [state, NO_CHUNKS];
  return inOrder(
    state,
    (next) => closeContent(next, key),
    (next) => closeStep(next, key),
    (next) => openStep(encoding, next, key, step),
  );
}

/** Closes the step of an agent, if it is the one that is open in this stream. */
export function finishStep(state: AgUiState, key: string, step: number): Encoded {
  if (agentAt(state, key).step?.step !== step) return [state, NO_CHUNKS];
  return inOrder(
    state,
    (next) => closeContent(next, key),
    (next) => closeStep(next, key),
  );
}

/** Ends what an agent says and asks for. */
export function closeContent(state: AgUiState, key: string): Encoded {
  return inOrder(
    state,
    (next) => closeTexts(next, key),
    (next) => closeCalls(next, key),
  );
}

export function closeStep(state: AgUiState, key: string): Encoded {
  const agent = agentAt(state, key);
  if (agent.step === undefined) return agent.current === undefined ? [state, NO_CHUNKS] : [withAgent(state, { ...agent, current: undefined }), NO_CHUNKS];
  const stepName = agent.step.name;
  return [withAgent(state, { ...agent, step: undefined, current: undefined }), [{ type: "STEP_FINISHED", stepName, ...owned(agent) }]];
}

function openStep({ flavour }: AgUiEncoding, state: AgUiState, key: string, step: number): Encoded {
  const agent = agentAt(state, key);
  const stepCount = state.stepCount + 1;
  const stepName = flavour === "io-bridge" ? freeName(state) : freeStepName(state, `step-${stepCount}`);
  const next = withAgent({ ...state, stepCount }, { ...agent, current: undefined, step: { step, name: stepName } });
  // Nothing of the step is shown yet, and its reset goes back to here.
  const begun = key === "" ? { ...next, shown: [], before: { agents: next.agents, calls: next.calls }, tripwire: undefined } : next;
  return [begun, [{ type: "STEP_STARTED", stepName, ...owned(agent) }]];
}

/** `step`, as pages of this wire know it; numbered only while another one is open, such as that of the agent which called a sub-agent. */
function freeName(state: AgUiState): string {
  const open = openNames(state);
  let name = "step";
  for (let number = 2; open.has(name); number += 1) name = `step-${number}`;
  return name;
}

/** The name, unless a step that is open has it already: a client refuses two at once. */
export function freeStepName(state: AgUiState, wanted: string): string {
  const open = openNames(state);
  let name = wanted;
  for (let number = 2; open.has(name); number += 1) name = `${wanted}:${number}`;
  return name;
}

function openNames({ agents, workflowSteps }: AgUiState): ReadonlySet<string | undefined> {
  return new Set([...agents.map(({ step }) => step?.name), ...workflowSteps.map(({ isOpen, name }) => (isOpen ? name : undefined))]);
}

/** Ends the steps that are open, the newest first. */
export function closeWorkflowSteps(state: AgUiState): Encoded {
  const open = state.workflowSteps.filter(({ isOpen }) => isOpen).toReversed();
  return inOrder(
    state,
    ...open.map(
      (step): Fold =>
        (next) =>
          closeWorkflowStep(next, step),
    ),
  );
}

export function closeWorkflowStep(state: AgUiState, step: WorkflowStep): Encoded {
  const workflowSteps = state.workflowSteps.map((known) => (known.callId === step.callId ? { ...known, isOpen: false } : known));
  return [{ ...state, workflowSteps }, [{ type: "STEP_FINISHED", stepName: step.name }]];
}
