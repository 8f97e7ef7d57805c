import { describe, expect, test } from "vitest";
import type { StreamPart } from "./streaming-model.ts";
import { ToolCallIds } from "./tool-call-ids.ts";

const streamed = (id: string): StreamPart[] => [
  { type: "tool-input-start", id },
  { type: "tool-input-delta", id, delta: "{}" },
  { type: "tool-input-end", id },
  { type: "tool-call", toolCallId: id },
];

function idsIn(ids: ToolCallIds, parts: readonly StreamPart[]): readonly unknown[] {
  const rename = ids.ofAnswer();
  return parts.map((part) => rename(part)).map((part) => part["toolCallId"] ?? part["id"]);
}

describe("the ids of an agent's tool calls", () => {
  test("stay as they are while they are new, and other parts always", () => {
    const parts = [...streamed("a"), { type: "tool-result", toolCallId: "a" }, { type: "text-delta", id: "a" }, ...streamed("b")];
    const rename = new ToolCallIds().ofAnswer();
    for (const part of parts) expect(rename(part)).toBe(part);
  });

  test("change as one where an earlier answer used them", () => {
    const ids = new ToolCallIds();
    idsIn(ids, streamed("a"));
    expect(idsIn(ids, [...streamed("a"), { type: "tool-result", toolCallId: "a" }])).toEqual(["a_2", "a_2", "a_2", "a_2", "a_2"]);
    expect(idsIn(ids, [{ type: "tool-call", toolCallId: "a_2" }, ...streamed("a")])).toEqual(["a_2_2", "a_3", "a_3", "a_3", "a_3"]);
  });

  test("stay as they are in a result of an earlier answer's call", () => {
    const ids = new ToolCallIds();
    idsIn(ids, [...streamed("a"), ...streamed("b")]);
    expect(idsIn(ids, [{ type: "tool-result", toolCallId: "a" }, ...streamed("b"), { type: "tool-result", toolCallId: "b" }])).toEqual([
      "a",
      ...Array.from({ length: 5 }, () => "b_2"),
    ]);
  });

  test("change where an earlier turn of the thread used them", () => {
    const ids = new ToolCallIds();
    ids.use(["a", "a_2"]);
    expect(idsIn(ids, [...streamed("a"), ...streamed("b")])).toEqual([...Array.from({ length: 4 }, () => "a_3"), ...Array.from({ length: 4 }, () => "b")]);
  });

  test("stay as they are in an answer that the log holds, whatever was used before, and are used up behind it", () => {
    const ids = new ToolCallIds();
    ids.use(["a"]);
    const recorded = ids.ofRecorded();
    for (const part of [...streamed("a"), ...streamed("a_2"), { type: "text-delta", id: "a" }]) expect(recorded(part)).toBe(part);
    expect(idsIn(ids, streamed("a"))).toEqual(["a_3", "a_3", "a_3", "a_3"]);
  });

  test("change where two calls of one answer have the same", () => {
    const ids = new ToolCallIds();
    const calls = [...streamed(""), { type: "tool-result", toolCallId: "" }, { type: "tool-call", toolCallId: "" }, { type: "tool-result", toolCallId: "" }];
    expect(idsIn(ids, calls)).toEqual(["", "", "", "", "", "_2", "_2"]);
  });
});
