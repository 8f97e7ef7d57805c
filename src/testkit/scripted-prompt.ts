/** A message of a prompt as a language model of specification v2, v3 or v4 gets it. */
export interface PromptMessage {
  readonly role: string;
  readonly content: unknown;
}

/** A part of a prompt message; which fields it has depends on its type. */
export interface PromptPart {
  readonly [field: string]: unknown;
  readonly type: string;
}

export function partsOf(prompt: readonly PromptMessage[], type?: string): readonly PromptPart[] {
  return prompt
    .flatMap((message) => (Array.isArray(message.content) ? (message.content as readonly PromptPart[]) : []))
    .filter((candidate) => type === undefined || candidate.type === type);
}

/** Names of the tools whose results the prompt shows, in order. */
export function toolResultsIn(prompt: readonly PromptMessage[]): readonly string[] {
  return partsOf(prompt, "tool-result").map((result) => String(result["toolName"]));
}

/** Names of the tools that the prompt shows as called, in order. */
export function toolCallsIn(prompt: readonly PromptMessage[]): readonly string[] {
  return partsOf(prompt, "tool-call").map((toolCall) => String(toolCall["toolName"]));
}

/** The text of the last user message. */
export function lastUserText(prompt: readonly PromptMessage[]): string {
  const message = prompt.findLast((candidate) => candidate.role === "user");
  return message === undefined
    ? ""
    : partsOf([message], "text")
        .map((text) => String(text["text"]))
        .join("");
}
