import type { TerminalEvent } from "../../core/event.ts";
import type { InterruptRequest } from "../../core/interrupt.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { AgUiEncoding, AgUiEvent, AgUiInterrupt, RunOutcome } from "./event.ts";
import { closeAgent, closeAll, inAgent, type AgentEnd } from "./encode-agent.ts";
import { closeContent } from "./encode-step.ts";
import { endCall, MISSING, showCall } from "./encode-tool.ts";
import { callAt, inOrder, NO_CHUNKS, owned, send, withCall, type Agent, type AgUiState, type Encoded, type Fold } from "./state.ts";

/** Encodes the end of a run. Whatever the end, nothing stays open. */
export function encodeEnd(encoding: AgUiEncoding, state: AgUiState, event: TerminalEvent): Encoded {
  const ended: AgUiState = { ...state, isEnded: true };
  switch (event.type) {
    case "run-completed": {
      if (ended.tripwire !== undefined) return failed(encoding, ended, { code: "TRIPWIRE", message: ended.tripwire });
      const { finishReason } = event;
      // A client has no other way to tell an answer that was cut short from a whole one.
      const mark = finishReason === "length" || finishReason === "content-filter" ? { holdfast: { finishReason } } : undefined;
      const finish: Fold = (next) => finished(encoding, next, { type: "success", ...pendingOf(next) }, mark);
      return inOrder(ended, (next) => closeAll(next, () => ({}), answerAll), finish);
    }
    case "run-failed":
      return failed(encoding, ended, event.error);
    case "run-canceled": {
      const reason: JsonObject | undefined = event.reason === undefined ? undefined : { holdfast: { reason: event.reason } };
      return inOrder(
        ended,
        (next) => closeAll(next, () => ({ error: "The run was canceled before the sub-agent was done." })),
        (next) => finished(encoding, next, { type: "cancelled" }, reason),
      );
    }
    case "run-suspended":
      return inOrder(
        ended,
        (next) => pause(next, event.interrupts),
        (next) => ask(encoding, next, event.interrupts),
      );
  }
}

function failed(encoding: AgUiEncoding, state: AgUiState, { code, message }: { readonly code: string; readonly message: string }): Encoded {
  const told = encoding.flavour === "io-bridge" ? bridgeError(encoding, state, { code, message }) : { message, code };
  const error: AgUiEvent = { type: "RUN_ERROR", ...told, ...usageOf(state) };
  return inOrder(state, (next) => closeAll(next, () => ({ error: "The run failed before the sub-agent was done." })), send(error));
}

type ToldError = { readonly message: string; readonly code: string; readonly metadata: JsonObject };

/** One code for every failure, and no words of a provider's: those stand in the log. */
function bridgeError({ runId }: AgUiEncoding, { threadId }: AgUiState, { code, message }: Pick<ToldError, "code" | "message">): ToldError {
  const generic = `The run failed. The server has the cause under run ${runId} of thread ${threadId}.`;
  return { message: code === "AGENT_FAILED" ? generic : message, code: "STREAM_ERROR", metadata: { holdfast: { reason: code } } };
}

/** Ends what a run has open when another one goes on from it, once the calls that it asks about are shown. */
export function pause(state: AgUiState, interrupts: readonly InterruptRequest[]): Encoded {
  return inOrder(
    state,
    (next) => showAsked(next, interrupts),
    (next) => closeAll(next, (agent) => suspendedIn(next, agent, interrupts)),
  );
}

/** The run is held open: the page sees the calls it is to execute, and nothing is left half written. */
export function encodeWaiting(state: AgUiState, interrupts: readonly InterruptRequest[]): Encoded {
  return inOrder(
    state,
    (next) => showAsked(next, interrupts),
    ...state.agents.map(
      ({ key }) =>
        (next: AgUiState) =>
          closeContent(next, key),
    ),
  );
}

/** A question needs its call before it, in full. */
function showAsked(state: AgUiState, interrupts: readonly InterruptRequest[]): Encoded {
  return inOrder(
    state,
    ...interrupts.map((interrupt): Fold => {
      const { toolCallId, toolName, input, kind } = interrupt;
      if (kind === "workflow-suspend") return (next) => [next, NO_CHUNKS];
      return (next) => {
        const path = pathOf(next, toolCallId);
        const [shown, chunks] = inAgent(next, path, (inner, key) => showCall(inner, key, { toolCallId, toolName, input }));
        const call = callAt(shown, toolCallId);
        return [call === undefined || kind !== "frontend-tool" ? shown : withCall(shown, { ...call, isOfPage: true }), chunks];
      };
    }),
  );
}

