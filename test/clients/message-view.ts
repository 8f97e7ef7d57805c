import { RESEARCH_REASONING, RESEARCH_TEXT } from "./server/script.ts";
import type { ChatMessage, MessagePart } from "./chat-client.ts";

/** The parts of a message, without the fields that are undefined. */
export function partsOf(message: ChatMessage | undefined): readonly MessagePart[] {
  return JSON.parse(JSON.stringify(message?.parts ?? [])) as readonly MessagePart[];
}

/**
 * What a user sees of a message: where the steps begin and what the memory notes about a part is not shown, nor how it was approved what has
 * an outcome.
 */
export function shownOf(message: ChatMessage | undefined): readonly object[] {
  return partsOf(message)
    .filter((part) => part.type !== "step-start")
    .map(({ type, text, approval, ...part }) => {
      if (type === "text" || type === "reasoning") return { type, text };
      return { type, ...part, ...(part["state"] === "approval-requested" && { approval }) };
    });
}

/** The calls of a message: the state of each, by the name of its tool. */
export function callsIn(message: ChatMessage | undefined): Readonly<Record<string, unknown>> {
  const calls = partsOf(message).filter(({ type }) => type.startsWith("tool-"));
  return Object.fromEntries(calls.map((call) => [call.type.slice("tool-".length), call["state"]]));
}

export function textOf(message: ChatMessage | undefined): string {
  return partsOf(message)
    .filter((part) => part.type === "text")
    .map((part) => String(part["text"]))
    .join("");
}

export function answersIn(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return messages.filter((message) => message.role === "assistant");
}

export const RESEARCH_STEP: readonly MessagePart[] = [
  { type: "step-start" },
  { type: "reasoning", id: "0.r", text: RESEARCH_REASONING, state: "done" },
  { type: "tool-weather", toolCallId: "call-weather", state: "output-available", input: { city: "Oslo" }, output: { city: "Oslo", degrees: 4, sky: "rain" } },
  {
    type: "tool-distance",
    toolCallId: "call-distance",
    state: "output-available",
    input: { from: "Oslo", to: "Rome" },
    output: { from: "Oslo", to: "Rome", kilometres: 2000 },
  },
];

/** The answer with reasoning, two tools and two steps, as an uncut client has it in the end. */
export const RESEARCH_PARTS: readonly MessagePart[] = [...RESEARCH_STEP, { type: "step-start" }, { type: "text", text: RESEARCH_TEXT, state: "done" }];
