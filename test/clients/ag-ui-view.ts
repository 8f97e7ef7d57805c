import type { AgUiEvent, AgUiMessage } from "./ag-ui-client.ts";

/** What AG-UI's clients show, in a form in which two runs can be compared. */

/** A client of either generation, or a page of CopilotKit. */
export interface Showing {
  readonly messages: readonly AgUiMessage[];
  readonly state: unknown;
}

/** Ids that differ from run to run: those of the server, and those that a client makes up. */
const ID = /(?:run|msg|thr)_[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** A value with its ids numbered in the order in which they appear. */
export function numbered<Value>(value: Value): Value {
  const known = new Map<string, string>();
  const text = JSON.stringify(value).replaceAll(ID, (id) => {
    const number = known.get(id) ?? `#${known.size + 1}`;
    known.set(id, number);
    return number;
  });
  return JSON.parse(text) as Value;
}

/** Messages and state. */
export function shownBy({ messages, state }: Showing): Showing {
  return structuredClone({ messages: messages.map(withoutError), state });
}

/** Only a snapshot can tell the error of a call: the event of its result has no field for it, but a mark that both have. */
function withoutError(message: AgUiMessage): AgUiMessage {
  const isMarked = (message["metadata"] as { readonly holdfast?: { readonly error?: boolean } } | undefined)?.holdfast?.error === true;
  if (message.role !== "tool" || !isMarked) return message;
  const { error: _, ...shown } = message;
  return shown as AgUiMessage;
}

export function typesOf(events: readonly AgUiEvent[]): readonly string[] {
  return events.map(({ type }) => type);
}

/** The events of each run, which its start begins. */
export function eventsByRun(events: readonly AgUiEvent[]): readonly (readonly AgUiEvent[])[] {
  const starts = events.flatMap(({ type }, index) => (type === "RUN_STARTED" ? [index] : []));
  return starts.map((start, index) => events.slice(start, starts[index + 1]));
}

/** The text of the last answer. */
export function answerOf({ messages }: Showing): string {
  return String(messages.findLast(({ role, content }) => role === "assistant" && typeof content === "string" && content !== "")?.content ?? "");
}

/** Every tool that a client shows a call of, with its result where there is one. */
export function callsOf({ messages }: Showing): Readonly<Record<string, unknown>> {
  const calls = messages.flatMap(({ toolCalls = [] }) => toolCalls);
  const resultOf = (id: string): unknown => messages.find(({ role, toolCallId }) => role === "tool" && toolCallId === id)?.content;
  return Object.fromEntries(calls.map((call) => [call.function.name, resultOf(call.id)]));
}
