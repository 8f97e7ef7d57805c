import type { AgUiEvent, SubagentOutcome } from "./event.ts";
import { closeContent, closeStep, closeWorkflowSteps } from "./encode-step.ts";
import { agentAt, callAt, inOrder, NO_CHUNKS, send, withAgent, type Agent, type AgUiState, type Encoded, type Fold } from "./state.ts";

/** How the work of a sub-agent ends. */
export type AgentEnd = { readonly outcome?: SubagentOutcome } | { readonly error: string };

/**
 * Encodes what happens inside the calls of a path, the outermost first. The sub-agents of it are told to the client before the first thing
 * that it is shown of them, and not at all while there is nothing to show.
 */
export function inAgent(state: AgUiState, path: readonly string[], fold: (state: AgUiState, key: string) => Encoded): Encoded {
  if (path.length === 0) return fold(state, "");
  const agents = [...new Set(path)];
  const key = agents.at(-1) ?? "";
  const known = agents.reduce((next, inner, level) => withSubAgent(next, inner, agents[level - 1] ?? ""), state);
  const [next, chunks] = fold(known, key);
  if (chunks.length === 0) return next === known ? [state, NO_CHUNKS] : [next, NO_CHUNKS];
  const [opened, started] = inOrder(next, ...agents.map((inner) => (current: AgUiState) => openAgent(current, inner)));
  return [opened, [...started, ...chunks]];
}

/** Ends a sub-agent, and what it has open. */
export function closeAgent(state: AgUiState, key: string, endOf: (agent: Agent) => AgentEnd): Encoded {
  const agent = state.agents.find((known) => known.key === key);
  if (agent === undefined || key === "") return [state, NO_CHUNKS];
  const inner = state.agents.filter((other) => other.parentKey === key && other.key !== "" && other.isOpen);
  return inOrder(
    agent.isOpen ? withAgent(state, { ...agent, isOpen: false }) : state,
    ...inner.map((other) => (next: AgUiState) => closeAgent(next, other.key, endOf)),
    (next) => closeContent(next, key),
    (next) => closeStep(next, key),
    send(...(agent.isOpen && agent.runId !== undefined ? [endEvent(agent.runId, endOf(agent))] : NO_CHUNKS)),
  );
}

/** Ends everything that is open: the sub-agents, then what the run's own agent says, then its step. */
export function closeAll(state: AgUiState, endOf: (agent: Agent) => AgentEnd, ...beforeStep: readonly Fold[]): Encoded {
  return inOrder(
    state,
    (next) => closeContent(next, ""),
    ...state.agents.map(
      ({ key }) =>
        (next: AgUiState) =>
          closeAgent(next, key, endOf),
    ),
    ...beforeStep,
    (next) => closeStep(next, ""),
    closeWorkflowSteps,
  );
}

/** Knows a sub-agent by the call it runs in. One that was closed in this run comes again under another id. */
function withSubAgent(state: AgUiState, key: string, parentKey: string): AgUiState {
  const known = state.agents.find((agent) => agent.key === key);
  if (known?.isOpen === true) return state;
  if (known?.runId !== undefined && !state.agentRunIds.includes(known.runId))
    return known.parentKey === parentKey ? state : withAgent(state, { ...known, parentKey });
  let runId = key;
  for (let number = 2; state.agentRunIds.includes(runId); number += 1) runId = `${key}:${number}`;
  const { name } = known ?? {};
  return withAgent(state, {
    key,
    parentKey,
    runId,
    ...(name !== undefined && { name }),
    isOpen: false,
    segments: 0,
    reasonings: 0,
    current: undefined,
    texts: [],
    step: undefined,
  });
}

function openAgent(state: AgUiState, key: string): Encoded {
  const agent = agentAt(state, key);
  if (agent.isOpen || agent.runId === undefined) return [state, NO_CHUNKS];
  const { runId, parentKey } = agent;
  const parent = agentAt(state, parentKey).runId;
  const started: AgUiEvent = {
    type: "SUBAGENT_STARTED",
    subagentRunId: runId,
    name: nameOf(agent, callAt(state, key)?.toolName),
    // A step of a workflow is no call of a tool.
    ...(!state.workflowSteps.some(({ callId }) => callId === key) && { parentToolCallId: key }),
    ...(parentKey !== "" && parent !== undefined && { parentSubagentRunId: parent }),
  };
  return [{ ...withAgent(state, { ...agent, isOpen: true }), agentRunIds: [...state.agentRunIds, runId] }, [started]];
}

/** Mastra calls the tool of a sub-agent `agent-<its name>`. */
function nameOf(agent: Agent, toolName: string | undefined): string {
  if (toolName?.startsWith("agent-") === true) return toolName.slice("agent-".length);
  return agent.name ?? toolName ?? agent.key;
}

function endEvent(subagentRunId: string, end: AgentEnd): AgUiEvent {
  return "error" in end ? { type: "SUBAGENT_ERROR", subagentRunId, message: end.error } : { type: "SUBAGENT_FINISHED", subagentRunId, ...end };
}
