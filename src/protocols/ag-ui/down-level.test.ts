import { describe, expect, it } from "vitest";
import { downLevel } from "./down-level.ts";
import type { AgUiEvent } from "./event.ts";

const FILE = { type: "image", source: { type: "file", value: "file-1" } };
const PICTURE = { type: "image", source: { type: "url", value: "https://a.example/b.png" } };

describe("an event for clients before 1.0", () => {
  it("names no pending calls", () => {
    const event: AgUiEvent = { type: "RUN_FINISHED", threadId: "t", runId: "r", outcome: { type: "success", pendingToolCallIds: ["c1"] }, result: 1 };
    expect(downLevel(event)).toStrictEqual([{ type: "RUN_FINISHED", threadId: "t", runId: "r", outcome: { type: "success" }, result: 1 }]);
  });

  it("says by an error that a run was canceled, and keeps the usage", () => {
    const event: AgUiEvent = { type: "RUN_FINISHED", threadId: "t", runId: "r", outcome: { type: "cancelled" }, usage: [{ inputTokens: 1 }] };
    expect(downLevel(event)).toStrictEqual([
      { type: "CUSTOM", name: "holdfast.canceled", value: {} },
      { type: "RUN_ERROR", message: "The run was canceled.", code: "abort", usage: [{ inputTokens: 1 }] },
    ]);
  });

  it("holds the text of a result in parts", () => {
    const content = [{ type: "text", text: "High " }, PICTURE, { type: "text", text: "water" }];
    const event: AgUiEvent = { type: "TOOL_CALL_RESULT", messageId: "m", toolCallId: "c", role: "tool", content };
    expect(downLevel(event)).toStrictEqual([{ ...event, content: "High water" }]);
    expect(downLevel({ ...event, content: [PICTURE] })).toStrictEqual([{ ...event, content: "" }]);
  });

  it("holds no parts in the tool messages of a snapshot, and no files of a provider", () => {
    const event: AgUiEvent = {
      type: "MESSAGES_SNAPSHOT",
      messages: [
        { id: "u", role: "user", content: [{ type: "text", text: "See" }, FILE, PICTURE] },
        { id: "t", role: "tool", toolCallId: "c", content: [{ type: "text", text: "ok" }] },
        { id: "a", role: "assistant", content: "Yes" },
      ],
    };
    expect(downLevel(event)).toStrictEqual([
      {
        type: "MESSAGES_SNAPSHOT",
        messages: [
          { id: "u", role: "user", content: [{ type: "text", text: "See" }, PICTURE] },
          { id: "t", role: "tool", toolCallId: "c", content: "ok" },
          { id: "a", role: "assistant", content: "Yes" },
        ],
      },
    ]);
  });

  it("is the same where it says nothing that they refuse", () => {
    const interrupts = [{ id: "i", reason: "tool_call", expiresAt: "1970-01-01T00:00:00.000Z", metadata: {} }];
    const event: AgUiEvent = { type: "RUN_FINISHED", threadId: "t", runId: "r", outcome: { type: "interrupt", interrupts } };
    expect(downLevel(event)[0]).toBe(event);
  });
});