/** The agents that a call was made in, the outermost first. The id of a call that a sub-agent made begins with that of the call it runs in. */
export function pathOf(state: AgUiState, toolCallId: string): readonly string[] {
  let key = (callAt(state, toolCallId) ?? { agentKey: nearestKnown(state, toolCallId) }).agentKey;
  const path: string[] = [];
  while (key !== "" && !path.includes(key)) {
    path.unshift(key);
    const agent = state.agents.find((other) => other.key === key);
    key = agent?.parentKey ?? callAt(state, key)?.agentKey ?? "";
  }
  return path;
}

/** Of the ids that the one of an unknown call begins with, the longest that is known. */
function nearestKnown(state: AgUiState, toolCallId: string): string {
  const pieces = toolCallId.split("/");
  const outer = pieces.slice(1).map((_, index) => pieces.slice(0, pieces.length - 1 - index).join("/"));
  return outer.find((id) => callAt(state, id) !== undefined || state.agents.some(({ key }) => key === id)) ?? "";
}

function suspendedIn(state: AgUiState, agent: Agent, interrupts: readonly InterruptRequest[]): AgentEnd {
  const ids = interrupts.filter(({ toolCallId }) => pathOf(state, toolCallId).includes(agent.key)).map(({ id }) => id);
  return { outcome: { type: "suspended", ...(ids.length > 0 && { interruptIds: ids }) } };
}

function ask(encoding: AgUiEncoding, state: AgUiState, interrupts: readonly InterruptRequest[]): Encoded {
  const questions = interrupts.filter(({ kind }) => kind !== "frontend-tool");
  if (questions.length === 0) return finished(encoding, state, { type: "success", ...pendingOf(state) });
  const snapshot: Json = state.shared === undefined ? (encoding.initialState ?? {}) : state.shared.value;
  return inOrder(state, send({ type: "RESTATE", removed: [] }, { type: "STATE_SNAPSHOT", snapshot }), (next) =>
    finished(encoding, next, { type: "interrupt", interrupts: questions.map((question) => interruptOf(next, question)) }),
  );
}

function interruptOf(state: AgUiState, request: InterruptRequest): AgUiInterrupt {
  const { id, kind, toolCallId, toolName, input, resumeSchema, payload, expiresAt, stepPath } = request;
  const isOfStep = kind === "workflow-suspend";
  const message = kind === "tool-approval" ? `Approve the call of ${toolName}?` : messageIn(payload);
  return {
    id,
    reason: kind === "tool-approval" ? "tool_call" : "input_required",
    ...(message !== undefined && { message }),
    ...(!isOfStep && { toolCallId }),
    ...(isObject(resumeSchema) && { responseSchema: resumeSchema }),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
    ...owned(callAt(state, toolCallId)),
    metadata: {
      holdfast: {
        ...(isOfStep ? { stepId: toolName, callId: toolCallId, ...(stepPath && { stepPath }) } : { toolName }),
        input: input ?? null,
        ...(payload !== undefined && { payload }),
      },
    },
  };
}

/** What a tool says when it suspends is up to the tool; a message in it is one to show. */
function messageIn(payload: Json | undefined): string | undefined {
  const text = isObject(payload) ? payload["message"] : payload;
  return typeof text === "string" && text !== "" ? text : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The calls that the page is to execute, as clients of 1.0 are told them. */
function pendingOf(state: AgUiState): { readonly pendingToolCallIds?: readonly string[] } {
  const pending = state.calls.filter((call) => call.isOfPage === true && call.state === "called").map(({ toolCallId }) => toolCallId);
  return pending.length === 0 ? {} : { pendingToolCallIds: pending };
}

/** Every call of the server has a result before its run completes, also where the log has none. */
function answerAll(state: AgUiState): Encoded {
  const open = state.calls.filter((call) => call.state === "called" && call.isOfPage !== true);
  return inOrder(
    state,
    ...open.map(
      ({ toolCallId }) =>
        (next: AgUiState) =>
          endCall(next, toolCallId, "", MISSING),
    ),
  );
}

function finished({ runId }: AgUiEncoding, state: AgUiState, outcome: RunOutcome, metadata?: JsonObject): Encoded {
  const { threadId, result } = state;
  const isSuccess = outcome.type === "success";
  const event: AgUiEvent = {
    type: "RUN_FINISHED",
    threadId,
    runId,
    // A client refuses the whole run for a result that is null.
    ...(isSuccess && result !== undefined && result.value !== null && { result: result.value }),
    outcome,
    ...usageOf(state),
    ...(metadata !== undefined && { metadata }),
  };
  return [state, [event]];
}

function usageOf({ usage }: AgUiState): { readonly usage?: AgUiState["usage"] } {
  return usage.length === 0 ? {} : { usage };
}

/** The end of the tool that a sub-agent runs in is the end of the sub-agent. */
export function closeCalled(state: AgUiState, toolCallId: string, error: string | undefined): Encoded {
  const end: AgentEnd = error === undefined ? {} : { error };
  return closeAgent(state, toolCallId, () => end);
}
