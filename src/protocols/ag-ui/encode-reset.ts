import { closeAll } from "./encode-agent.ts";
import { NO_CHUNKS, withAgent, agentAt, type Agent, type AgUiState, type Call, type Encoded } from "./state.ts";

/**
 * The model call of the open step was cut and is issued again: what the step showed is taken back, and the ids of its messages are used
 * again. Nothing that was shown, nothing to tell.
 */
export function supersede(state: AgUiState): Encoded {
  const { before, shown } = state;
  const own = agentAt(state, "");
  if (before === undefined || own.step === undefined) return [state, NO_CHUNKS];
  if (shown.length === 0) return [own.texts.length === 0 ? state : withAgent(state, { ...own, texts: [] }), NO_CHUNKS];
  const restate = (next: AgUiState): Encoded => [next, [{ type: "RESTATE", removed: shown }]];
  const [closed, chunks] = closeAll(state, () => ({ error: "The call was cut off and is made again." }), restate);
  return [{ ...closed, agents: before.agents.map(atRest), calls: callsAfter(before.calls, closed.calls), shown: [], before: undefined }, chunks];
}

function atRest(agent: Agent): Agent {
  return { ...agent, isOpen: agent.key === "", current: undefined, texts: [], step: undefined };
}

/** Calls of earlier steps are as they were; those of the step may be made again. */
function callsAfter(before: readonly Call[], now: readonly Call[]): readonly Call[] {
  const earlier = before.map((call): Call => (call.state === "streaming" ? { ...call, state: "called" } : call));
  const added = now.filter((call) => !before.some(({ toolCallId }) => toolCallId === call.toolCallId));
  return [...earlier, ...added.map((call): Call => ({ ...call, state: "superseded" }))];
}
