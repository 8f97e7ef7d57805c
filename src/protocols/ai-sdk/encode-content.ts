import type { ContentEvent, NestedEvent } from "../../core/event.ts";
import type { Json } from "../../core/json.ts";
import { innermost } from "../../core/ledger.ts";
import type { AiSdkVersion, UiMessageChunk } from "./chunk.ts";
import { nestedData } from "./nested.ts";
import { NO_CHUNKS, toolFields, type AiSdkState, type Encoded, type OpenTool } from "./state.ts";

/** Encodes what an agent says and does. What has no beginning in the log is left out: an orphan ends the stream for a client. */
export function encodeContent(version: AiSdkVersion, state: AiSdkState, event: ContentEvent | NestedEvent): Encoded {
  switch (event.type) {
    case "text-start":
    case "text-delta":
    case "text-end":
    case "reasoning-start":
    case "reasoning-delta":
    case "reasoning-end":
      return encodeText(state, event);
    case "tool-input-start":
    case "tool-input-delta":
    case "tool-call":
      return encodeToolInput(state, event);
    case "tool-result":
    case "tool-error":
    case "tool-denied":
      return encodeToolOutcome(version, state, event);
    case "source":
      return [state, [sourceChunk(event)]];
    case "file":
      return [state, [{ type: "file", url: event.url ?? `data:${event.mediaType};base64,${event.base64 ?? ""}`, mediaType: event.mediaType }]];
    case "data":
      return [state, [dataChunk(event)]];
    case "object":
      return [state, [{ type: "data-object", id: "object", data: event.object ?? null }]];
    case "tripwire":
      return [state, [{ type: "data-tripwire", data: { reason: event.reason } }]];
    case "tool-progress":
      return [state, [transient("tool-progress", { toolCallId: event.toolCallId, data: event.data })]];
    case "nested":
      return encodeNested(version, state, event);
    case "workflow-step-started": {
      // Where something inside it was answered, its call stood for that of a tool.
      const { callId, stepId } = event;
      return [withoutTool(state, callId), [workflowPart(callId, { stepId, status: "running" })]];
    }
    case "workflow-step-finished": {
      const { callId, stepId, status, message } = event;
      return [state, [workflowPart(callId, { stepId, status, ...(message !== undefined && { message }) })]];
    }
    case "custom":
    case "raw":
    case "tool-started":
    case "tool-interrupted":
      return [state, NO_CHUNKS];
  }
}

/** A sub-agent's call that was asked about is shown as a call of the message, so its outcome is, too. */
function encodeNested(version: AiSdkVersion, state: AiSdkState, event: NestedEvent): Encoded {
  const data = nestedData(event);
  const shown = data === undefined ? NO_CHUNKS : [transient("nested", data)];
  const { inner } = innermost(event);
  if (inner.type !== "tool-result" && inner.type !== "tool-error" && inner.type !== "tool-denied") return [state, shown];
  if (!state.openTools.some(({ toolCallId }) => toolCallId === inner.toolCallId)) return [state, shown];
  const [next, outcome] = encodeToolOutcome(version, state, inner);
  return [next, [...shown, ...outcome]];
}

type TextEvent = Extract<ContentEvent, { id: string; type: `text-${string}` | `reasoning-${string}` }>;

function encodeText(state: AiSdkState, event: TextEvent): Encoded {
  const { id } = event;
  const kind = event.type.startsWith("text") ? "text" : "reasoning";
  const isOpen = state.openTexts.some((text) => text.id === id && text.kind === kind);
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
      return [state, isOpen ? [{ type: event.type, id, delta: event.text }] : NO_CHUNKS];
    case "text-start":
    case "reasoning-start":
      return isOpen ? [state, NO_CHUNKS] : [{ ...state, openTexts: [...state.openTexts, { kind, id }] }, [{ type: event.type, id }]];
    case "text-end":
    case "reasoning-end":
      if (!isOpen) return [state, NO_CHUNKS];
      return [{ ...state, openTexts: state.openTexts.filter((text) => text.id !== id || text.kind !== kind) }, [{ type: event.type, id }]];
  }
}

type ToolInputEvent = Extract<ContentEvent, { type: "tool-input-start" | "tool-input-delta" | "tool-call" }>;

