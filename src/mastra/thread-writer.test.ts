import { describe, expect, test } from "vitest";
import { START } from "../core/offset.ts";
import type { Run } from "../core/run.ts";
import type { Transcript, TranscriptStep } from "../core/transcript.ts";
import { inputMessages, staleAnswers, withEndedTools } from "./thread-writer.ts";

const run = (trigger: "submit" | "regenerate", replacesMessageId?: string): Run => ({
  id: "run_1",
  threadId: "t",
  resourceId: "ann",
  agentId: "a",
  status: "running",
  attempt: 1,
  crashes: 0,
  messageId: "mine",
  input: {
    messages: [{ id: "q2", role: "user", parts: [{ type: "text", text: "again?" }] }],
    trigger,
    ...(replacesMessageId !== undefined && { replacesMessageId }),
  },
  billingPolicy: "delivered",
  cancelRequested: false,
  createdAt: 1_000_000,
});

const message = (id: string, role: string): { id: string; role: string } => ({ id, role });
const thread = [message("q1", "user"), message("a1", "assistant"), message("q2", "user"), message("a2", "assistant")];

describe("what must leave the thread before an attempt", () => {
  test("nothing, for a new question", () => {
    expect(staleAnswers(run("submit"), thread.slice(0, 2))).toEqual([]);
  });

  test("what stands behind a question that is sent once more", () => {
    expect(staleAnswers(run("submit"), thread)).toEqual(["a2"]);
  });

  test("nothing of what an earlier attempt of the same run left, which is written over", () => {
    expect(staleAnswers(run("submit"), [...thread.slice(0, 3), message("mine", "assistant")])).toEqual([]);
    expect(staleAnswers(run("regenerate", "a2"), [...thread.slice(0, 3), message("mine", "assistant")])).toEqual([]);
  });

  test("the answer that is regenerated, and what came after it", () => {
    expect(staleAnswers(run("regenerate"), thread)).toEqual(["a2"]);
    expect(staleAnswers(run("regenerate", "a1"), thread)).toEqual(["a1", "a2"]);
  });

  test("nothing more, when the answer to replace was taken out before a crash", () => {
    expect(staleAnswers(run("regenerate", "a2"), thread.slice(0, 3))).toEqual([]);
  });
});

test("a question keeps its id, and stands in its thread by the time at which it was written", () => {
  const [question] = inputMessages(run("submit"), 2_000_000);
  expect(question).toMatchObject({ id: "q2", role: "user", threadId: "t", resourceId: "ann", createdAt: new Date(2_000_000) });
});

test("a question whose id another thread has is kept under an id of its own", () => {
  expect(inputMessages(run("submit"), 1, new Set(["q2"]))[0]?.id).toBe("q2@t");
});

test("a tool call that never ended gets an outcome, and empty text is left out", () => {
  const step: TranscriptStep = {
    step: 0,
    before: START,
    parts: [
      { type: "text", id: "t", text: "", isDone: false },
      { type: "tool", toolCallId: "c", toolName: "add", inputText: '{"a"', state: "input-streaming" },
      { type: "tool", toolCallId: "d", toolName: "add", inputText: "", input: {}, state: "result", output: 1 },
    ],
    modelFinished: undefined,
    isFinished: false,
    isLast: false,
  };
  const transcript: Transcript = { steps: [step], offset: START, usage: {}, end: undefined, nested: new Map() };
  expect(withEndedTools(transcript, "stopped").steps[0]?.parts).toMatchObject([
    { toolCallId: "c", state: "error", message: "stopped" },
    { toolCallId: "d", state: "result" },
  ]);
});
