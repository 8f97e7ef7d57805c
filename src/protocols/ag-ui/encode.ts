import { isTerminalEvent, type ContentEvent, type LifecycleEvent, type NestedEvent, type RunEvent, type StepEvent } from "../../core/event.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { Encoder } from "../../core/protocol.ts";
import { downLevel, isLeveled } from "./down-level.ts";
import { inAgent } from "./encode-agent.ts";
import { closeCalled, encodeEnd, encodeWaiting, pathOf, pause } from "./encode-end.ts";
import { encodeOther } from "./encode-other.ts";
import { supersede } from "./encode-reset.ts";
import { finishStep, startStep } from "./encode-step.ts";
import { encodeText } from "./encode-text.ts";
import { deniedText, encodeToolInput, encodeToolOutcome, resultId, type ToolOutcomeEvent } from "./encode-tool.ts";
import type { AgUiChunk, AgUiEncoding } from "./event.ts";
import { agentAt, callAt, INITIAL_STATE, inOrder, NO_CHUNKS, owned, withAgent, withCall, type AgUiState, type Encoded } from "./state.ts";
import { encodeWorkflowStep } from "./encode-workflow.ts";
import { stateChange } from "./state-patch.ts";
import { addTokens } from "./usage.ts";

/**
 * Encodes the log of a run as events of AG-UI (https://docs.ag-ui.com/concepts/events), with two kinds of chunks among them that never go on
 * the wire as they are: {@link Restate} and {@link PageResult}.
 *
 * @example
 * const { initial, encode } = agUiEncoder({ runId, generation: "1.0", flavour: "ag-ui" });
 * const [state, chunks] = encode(initial, event);
 */
export function agUiEncoder(encoding: AgUiEncoding): Encoder<AgUiState, AgUiChunk> {
  return { initial: INITIAL_STATE, encode: (state, event) => forGeneration(encoding, encodeEvent(encoding, state, event)) };
}

/**
 * Encodes the logs of the suspended runs that a run goes on from, for what a client holds of them. Their beginnings and ends are left out,
 * and all is closed where they end.
 */
export function encodeAncestry(encoding: AgUiEncoding, state: AgUiState, event: RunEvent): Encoded {
  const [next, chunks] = isTerminalEvent(event) ? pause(state, event.type === "run-suspended" ? event.interrupts : []) : encodeEvent(encoding, state, event);
  return forGeneration(encoding, [next, chunks.filter(({ type }) => type !== "RUN_STARTED")]);
}

function forGeneration({ generation }: AgUiEncoding, [state, chunks]: Encoded): Encoded {
  // Most events are the same for both, and there are many of them.
  if (generation === "1.0" || !chunks.some(isLeveled)) return [state, chunks];
  return [state, chunks.flatMap((chunk): readonly AgUiChunk[] => (chunk.type === "RESTATE" || chunk.type === "PAGE_RESULT" ? [chunk] : downLevel(chunk)))];
}

function encodeEvent(encoding: AgUiEncoding, state: AgUiState, event: RunEvent): Encoded {
  if (event.type === "run-started") return start(encoding, state, event);
  if (state.isEnded) return [state, NO_CHUNKS];
  if (isTerminalEvent(event)) return encodeEnd(encoding, state, event);
  switch (event.type) {
    case "attempt-started":
      return event.resetTo === undefined ? [state, NO_CHUNKS] : supersede(state);
    case "interrupt-answered":
      return [withAnswered(state, event), NO_CHUNKS];
    case "run-waiting":
      return encodeWaiting(state, event.interrupts);
    case "state":
      return share(state, event.value ?? null);
    case "model-cut":
      return [state, NO_CHUNKS];
    case "object":
      return encodeWork(encoding, event.isFinal ? { ...state, result: { value: event.object ?? null } } : state, [], event);
    case "tripwire":
      return encodeWork(encoding, { ...state, tripwire: event.reason }, [], event);
    case "nested":
      return encodeNested(encoding, state, [], event);
    case "workflow-step-started":
    case "workflow-step-finished":
      return encodeWorkflowStep(state, event);
    default:
      return encodeWork(encoding, state, [], event);
  }
}

/** A run that goes on from another one is a run of its own for a client: it counts its steps and its usage anew. */
function start({ runId }: AgUiEncoding, state: AgUiState, event: Extract<LifecycleEvent, { type: "run-started" }>): Encoded {
  const { messageId, threadId } = event;
  const { agents, calls, shared } = state;
  return [{ ...INITIAL_STATE, agents, calls, shared, messageId, threadId }, [{ type: "RUN_STARTED", threadId, runId, protocolVersion: "1.0" }]];
}

function share(state: AgUiState, value: Json): Encoded {
  const change =
    state.isStateSent && state.shared !== undefined ? stateChange(state.shared.value, value) : ({ type: "STATE_SNAPSHOT", snapshot: value } as const);
  return change === undefined ? [state, NO_CHUNKS] : [{ ...state, shared: { value }, isStateSent: true }, [change]];
}

