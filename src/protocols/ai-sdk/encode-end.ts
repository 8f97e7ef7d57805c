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
 * Encodes the end of a run that another one goes on from: all of it but the `finish`. What was asked about a call is a state of the call on
 * the way to its outcome; a question that is a part of its own is closed by now, and would go on asking.
 */
export function encodePause(version: AiSdkVersion, state: AiSdkState, event: TerminalEvent): Encoded {
  const interrupts = event.type === "run-suspended" ? event.interrupts : [];
  return pause(
    version,
    state,
    interrupts.filter(({ kind }) => isAskedInCall(version, kind)),
  );
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
  if (interrupt.kind === "tool-suspend") {
    const { payload, resumeSchema } = interrupt;
    return [state, [{ type: "data-suspended", id, data: { interruptId: id, toolCallId, toolName, payload, resumeSchema } }]];
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
