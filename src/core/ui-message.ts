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
    case "denied":
      return { ...common, state: "output-denied" };
    case "input-streaming":
      return { ...common, state: "input-streaming" };
    default:
      return { ...common, state: "input-available" };
  }
}
