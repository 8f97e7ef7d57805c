import type { ContentEvent } from "../../core/event.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { AgUiEvent } from "./event.ts";

export type OtherContent = Extract<ContentEvent, { type: "source" | "file" | "data" | "custom" | "object" | "tripwire" | "tool-progress" | "raw" }>;

const BACKGROUND_TASK = "background-task-";

/** What AG-UI has no event of its own for. Bytes of providers stay out; they are of no use to a page. */
export function encodeOther(event: OtherContent, tag: { readonly subagentRunId?: string }): readonly AgUiEvent[] {
  if (event.type === "raw") return rawEvents(event.chunkType, event.payload ?? null, tag);
  const name = event.type === "data" ? event.name : `holdfast.${event.type}`;
  return [{ type: "CUSTOM", name, value: withoutUndefined(valueOf(event)), ...tag }];
}

function valueOf(event: Exclude<OtherContent, { type: "raw" }>): JsonObject {
  switch (event.type) {
    case "source": {
      const { type: _type, providerMetadata: _ofProvider, ...fields } = event;
      return fields;
    }
    case "file": {
      const { mediaType, filename, isReasoning } = event;
      return { mediaType, url: event.url ?? `data:${mediaType};base64,${event.base64 ?? ""}`, filename, isReasoning };
    }
    case "data":
      return { id: event.id, data: event.data ?? null, transient: event.transient === true ? true : undefined };
    case "custom":
      return { kind: event.kind };
    case "object":
      return { object: event.object ?? null, isFinal: event.isFinal };
    case "tripwire":
      return { reason: event.reason, processorId: event.processorId };
    case "tool-progress":
      return { toolCallId: event.toolCallId, data: event.data ?? null };
  }
}

function rawEvents(chunkType: string, payload: Json, tag: { readonly subagentRunId?: string }): readonly AgUiEvent[] {
  const fields = typeof payload === "object" && payload !== null && !Array.isArray(payload) ? (payload as JsonObject) : undefined;
  const tasks = chunkType.startsWith(BACKGROUND_TASK) && fields !== undefined ? tasksOf(fields) : [];
  if (fields === undefined || tasks.length === 0) return [unknownEvent(chunkType, payload, tag)];
  const content: JsonObject = { ...fields, status: chunkType.slice(BACKGROUND_TASK.length) };
  return tasks.map((taskId) => ({ type: "ACTIVITY_SNAPSHOT", messageId: `task-${taskId}`, activityType: "background-task", content, replace: true, ...tag }));
}

/** What only its own type explains goes on the wire with it. */
function unknownEvent(type: string, payload: Json, tag: { readonly subagentRunId?: string }): AgUiEvent {
  if (type.startsWith("workflow-")) return { type: "CUSTOM", name: `mastra.${type}`, value: payload, ...tag };
  return { type: "RAW", event: { type, payload }, source: "mastra", ...tag };
}

function tasksOf({ taskId, taskIds }: JsonObject): readonly string[] {
  if (typeof taskId === "string") return [taskId];
  return Array.isArray(taskIds) ? taskIds.filter((id: Json | undefined) => typeof id === "string") : [];
}

function withoutUndefined(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}
