import fc from "fast-check";
import { expect, test } from "vitest";
import { coalesce } from "./coalesce.ts";
import type { RunEvent } from "./event.ts";

const delta = fc.record({
  type: fc.constantFrom("text-delta", "reasoning-delta"),
  id: fc.constantFrom("a", "b"),
  text: fc.string({ maxLength: 3 }),
}) as fc.Arbitrary<RunEvent>;
const toolDelta: fc.Arbitrary<RunEvent> = fc.record({
  type: fc.constant("tool-input-delta"),
  toolCallId: fc.constantFrom("c1", "c2"),
  text: fc.string({ maxLength: 3 }),
});
const nested: fc.Arbitrary<RunEvent> = delta.map((event) => ({ type: "nested", toolCallId: "c1", event }) as RunEvent);
const other: fc.Arbitrary<RunEvent> = fc.constantFrom<RunEvent>(
  { type: "text-start", id: "a" },
  { type: "text-end", id: "a" },
  { type: "object", object: 1, isFinal: false },
);

/** What every reader is left with: each delta one character at a time, partial objects only where the next event is not one. */
function unrolled(events: readonly RunEvent[]): string[] {
  const texts: string[] = [];
  events.forEach((event, index) => {
    const inner = event.type === "nested" ? event.event : event;
    if (event.type === "object" && events[index + 1]?.type === "object") return;
    if ("text" in inner)
      for (const character of inner.text)
        texts.push(JSON.stringify({ ...event, ...(event.type === "nested" ? { event: { ...inner, text: character } } : { text: character }) }));
    else texts.push(JSON.stringify(event));
  });
  return texts;
}

test("coalesced events say the same, in the same order, in fewer entries", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(delta, toolDelta, nested, other), { maxLength: 30 }), (events) => {
      const joined = coalesce(events);
      expect(unrolled(joined)).toEqual(unrolled(events));
      expect(joined.length).toBeLessThanOrEqual(events.length);
      expect(coalesce(joined)).toEqual(joined);
    }),
  );
});

test("deltas of one part that stand side by side become one event", () => {
  const events: RunEvent[] = ["a", "b", "c"].map((text) => ({ type: "text-delta", id: "t", text }));
  expect(coalesce(events)).toEqual([{ type: "text-delta", id: "t", text: "abc" }]);
});
