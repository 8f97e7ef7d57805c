import type { Interrupt } from "./interrupt.ts";
import type { JsonObject } from "./json.ts";
import type { ToolPart, Transcript, TranscriptPart } from "./transcript.ts";

/** The answer of a run as a UI message `{ id, role, parts }`, the shape in which messages come from clients and go to pages. */
export function answerMessage(messageId: string, transcript: Transcript): JsonObject {
  const parts = transcript.steps.flatMap((step) => [{ type: "step-start" }, ...step.parts.flatMap(partsOf)]);
  return { id: messageId, role: "assistant", parts };
}

function partsOf(part: TranscriptPart): readonly JsonObject[] {
  switch (part.type) {
    case "text":
    case "reasoning":
      return [{ type: part.type, text: part.text, state: "done", ...(part.providerMetadata && { providerMetadata: part.providerMetadata }) }];
    case "tool":
      return [toolPart(part)];
    case "source":
      return [
        part.sourceType === "url"
          ? { type: "source-url", sourceId: part.id, url: part.url ?? "", title: part.title }
          : {
              type: "source-document",
              sourceId: part.id,
              mediaType: part.mediaType ?? "application/octet-stream",
              title: part.title ?? "",
              filename: part.filename,
            },
      ];
    case "file":
      return [{ type: "file", mediaType: part.mediaType, url: part.url ?? `data:${part.mediaType};base64,${part.base64 ?? ""}` }];
    case "data":
      return [{ type: `data-${part.name}`, id: part.id, data: part.data }];
    case "tripwire":
      return [{ type: "data-tripwire", data: { reason: part.reason } }];
    case "object":
      return [{ type: "data-object", id: "object", data: part.object }];
    case "custom":
      return [];
  }
}

function toolPart(part: ToolPart): JsonObject {
  const common = { type: `tool-${part.toolName}`, toolCallId: part.toolCallId, input: part.input, providerExecuted: part.providerExecuted };
  switch (part.state) {
    case "result":
      return { ...common, state: "output-available", output: part.output };
    case "error":
      return { ...common, state: "output-error", errorText: part.message };
    case "denied": {
      const approval = { id: part.interrupt?.id ?? part.toolCallId, approved: false, reason: part.message };
      return { ...common, state: "output-denied", approval };
    }
    case "input-streaming":
      return { ...common, state: "input-streaming" };
    default:
      return { ...common, state: "input-available" };
  }
}

/**
 * A message with what its run asks: the calls that need an approval say so, what a tool asked for is a part of its own, and a call whose
 * question was not answered in time has failed.
 */
export function withQuestions(message: JsonObject, unanswered: readonly Interrupt[]): JsonObject {
  if (unanswered.length === 0) return message;
  const parts = (message["parts"] ?? []) as readonly JsonObject[];
  const byCall = new Map(unanswered.map((interrupt) => [interrupt.toolCallId, interrupt]));
  const shown = parts.map((part) => {
    const interrupt = byCall.get(part["toolCallId"] as string);
    return interrupt === undefined ? part : { ...part, ...questionFields(interrupt) };
  });
  const known = new Set(parts.map((part) => part["toolCallId"]));
  // A sub-agent's call is no part of the message until it asks.
  const nested = unanswered
    .filter(({ kind, toolCallId }) => kind === "tool-approval" && !known.has(toolCallId))
    .map((interrupt) => ({ type: `tool-${interrupt.toolName}`, toolCallId: interrupt.toolCallId, input: interrupt.input, ...questionFields(interrupt) }));
  const suspended = unanswered.flatMap((interrupt) => (interrupt.kind === "tool-suspend" && interrupt.status === "pending" ? [suspendedPart(interrupt)] : []));
  return { ...message, parts: [...shown, ...nested, ...suspended] };
}

function questionFields({ id, kind, status }: Interrupt): JsonObject {
  if (status === "expired") return { state: "output-error", errorText: "The question about this call was not answered in time." };
  return kind === "tool-approval" ? { state: "approval-requested", approval: { id } } : {};
}

function suspendedPart({ id, toolCallId, toolName, payload, resumeSchema }: Interrupt): JsonObject {
  return { type: "data-suspended", id, data: { interruptId: id, toolCallId, toolName, payload, resumeSchema } };
}
