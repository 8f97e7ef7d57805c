import type { Entry } from "../core/entry.ts";
import type { RunEvent } from "../core/event.ts";
import { formatOffset } from "../core/offset.ts";

const MAX_TEXT = 120;

/** An entry as one line for people: offset, time of day, type, and what is worth seeing of the event. */
export function eventLine(entry: Entry): string {
  const offset = formatOffset(entry.offset)
    .replace(/^0+(?=\d)/, "")
    .padStart(6);
  return `${offset}  ${new Date(entry.at).toISOString().slice(11, 23)}  ${entry.event.type.padEnd(18)} ${summary(entry.event)}`.trimEnd();
}

function summary(event: RunEvent): string {
  switch (event.type) {
    case "run-started":
      return `agent ${event.agentId}, thread ${event.threadId}`;
    case "attempt-started":
      return event.resetTo === undefined ? `attempt ${event.attempt}` : `attempt ${event.attempt}, what followed offset ${event.resetTo} is superseded`;
    case "step-started":
    case "step-finished":
    case "model-finished":
      return `step ${event.step}`;
    case "text-delta":
    case "reasoning-delta":
    case "tool-input-delta":
      return shortened(event.text);
    case "tool-call":
      return `${event.toolName} ${shortened(event.input)}`;
    case "tool-result":
      return `${event.toolName} ${shortened(event.output)}`;
    case "tool-error":
      return `${event.toolName} ${event.outcomeUnknown === true ? "outcome unknown" : shortened(event.message)}`;
    case "tool-input-start":
    case "tool-started":
    case "tool-denied":
      return event.toolName;
    case "workflow-step-started":
      return event.callId;
    case "workflow-step-finished":
      return `${event.callId} ${event.status}`;
    case "nested":
      return `${event.event.type} ${summary(event.event)}`.trimEnd();
    case "run-failed":
      return `${event.error.code}: ${shortened(event.error.message)}`;
    case "run-suspended":
      return `${event.interrupts.length} open`;
    default:
      return "";
  }
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
