import type { JsonObject } from "./json.ts";
import type { NestedTranscript, ToolPart, Transcript, TranscriptPart } from "./transcript.ts";

/** The answer of a run as a UI message `{ id, role, parts }`, the shape in which messages come from clients and go to pages. */
export function answerMessage(messageId: string, transcript: Transcript): JsonObject {
  const parts = transcript.steps.flatMap((step) => [{ type: "step-start" }, ...step.parts.flatMap(partsOf)]);
  return { id: messageId, role: "assistant", parts };
}

/** A call of a sub-agent that the message shows, since it was asked about; `step` counts the steps of the message, from 0. */
export interface SubAgentCall {
  readonly step: number;
  readonly part: JsonObject;
}

/** The calls of sub-agents that were asked about, in the order in which the message shows them. */
export function subAgentCalls({ steps, nested }: Pick<Transcript, "steps" | "nested">): readonly SubAgentCall[] {
  return steps.flatMap(({ parts }, step) =>
    parts.flatMap((part) => (part.type === "tool" ? askedIn(nested.get(part.toolCallId)).map((asked) => ({ step, part: toolPart(asked) })) : [])),
  );
}

function askedIn(agent: NestedTranscript | undefined): readonly ToolPart[] {
  const tools = agent?.steps.flatMap(({ parts }) => parts.filter((part): part is ToolPart => part.type === "tool")) ?? [];
  // What a suspended tool asks for is a part of its own, and its call none.
  return tools.flatMap((tool) => [
    ...(tool.interrupt !== undefined && tool.interrupt.kind !== "tool-suspend" ? [tool] : []),
    ...askedIn(agent?.nested.get(tool.toolCallId)),
  ]);
}

/** A message with calls of sub-agents at the ends of their steps. */
export function withSubAgentCalls(message: JsonObject, calls: readonly SubAgentCall[]): JsonObject {
  if (calls.length === 0) return message;
  const shown: JsonObject[] = [];
  let step = -1;
  const endStep = (): void => void shown.push(...calls.filter((call) => call.step === step).map(({ part }) => part));
  for (const part of (message["parts"] ?? []) as readonly JsonObject[]) {
    if (part["type"] === "step-start") {
      endStep();
      step += 1;
    }
    shown.push(part);
  }
  endStep();
  return { ...message, parts: shown };
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
