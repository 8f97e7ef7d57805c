import type { RunEvent } from "./event.ts";

/**
 * Joins deltas of one part that stand side by side into one event, and lets a newer partial object replace the one before it.
 * What a reader ends up with is unchanged; the log and the wire get fewer, larger entries.
 */
export function coalesce(events: readonly RunEvent[]): readonly RunEvent[] {
  if (events.length < 2) return events;
  const joined: RunEvent[] = [];
  let pieces: string[] = [];
  const closeRun = (): void => {
    if (pieces.length > 1) joined[joined.length - 1] = withText(joined[joined.length - 1] as Delta, pieces.join(""));
    pieces = [];
  };
  for (const event of events) {
    const last = joined[joined.length - 1];
    if (last !== undefined && continues(last, event)) {
      pieces.push(textOf(event as Delta));
      continue;
    }
    closeRun();
    if (last?.type === "object" && !last.isFinal && event.type === "object") joined[joined.length - 1] = event;
    else joined.push(event);
    if (isDelta(event)) pieces.push(textOf(event));
  }
  closeRun();
  return joined;
}

type PlainDelta = Extract<RunEvent, { type: "text-delta" | "reasoning-delta" | "tool-input-delta" }>;
type Delta = PlainDelta | Extract<RunEvent, { type: "nested" }>;

function isPlainDelta(event: RunEvent): event is PlainDelta {
  return event.type === "text-delta" || event.type === "reasoning-delta" || event.type === "tool-input-delta";
}

function isDelta(event: RunEvent): event is Delta {
  return isPlainDelta(event) || (event.type === "nested" && isDelta(event.event));
}

function continues(last: RunEvent, next: RunEvent): boolean {
  if (last.type === "nested") return next.type === "nested" && last.toolCallId === next.toolCallId && continues(last.event, next.event);
  if (last.type === "tool-input-delta") return next.type === "tool-input-delta" && last.toolCallId === next.toolCallId;
  if (last.type === "text-delta" || last.type === "reasoning-delta") return next.type === last.type && last.id === next.id;
  return false;
}

function textOf(event: Delta): string {
  return event.type === "nested" ? textOf(event.event as Delta) : event.text;
}

function withText(event: Delta, text: string): RunEvent {
  return event.type === "nested" ? ({ ...event, event: withText(event.event as Delta, text) } as RunEvent) : { ...event, text };
}