/**
 * The client has the call from the run that asked, and the call of the run's own agent that it was made in, if a sub-agent made it. What a
 * page gave is in its hands already.
 */
function withAnswered(state: AgUiState, event: Extract<LifecycleEvent, { type: "interrupt-answered" }>): AgUiState {
  const { kind, toolCallId, toolName } = event;
  if (kind === "workflow-suspend") return state;
  const [outermost = toolCallId] = toolCallId.split("/");
  const outer = withKnown(state, outermost, toolName);
  const known = withKnown(outer, toolCallId, toolName);
  const call = callAt(known, toolCallId);
  if (call === undefined || kind !== "frontend-tool") return known;
  return withCall(known, { ...call, isOfPage: true, ...(event.isDeclined !== true && { answeredIn: messageIdIn(event.answer) ?? resultId(toolCallId) }) });
}

function withKnown(state: AgUiState, toolCallId: string, toolName: string): AgUiState {
  if (callAt(state, toolCallId) !== undefined) return state;
  const agentKey = pathOf(state, toolCallId).at(-1) ?? "";
  const subagentRunId = agentKey === "" ? undefined : (agentAt(state, agentKey).runId ?? agentKey);
  return withCall(state, { toolCallId, toolName, agentKey, ...(subagentRunId !== undefined && { subagentRunId }), state: "called", hasInput: true });
}

function messageIdIn(answer: Json): string | undefined {
  const id = typeof answer === "object" && answer !== null && !Array.isArray(answer) ? (answer as JsonObject)["messageId"] : undefined;
  return typeof id === "string" && id !== "" ? id : undefined;
}

function encodeNested(encoding: AgUiEncoding, state: AgUiState, path: readonly string[], { toolCallId, event }: NestedEvent): Encoded {
  const inner = [...path, toolCallId];
  return event.type === "nested" ? encodeNested(encoding, state, inner, event) : encodeWork(encoding, state, inner, event);
}

/** Encodes what an agent does: the run's own for an empty path, else the one inside the calls of the path. */
function encodeWork(encoding: AgUiEncoding, state: AgUiState, path: readonly string[], event: ContentEvent | StepEvent): Encoded {
  if (event.type === "model-finished") {
    const usage = addTokens(state.usage, event);
    return [usage === state.usage ? state : { ...state, usage }, NO_CHUNKS];
  }
  if (event.type === "tool-result" || event.type === "tool-error" || event.type === "tool-denied") {
    return inOrder(
      state,
      (next) => closeCalled(next, event.toolCallId, failureOf(event)),
      (next) => inAgent(next, callAt(next, event.toolCallId) === undefined ? [] : path, (inner) => encodeToolOutcome(encoding, inner, event)),
    );
  }
  return inAgent(state, path, (inner, key) => encodeIn(encoding, inner, key, event));
}

function failureOf(event: ToolOutcomeEvent): string | undefined {
  if (event.type === "tool-error") return event.message;
  return event.type === "tool-denied" ? deniedText(event.reason) : undefined;
}

type Work = Exclude<ContentEvent | StepEvent, ToolOutcomeEvent | { type: "model-finished" }>;

function encodeIn(encoding: AgUiEncoding, state: AgUiState, key: string, event: Work): Encoded {
  switch (event.type) {
    case "step-started":
      return startStep(encoding, state, key, event.step);
    case "step-finished":
      return finishStep(state, key, event.step);
    case "model-called": {
      const agent = agentAt(state, key);
      if (key === "" || event.agentId === undefined || agent.name === event.agentId) return [state, NO_CHUNKS];
      return [withAgent(state, { ...agent, name: event.agentId }), NO_CHUNKS];
    }
    case "text-start":
    case "text-delta":
    case "text-end":
    case "reasoning-start":
    case "reasoning-delta":
    case "reasoning-end":
      return encodeText(state, key, event);
    case "tool-input-start":
    case "tool-input-delta":
    case "tool-call":
      return encodeToolInput(state, key, event);
    case "tool-interrupted": {
      const call = callAt(state, event.toolCallId);
      if (call === undefined || call.isOfPage === true || event.request.kind !== "frontend-tool") return [state, NO_CHUNKS];
      return [withCall(state, { ...call, isOfPage: true }), NO_CHUNKS];
    }
    case "tool-started": {
      // Of the call that a question was asked in, only the id was known.
      const call = callAt(state, event.toolCallId);
      return [call === undefined || call.toolName === event.toolName ? state : withCall(state, { ...call, toolName: event.toolName }), NO_CHUNKS];
    }
    case "workflow-step-started":
    case "workflow-step-finished":
      return [state, NO_CHUNKS];
    default:
      return [state, encodeOther(event, owned(agentAt(state, key)))];
  }
}
