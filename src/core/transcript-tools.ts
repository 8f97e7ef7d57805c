import type { ContentEvent } from "./event.ts";
import type { ToolPart } from "./transcript.ts";
import type { AgentDraft, Writable } from "./transcript-fold.ts";

const TOOL_EVENTS = [
  "tool-input-start",
  "tool-input-delta",
  "tool-call",
  "tool-started",
  "tool-interrupted",
  "tool-result",
  "tool-error",
  "tool-denied",
] as const;

export type ToolEvent = Extract<ContentEvent, { type: (typeof TOOL_EVENTS)[number] }>;

const TYPES: ReadonlySet<string> = new Set(TOOL_EVENTS);

export function isToolEvent<Event extends { readonly type: string }>(event: Event): event is Extract<Event, { type: ToolEvent["type"] }> {
  return TYPES.has(event.type);
}

/** Folds what happens to a tool call into its part. */
export function growTool(draft: AgentDraft, event: ToolEvent): void {
  const known = ownTool(draft, event.toolCallId);
  if (event.type === "tool-input-delta") {
    if (known) known.inputText += event.text;
    return;
  }
  const part = known ?? addTool(draft, event.toolCallId, event.toolName);
  switch (event.type) {
    case "tool-input-start":
    case "tool-call": {
      const { type, ...fields } = event;
      Object.assign(part, fields, { state: type === "tool-call" ? "called" : "input-streaming" });
      return;
    }
    case "tool-started":
      part.state = "started";
      return;
    case "tool-interrupted":
      part.state = "interrupted";
      part.interrupt = event.request;
      delete part.answer;
      return;
    case "tool-result":
      part.state = "result";
      part.output = event.output;
      return;
    case "tool-error":
      part.state = "error";
      part.message = event.message;
      if (event.outcomeUnknown === true) part.outcomeUnknown = true;
      return;
    case "tool-denied":
      part.state = "denied";
      if (event.reason !== undefined) part.message = event.reason;
  }
}

/** The call with this id, of the agent or of a sub-agent. */
export function findTool(draft: AgentDraft, toolCallId: string): Writable<ToolPart> | undefined {
  const own = ownTool(draft, toolCallId);
  if (own) return own;
  for (const nested of draft.nested.values()) {
    const found = findTool(nested, toolCallId);
    if (found) return found;
  }
  return undefined;
}

function ownTool({ steps }: AgentDraft, toolCallId: string): Writable<ToolPart> | undefined {
  for (let index = steps.length - 1; index >= 0; index -= 1) {
    const part = steps[index]?.parts.find((candidate) => candidate.type === "tool" && candidate.toolCallId === toolCallId);
    if (part?.type === "tool") return part;
  }
  return undefined;
}

function addTool({ steps }: AgentDraft, toolCallId: string, toolName: string): Writable<ToolPart> {
  const part: Writable<ToolPart> = { type: "tool", toolCallId, toolName, inputText: "", state: "input-streaming" };
  steps[steps.length - 1]?.parts.push(part);
  return part;
}
