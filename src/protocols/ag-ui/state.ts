import type { Json } from "../../core/json.ts";
import type { AgUiChunk, TokenUsage } from "./event.ts";

/** What the fold knows after a prefix of a log. Immutable; a delta leaves it as it is. */
export interface AgUiState {
  readonly messageId: string;
  readonly threadId: string;
  readonly isEnded: boolean;
  /** The run's own agent first, then the sub-agents in the order in which they came up. */
  readonly agents: readonly Agent[];
  /** Every call that was ever on the wire, in the order in which the calls were made. */
  readonly calls: readonly Call[];
  /** The ids under which sub-agents were started in this run: a client refuses one that comes again. */
  readonly agentRunIds: readonly string[];
  /** How many steps this run opened, sub-agents included. */
  readonly stepCount: number;
  /** The messages that came up since the own step began. */
  readonly shown: readonly string[];
  /** What was known when the own step began: what a reset of it goes back to. */
  readonly before: Pick<AgUiState, "agents" | "calls"> | undefined;
  /** Those of a workflow, in the order in which they began. */
  readonly workflowSteps: readonly WorkflowStep[];
  readonly usage: readonly TokenUsage[];
  /** The newest state; any JSON value, so it is wrapped. */
  readonly shared: { readonly value: Json } | undefined;
  /** This run has told its state. */
  readonly isStateSent: boolean;
  /** The structured answer, once it is final; any JSON value, so it is wrapped. */
  readonly result: { readonly value: Json } | undefined;
  /** Why a processor stopped the run's own agent, unless it went on with another step. */
  readonly tripwire: string | undefined;
}

/** The run's own agent, or a sub-agent. */
export interface Agent {
  /** The call it runs in; empty for the run's own. */
  readonly key: string;
  /** The key of the agent that made that call. */
  readonly parentKey: string;
  /** Its `subagentRunId`; left out for the run's own. */
  readonly runId?: string;
  /** Its own name, where a model call told it. */
  readonly name?: string;
  readonly isOpen: boolean;
  /** How many assistant messages it began, and how many reasoning messages. */
  readonly segments: number;
  readonly reasonings: number;
  /** The assistant message that takes the next call of its step. */
  readonly current: string | undefined;
  readonly texts: readonly OpenText[];
  readonly step: OpenStep | undefined;
}

export interface OpenText {
  readonly kind: "text" | "reasoning";
  /** The id that the log knows it by. */
  readonly id: string;
  /** Left out until there is something to show. */
  readonly messageId?: string;
  /** What a provider encrypted of it, as the client was sent it. */
  readonly sealedIn?: string;
}

export interface OpenStep {
  readonly step: number;
  readonly name: string;
}

export interface WorkflowStep {
  readonly callId: string;
  /** Its name on the wire. */
  readonly name: string;
  readonly isOpen: boolean;
}

export interface Call {
  readonly toolCallId: string;
  readonly toolName: string;
  /** The {@link Agent} that made it. */
  readonly agentKey: string;
  readonly subagentRunId?: string;
  /** `superseded`: taken back; the same agent may make it again. */
  readonly state: "streaming" | "called" | "done" | "superseded";
  readonly hasInput: boolean;
  /** The page executes it. */
  readonly isOfPage?: true;
  /** The message in which the page gave its result. */
  readonly answeredIn?: string;
}

const OWN_AGENT: Agent = {
  key: "",
  parentKey: "",
  isOpen: true,
  segments: 0,
  reasonings: 0,
  current: undefined,
  texts: [],
  step: undefined,
};

export const INITIAL_STATE: AgUiState = {
  messageId: "",
  threadId: "",
  isEnded: false,
  agents: [OWN_AGENT],
  calls: [],
  agentRunIds: [],
  stepCount: 0,
  shown: [],
  before: undefined,
  workflowSteps: [],
  usage: [],
  shared: undefined,
  isStateSent: false,
  result: undefined,
  tripwire: undefined,
};

/** The state after an event, and the chunks that the event becomes. */
export type Encoded = readonly [AgUiState, readonly AgUiChunk[]];

export type Fold = (state: AgUiState) => Encoded;

export const NO_CHUNKS: readonly AgUiChunk[] = [];

/** Runs folds one after another. */
export function inOrder(state: AgUiState, ...folds: readonly Fold[]): Encoded {
  const all: AgUiChunk[] = [];
  let current = state;
  for (const fold of folds) {
    const [next, chunks] = fold(current);
    current = next;
    all.push(...chunks);
  }
  return [current, all];
}

export function send(...chunks: readonly AgUiChunk[]): Fold {
  return (state) => [state, chunks];
}

/** The agent that runs in a call, or the run's own for an empty key. */
export function agentAt(state: AgUiState, key: string): Agent {
  return state.agents.find((agent) => agent.key === key) ?? { ...OWN_AGENT, key, runId: key, isOpen: false };
}

export function withAgent(state: AgUiState, changed: Agent): AgUiState {
  const isKnown = state.agents.some(({ key }) => key === changed.key);
  return { ...state, agents: isKnown ? state.agents.map((agent) => (agent.key === changed.key ? changed : agent)) : [...state.agents, changed] };
}

export function callAt(state: AgUiState, toolCallId: string): Call | undefined {
  return state.calls.find((call) => call.toolCallId === toolCallId);
}

export function withCall(state: AgUiState, changed: Call): AgUiState {
  const index = state.calls.findIndex(({ toolCallId }) => toolCallId === changed.toolCallId);
  if (index === -1) return { ...state, calls: [...state.calls, changed] };
  // A call that is made again comes behind those that were made meanwhile.
  if (state.calls[index]?.state === "superseded") return { ...state, calls: [...state.calls.toSpliced(index, 1), changed] };
  return { ...state, calls: state.calls.with(index, changed) };
}

/** Notes that a message came up in the own step. */
export function withShown(state: AgUiState, messageId: string): AgUiState {
  return state.shown.includes(messageId) ? state : { ...state, shown: [...state.shown, messageId] };
}

/** The field that says whose an event is; none for the run's own agent. */
export function owned(owner: { readonly runId?: string } | { readonly subagentRunId?: string } | undefined): { readonly subagentRunId?: string } {
  const id = owner === undefined ? undefined : "runId" in owner ? owner.runId : "subagentRunId" in owner ? owner.subagentRunId : undefined;
  return id === undefined ? {} : { subagentRunId: id };
}

/** Begins an assistant message of an agent, which takes the calls of its step from here on. */
export function beginSegment(state: AgUiState, key: string): readonly [AgUiState, string] {
  const agent = agentAt(state, key);
  const { segments, runId } = agent;
  const first = segments === 0 ? state.messageId : `${state.messageId}:${segments}`;
  const messageId = runId === undefined ? first : `${runId}:m${segments}`;
  return [withShown(withAgent(state, { ...agent, segments: segments + 1, current: messageId }), messageId), messageId];
}
