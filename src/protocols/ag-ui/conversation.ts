import type { ContentPart, Message, Tool } from "@ag-ui/core";
import type { JsonObject } from "../../core/json.ts";
import type { PageTool } from "../../core/run.ts";
import type { AgUiRequest } from "./decode.ts";
import { fileOf } from "./message-file.ts";

type AssistantMessage = Extract<Message, { role: "assistant" }>;
type ToolMessage = Extract<Message, { role: "tool" }>;
export type UserMessage = Extract<Message, { role: "user" }>;

/** What CopilotKit puts into the place of a result that is yet to come. */
const NO_RESULT = "Forwarded to client";

/** What tools of the page gave, by the id of the call; the newest message about a call counts. */
export function toolMessages(messages: readonly Message[]): ReadonlyMap<string, ToolMessage> {
  return new Map(
    messages.flatMap((message): [string, ToolMessage][] => (message.role === "tool" && message.content !== NO_RESULT ? [[message.toolCallId, message]] : [])),
  );
}

/** How many of the messages stand before those that nothing was said behind yet: up to the last one of the assistant. */
export function answered(messages: readonly Message[]): number {
  return messages.findLastIndex(({ role }) => role === "assistant") + 1;
}

/** The messages of the user that nothing has answered. */
export function newQuestions(messages: readonly Message[]): readonly UserMessage[] {
  return messages.slice(answered(messages)).filter((message) => message.role === "user");
}

/** The whole conversation as UI messages, for an agent that has no memory of its own. */
export function conversation(messages: readonly Message[]): readonly JsonObject[] {
  const results = toolMessages(messages);
  return messages.flatMap((message): readonly JsonObject[] => {
    // What sub-agents said is part of a tool call.
    if (message.subagentRunId !== undefined) return [];
    if (message.role === "user") return [userMessage(message)];
    return message.role === "assistant" ? assistantMessage(message, results) : [];
  });
}

/** A message of the user with its text and its files; a part that no model could read is skipped. */
export function userMessage({ id, content }: UserMessage): JsonObject {
  const parts = typeof content === "string" ? [{ type: "text", text: content }] : content.flatMap(userPart);
  return { id, role: "user", parts: parts.length > 0 ? parts : [{ type: "text", text: "" }] };
}

function userPart(part: ContentPart): readonly JsonObject[] {
  return part.type === "text" ? [{ type: "text", text: part.text }] : fileOf(part);
}

function assistantMessage({ id, content, toolCalls = [] }: AssistantMessage, results: ReadonlyMap<string, ToolMessage>): readonly JsonObject[] {
  const calls = toolCalls.flatMap((call): readonly JsonObject[] => {
    const result = results.get(call.id);
    // A call without an outcome makes a model refuse the conversation.
    if (result === undefined) return [];
    const common = { type: "dynamic-tool", toolName: call.function.name, toolCallId: call.id, input: argumentsOf(call.function.arguments) };
    return [
      result.error === undefined
        ? { ...common, state: "output-available", output: textOf(result.content) }
        : { ...common, state: "output-error", errorText: result.error },
    ];
  });
  const parts = [...(content !== undefined && content !== "" ? [{ type: "text", text: content }] : []), ...calls];
  return parts.length === 0 ? [] : [{ id, role: "assistant", parts }];
}

function argumentsOf(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}

/** The text of a tool's result; parts that are no text are left out. */
export function textOf(content: ToolMessage["content"]): string {
  return typeof content === "string" ? content : content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
}

/** What the model is told beside the conversation: system messages of the client, and the items of its context. */
export function notesOf({ messages, context }: Pick<AgUiRequest, "messages" | "context">): readonly string[] {
  const instructions = messages.flatMap((message) => (message.role === "system" || message.role === "developer" ? [message.content] : []));
  return [...instructions, ...context.map(({ description, value }) => `${description}:\n${value}`)].filter((note) => note !== "");
}

/** The tools of the request's page; of those of one name, the last. */
export function pageToolsOf(tools: readonly Tool[]): readonly PageTool[] {
  return [...new Map(tools.map((tool) => [tool.name, tool])).values()].map(({ name, description, parameters }) => ({
    name,
    description,
    ...(typeof parameters === "object" && parameters !== null && { parameters: parameters as JsonObject }),
  }));
}