function encodeToolInput(state: AiSdkState, event: ToolInputEvent): Encoded {
  const open = state.openTools.find((tool) => tool.toolCallId === event.toolCallId);
  if (event.type === "tool-input-delta") {
    if (open?.isStreaming !== true) return [state, NO_CHUNKS];
    return [state, [{ type: "tool-input-delta", toolCallId: event.toolCallId, inputTextDelta: event.text }]];
  }
  const { toolName } = event;
  if (event.type === "tool-input-start") {
    if (open !== undefined) return [state, NO_CHUNKS];
    return [
      withTool(state, { ...toolFields(event), toolName, isStreaming: true, stepCount: state.stepCount }),
      [{ type: event.type, ...toolFields(event), toolName }],
    ];
  }
  if (open?.isStreaming === false) return [state, NO_CHUNKS];
  // The kind of part that a call began with, static or dynamic, is the kind it must go on with.
  const tool: OpenTool = { ...toolFields(open ?? event), toolName, isStreaming: false, stepCount: open?.stepCount ?? state.stepCount };
  const { invalid } = event;
  // A field without a value is no field in JSON, and clients refuse a call without input or output.
  const input = event.input ?? null;
  if (invalid === undefined) return [withTool(state, tool), [{ type: "tool-input-available", ...toolFields(tool), toolName, input }]];
  return [withoutTool(state, tool.toolCallId), [{ type: "tool-input-error", ...toolFields(tool), toolName, input, errorText: invalid }]];
}

type ToolOutcomeEvent = Extract<ContentEvent, { type: "tool-result" | "tool-error" | "tool-denied" }>;

function encodeToolOutcome(version: AiSdkVersion, state: AiSdkState, event: ToolOutcomeEvent): Encoded {
  const tool = state.openTools.find(({ toolCallId }) => toolCallId === event.toolCallId);
  if (tool === undefined) return [state, NO_CHUNKS];
  return [withoutTool(state, tool.toolCallId), [outcomeChunk(version, tool, event)]];
}

function outcomeChunk(version: AiSdkVersion, tool: OpenTool, event: ToolOutcomeEvent): UiMessageChunk {
  const fields = toolFields(tool);
  switch (event.type) {
    case "tool-result":
      return { type: "tool-output-available", ...fields, output: event.output ?? null };
    case "tool-error":
      return { type: "tool-output-error", ...fields, errorText: event.message };
    case "tool-denied":
      if (version === 5) return { type: "tool-output-error", ...fields, errorText: event.reason ?? "The call was declined." };
      return { type: "tool-output-denied", toolCallId: tool.toolCallId };
  }
}

function withTool(state: AiSdkState, tool: OpenTool): AiSdkState {
  return { ...state, openTools: [...state.openTools.filter(({ toolCallId }) => toolCallId !== tool.toolCallId), tool] };
}

function withoutTool(state: AiSdkState, closedId: string): AiSdkState {
  return { ...state, openTools: state.openTools.filter(({ toolCallId }) => toolCallId !== closedId) };
}

function sourceChunk(event: Extract<ContentEvent, { type: "source" }>): UiMessageChunk {
  const { id: sourceId, title } = event;
  if (event.sourceType === "url") return { type: "source-url", sourceId, url: event.url ?? "", ...(title !== undefined && { title }) };
  return {
    type: "source-document",
    sourceId,
    mediaType: event.mediaType ?? "application/octet-stream",
    title: title ?? "",
    ...(event.filename !== undefined && { filename: event.filename }),
  };
}

function dataChunk(event: Extract<ContentEvent, { type: "data" }>): UiMessageChunk {
  return {
    type: `data-${event.name}`,
    ...(event.id !== undefined && { id: event.id }),
    data: event.data ?? null,
    ...(event.transient === true && { transient: true }),
  };
}

/** The part of a workflow's step; the newest one under an id takes the place of those before it. */
function workflowPart(id: string, data: Json): UiMessageChunk {
  return { type: "data-workflow-step", id, data };
}

function transient(name: string, data: Json): UiMessageChunk {
  return { type: `data-${name}`, data, transient: true };
}
