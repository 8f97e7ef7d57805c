import { describe, expect, it } from "vitest";
import type { AgUiChunk, AgUiMessage } from "./event.ts";
import { preludeOf, snapshotOf } from "./prelude.ts";
import { applyChunk, emptyReplica, type Replica } from "./replica.ts";

const HISTORY: readonly AgUiMessage[] = [{ id: "u1", role: "user", content: "Tides?" }];

function after(...chunks: readonly AgUiChunk[]): Replica {
  return chunks.reduce(applyChunk, emptyReplica(undefined));
}

const CALL: readonly AgUiChunk[] = [
  { type: "TOOL_CALL_START", toolCallId: "c1", toolCallName: "tides", parentMessageId: "m" },
  { type: "TOOL_CALL_ARGS", toolCallId: "c1", delta: '{"po' },
];
const FAILURE: AgUiChunk = {
  type: "TOOL_CALL_RESULT",
  messageId: "r",
  toolCallId: "c1",
  content: "Dry.",
  role: "tool",
  metadata: { holdfast: { error: true } },
};

function reasoned(messageId: string, delta: string): readonly AgUiChunk[] {
  return [
    { type: "REASONING_MESSAGE_START", messageId, role: "reasoning" },
    { type: "REASONING_MESSAGE_CONTENT", messageId, delta },
    { type: "REASONING_MESSAGE_END", messageId },
  ];
}

describe("a prelude", () => {
  it("tells the run, its messages and its state, then opens again what is open, whoever it belongs to first", () => {
    const replica = after(
      { type: "RUN_STARTED", threadId: "t", runId: "r" },
      { type: "STEP_STARTED", stepName: "step-1" },
      ...CALL,
      { type: "TEXT_MESSAGE_START", messageId: "m:1", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "m:1", delta: "Hi" },
      { type: "REASONING_START", messageId: "m:r0" },
      { type: "REASONING_MESSAGE_START", messageId: "m:r0", role: "reasoning" },
      { type: "SUBAGENT_STARTED", subagentRunId: "c0", name: "pilot", parentToolCallId: "c0" },
      { type: "STATE_SNAPSHOT", snapshot: { a: 1 } },
    );
    expect(preludeOf({ runId: "r", threadId: "t", generation: "1.0", history: HISTORY, replica })).toStrictEqual([
      { type: "RUN_STARTED", threadId: "t", runId: "r", protocolVersion: "1.0" },
      {
        type: "MESSAGES_SNAPSHOT",
        messages: [
          ...HISTORY,
          { id: "m", role: "assistant", toolCalls: [{ id: "c1", type: "function", function: { name: "tides", arguments: '{"po' } }] },
          { id: "m:1", role: "assistant", content: "Hi" },
          { id: "m:r0", role: "reasoning", content: "" },
        ],
      },
      { type: "STATE_SNAPSHOT", snapshot: { a: 1 } },
      { type: "SUBAGENT_STARTED", subagentRunId: "c0", name: "pilot", parentToolCallId: "c0" },
      { type: "STEP_STARTED", stepName: "step-1" },
      { type: "REASONING_START", messageId: "m:r0" },
      { type: "REASONING_MESSAGE_START", messageId: "m:r0", role: "reasoning" },
      { type: "TEXT_MESSAGE_START", messageId: "m:1", role: "assistant" },
      { type: "TOOL_CALL_START", toolCallId: "c1", toolCallName: "tides", parentMessageId: "m" },
    ]);
  });

  it("opens nothing of a run that has ended", () => {
    const replica = after(...CALL, { type: "RUN_ERROR", message: "No." });
    expect(preludeOf({ runId: "r", threadId: "t", generation: "1.0", history: [], replica })).toHaveLength(3);
  });
});

describe("a snapshot", () => {
  it("tells failures as errors, and the replica does so once it is told again", () => {
    const replica = after(...CALL, FAILURE);
    expect(replica.messages.at(-1)).not.toHaveProperty("error");
    expect(snapshotOf({ generation: "1.0", history: [], replica })).toMatchObject({ messages: [{}, { id: "r", error: "Dry." }] });
    expect(applyChunk(replica, { type: "RESTATE", removed: [] }).messages.at(-1)).toMatchObject({ id: "r", error: "Dry." });
  });

  it("takes no activities of other runs away from a client", () => {
    const replica = after({ type: "ACTIVITY_SNAPSHOT", messageId: "task-1", activityType: "background-task", content: {} });
    expect(snapshotOf({ generation: "1.0", history: [], replica })).toMatchObject({ metadata: { "@ag-ui/client": { authoritativeActivityTypes: [] } } });
    expect(snapshotOf({ generation: "1.0", history: [], replica: after() })).not.toHaveProperty("metadata");
  });

  it("tells a message of the run once, as the run has it", () => {
    const replica = after({ type: "TEXT_MESSAGE_START", messageId: "m", role: "assistant" });
    const stored: AgUiMessage = { id: "m", role: "assistant", content: "Old" };
    expect(snapshotOf({ generation: "1.0", history: [...HISTORY, stored], replica })).toStrictEqual({
      type: "MESSAGES_SNAPSHOT",
      messages: [...HISTORY, { id: "m", role: "assistant", content: "" }],
    });
  });
});

describe("what is superseded", () => {
  it("is taken out", () => {
    const replica = after(...reasoned("r0", "Hm"), ...CALL, FAILURE, { type: "RESTATE", removed: ["m", "r"] });
    expect(replica.messages).toStrictEqual([{ id: "r0", role: "reasoning", content: "Hm" }]);
  });

  it("is emptied where it is the last reasoning, which clients keep when a snapshot has none", () => {
    expect(after(...reasoned("r0", "Hm"), { type: "RESTATE", removed: ["r0"] }).messages).toStrictEqual([{ id: "r0", role: "reasoning", content: "" }]);
    expect(after(...reasoned("r0", "Hm"), ...reasoned("r1", "So"), { type: "RESTATE", removed: ["r1"] }).messages).toMatchObject([{ id: "r0", content: "Hm" }]);
  });
});
