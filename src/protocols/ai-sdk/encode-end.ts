import type { TerminalEvent } from "../../core/event.ts";
import type { InterruptKind, InterruptRequest } from "../../core/interrupt.ts";
import type { AiSdkVersion, UiMessageChunk } from "./chunk.ts";
import { acceptedReason } from "./finish-reason.ts";
import { closeStep, closeStreaming, closeTexts, closeTools, inOrder, NO_CHUNKS, toolFields, type AiSdkState, type Encoded, type OpenTool } from "./state.ts";

const isAny = (): boolean => true;

/** Encodes the end of a run. Whatever the end, nothing stays open and `finish` is last: a client asks again until it has seen it. */
export function encodeEnd(version: AiSdkVersion, state: AiSdkState, event: TerminalEvent): Encoded {
  const ended: AiSdkState = { ...state, isEnded: true };
  switch (event.type) {
    case "run-completed": {
      const { finishReason } = event;
      // A finished call without an outcome stays open: a tool of the page answers it.
      const finish = send({ type: "finish", ...(finishReason !== undefined && { finishReason: acceptedReason(finishReason) }) });
      return inOrder(ended, closeTexts, closeStreaming, closeStep, finish);
    }
    case "run-failed":
      return inOrder(
        ended,
        closeTexts,
        (next) => closeTools(next, isAny, "The run failed before the call ended."),
        closeStep,
        send({ type: "error", errorText: event.error.message }, { type: "finish" }),
      );
    case "run-canceled":
      return inOrder(
        ended,
        closeTexts,
        (next) => closeTools(next, isAny, "The run was canceled before the call ended."),
        closeStep,
        send({ type: "abort" }, { type: "finish" }),
      );
    case "run-suspended":
      return inOrder(ended, (next) => pause(version, next, event.interrupts), send({ type: "finish", finishReason: "tool-calls" }));
  }
}

/**
 * Encodes the end of a run that another one goes on from: all of it but the `finish`. Its questions are closed by now: an approval was asked
 * for and is asked for no more, and a question that is a part of its own is left out.
 */
export function encodePause(version: AiSdkVersion, state: AiSdkState, event: TerminalEvent): Encoded {
  const interrupts = event.type === "run-suspended" ? event.interrupts.filter(({ kind }) => isAskedInCall(version, kind)) : [];
  const approvals = interrupts.filter(({ kind }) => kind === "tool-approval");
  return inOrder(state, (next) => pause(version, next, interrupts), ...approvals.map((interrupt) => (next: AiSdkState) => showInputAgain(next, interrupt)));
}

function pause(version: AiSdkVersion, state: AiSdkState, interrupts: readonly InterruptRequest[]): Encoded {
  const questions = interrupts.map((interrupt) => (next: AiSdkState) => ask(version, next, interrupt));
  return inOrder(state, closeTexts, ...questions, closeStreaming, closeStep);
}

/** Whether a question shows the call that it is about, and not a part of its own. Version 5 has no approvals. */
export function isAskedInCall(version: AiSdkVersion, kind: InterruptKind): boolean {
  return kind === "frontend-tool" || (kind === "tool-approval" && version !== 5);
}

function send(...chunks: readonly UiMessageChunk[]): (state: AiSdkState) => Encoded {
  return (state) => [state, chunks];
}

function ask(version: AiSdkVersion, state: AiSdkState, interrupt: InterruptRequest): Encoded {
  const { id, toolCallId, toolName, input } = interrupt;
  if (interrupt.kind === "workflow-suspend") {
    const { payload, resumeSchema, stepPath } = interrupt;
    const data = { interruptId: id, callId: toolCallId, stepId: toolName, stepPath, payload, resumeSchema };
    return [state, [{ type: "data-suspended", id, data }]];
  }
  if (interrupt.kind === "tool-suspend") {
    const { payload, resumeSchema } = interrupt;
    const question = send({ type: "data-suspended", id, data: { interruptId: id, toolCallId, toolName, payload, resumeSchema } });
    const isDecided = state.openTools.some((tool) => tool.toolCallId === toolCallId && tool.isDecided === true);
    return isDecided ? inOrder(state, (next) => showInputAgain(next, interrupt), question) : question(state);
  }
  // The page executes the call by itself.
  if (interrupt.kind === "frontend-tool") return showInput(state, interrupt);
  // Version 5 has no approvals; a page of it asks through this part and answers on the interrupt's own endpoint.
  if (version === 5) return [state, [{ type: "data-approval-request", id, data: { approvalId: id, toolCallId, toolName, input } }]];
  return inOrder(state, (next) => showInput(next, interrupt), send({ type: "tool-approval-request", approvalId: id, toolCallId }));
}

/** A question needs its call in the same stream. */
function showInput(state: AiSdkState, { toolCallId, toolName, input }: InterruptRequest): Encoded {
  const open = state.openTools.find((tool) => tool.toolCallId === toolCallId);
  if (open?.isStreaming === false) return [state, NO_CHUNKS];
  const tool: OpenTool = { ...toolFields(open ?? { toolCallId }), toolName, isStreaming: false, stepCount: open?.stepCount ?? state.stepCount };
  const openTools = [...state.openTools.filter((other) => other !== open), tool];
  return [{ ...state, openTools }, [{ type: "tool-input-available", ...toolFields(tool), toolName, input }]];
}

/** Takes a call back to before it was asked about: one that a client shows as decided is sent to the server again and again. */
function showInputAgain(state: AiSdkState, { toolCallId, toolName, input }: InterruptRequest): Encoded {
  const fields = toolFields(state.openTools.find((tool) => tool.toolCallId === toolCallId) ?? { toolCallId });
  return [state, [{ type: "tool-input-available", ...fields, toolName, input }]];
}
