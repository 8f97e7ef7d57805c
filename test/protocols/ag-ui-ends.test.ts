import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import { agUiEncoder, encodeAncestry } from "../../src/protocols/ag-ui/encode.ts";
import type { AgUiEncoding } from "../../src/protocols/ag-ui/event.ts";
import { STARTED, STEP, COMPLETED, encoded, typesOf, said, called, gave, nested, asked } from "./ag-ui-log.ts";

describe("questions", () => {
  it("end the run with all of them, behind their calls, the messages and the state", () => {
    const interrupts = [
      asked("tool-approval", "c1", { resumeSchema: { type: "object" }, expiresAt: 0 }),
      asked("tool-suspend", "c2", { payload: { message: "Pay?" } }),
      asked("frontend-tool", "c3"),
    ];
    const chunks = encoded([{ type: "state", value: { a: 1 } }, STEP, called("c1"), { type: "run-suspended", interrupts }]);
    expect(typesOf(chunks.slice(-4))).toStrictEqual(["STEP_FINISHED", "RESTATE", "STATE_SNAPSHOT", "RUN_FINISHED"]);
    expect(chunks.at(-2)).toMatchObject({ snapshot: { a: 1 } });
    expect(chunks.filter(({ type }) => type === "TOOL_CALL_START")).toMatchObject([{ toolCallId: "c1" }, { toolCallId: "c2" }, { toolCallId: "c3" }]);
    const input = { port: "Brest" };
    expect(chunks.at(-1)).toStrictEqual({
      type: "RUN_FINISHED",
      threadId: "thread",
      runId: "run",
      outcome: {
        type: "interrupt",
        interrupts: [
          {
            id: "int_c1",
            reason: "tool_call",
            message: "Approve the call of tides?",
            toolCallId: "c1",
            responseSchema: { type: "object" },
            expiresAt: "1970-01-01T00:00:00.000Z",
            metadata: { holdfast: { toolName: "tides", input } },
          },
          {
            id: "int_c2",
            reason: "input_required",
            message: "Pay?",
            toolCallId: "c2",
            metadata: { holdfast: { toolName: "tides", input, payload: { message: "Pay?" } } },
          },
        ],
      },
    });
  });

  it("tell the state that the client came with where the run has none", () => {
    const chunks = encoded([{ type: "run-suspended", interrupts: [asked("tool-approval", "c1")] }], { initialState: { theme: "dark" } });
    expect(chunks).toContainEqual({ type: "STATE_SNAPSHOT", snapshot: { theme: "dark" } });
  });

  it("of a sub-agent suspend it", () => {
    const end: RunEvent = { type: "run-suspended", interrupts: [asked("tool-approval", "c1/n1")] };
    const chunks = encoded([STEP, called("c1"), nested("c1", { type: "step-started", step: 0 }), end]);
    expect(chunks).toContainEqual({ type: "TOOL_CALL_START", toolCallId: "c1/n1", toolCallName: "tides", parentMessageId: "c1:m0", subagentRunId: "c1" });
    expect(chunks).toContainEqual({ type: "SUBAGENT_FINISHED", subagentRunId: "c1", outcome: { type: "suspended", interruptIds: ["int_c1/n1"] } });
    expect(chunks.at(-1)).toMatchObject({ outcome: { interrupts: [{ subagentRunId: "c1" }] } });
  });
});

describe("sub-agents", () => {
  it("are told once, before the first thing that is shown of them", () => {
    const chunks = encoded([
      { ...called("c1"), toolName: "agent-pilot" },
      nested("c1", { type: "model-called", step: 0, call: 0, agentId: "other" }),
      nested("c1", { type: "text-start", id: "t" }),
      nested("c1", { type: "text-delta", id: "t", text: "Hm" }),
      nested("c1", { type: "text-delta", id: "t", text: "." }),
    ]);
    expect(chunks.slice(3)).toMatchObject([
      { type: "SUBAGENT_STARTED", subagentRunId: "c1", name: "pilot", parentToolCallId: "c1" },
      { type: "TEXT_MESSAGE_START", messageId: "c1:m0", subagentRunId: "c1" },
      { type: "TEXT_MESSAGE_CONTENT", delta: "Hm", subagentRunId: "c1" },
      { type: "TEXT_MESSAGE_CONTENT", delta: ".", subagentRunId: "c1" },
    ]);
  });

  it("inside others name those, and bear the name of their agent", () => {
    const inner = nested("c1/n1", { type: "step-started", step: 0 });
    const named = nested("c1", nested("c1/n1", { type: "model-called", step: 0, call: 0, agentId: "wind" }));
    expect(encoded([called("c1"), named, nested("c1", inner)]).slice(3)).toMatchObject([
      { type: "SUBAGENT_STARTED", subagentRunId: "c1", name: "tides" },
      { type: "SUBAGENT_STARTED", subagentRunId: "c1/n1", name: "wind", parentToolCallId: "c1/n1", parentSubagentRunId: "c1" },
      { type: "STEP_STARTED", subagentRunId: "c1/n1" },
    ]);
  });

  it("end with their tool, once all that is theirs is closed", () => {
    const open = [
      called("c1"),
      nested("c1", { type: "step-started", step: 0 }),
      nested("c1", called("c1/n1")),
      nested("c1", { type: "reasoning-start", id: "r" }),
    ];
    const closing = ["REASONING_MESSAGE_END", "REASONING_END", "STEP_FINISHED"];
    expect(typesOf(encoded([...open, gave("c1", "x")]).slice(-5))).toStrictEqual([...closing, "SUBAGENT_FINISHED", "TOOL_CALL_RESULT"]);
    const failed = encoded([...open, { type: "tool-error", toolCallId: "c1", toolName: "tides", message: "Lost." }]);
    expect(failed.at(-2)).toStrictEqual({ type: "SUBAGENT_ERROR", subagentRunId: "c1", message: "Lost." });
  });
});

describe("the end of a run", () => {
  it("tells usage by provider and model, of sub-agents too, and the structured answer", () => {
    const usage = { inputTokens: 3, outputTokens: 1 };
    const finished = { type: "model-finished", step: 0, provider: "p", modelId: "m", usage } as const;
    const events: readonly RunEvent[] = [finished, nested("c1", finished), { ...finished, modelId: "n", usage: { cacheCreationInputTokens: 2 } }];
    expect(encoded([...events, { type: "object", object: { a: 1 }, isFinal: true }, COMPLETED]).at(-1)).toStrictEqual({
      type: "RUN_FINISHED",
      threadId: "thread",
      runId: "run",
      result: { a: 1 },
      outcome: { type: "success" },
      usage: [
        { provider: "p", model: "m", inputTokens: 6, outputTokens: 2 },
        { provider: "p", model: "n", cacheWriteInputTokens: 2 },
      ],
    });
  });

  it("is an error with the code of the failure", () => {
    const failed: RunEvent = { type: "run-failed", error: { code: "AGENT_FAILED", message: "No harbour." } };
    expect(encoded([failed])).toStrictEqual([{ type: "RUN_ERROR", message: "No harbour.", code: "AGENT_FAILED" }]);
    expect(encoded([failed], { flavour: "io-bridge" })).toMatchObject([{ type: "RUN_ERROR", code: "STREAM_ERROR" }]);
  });

  it("is an error where a processor stopped the agent, unless it went on", () => {
    const tripwire: RunEvent = { type: "tripwire", reason: "A name." };
    expect(encoded([STEP, tripwire, COMPLETED]).at(-1)).toStrictEqual({ type: "RUN_ERROR", message: "A name.", code: "TRIPWIRE" });
    expect(encoded([STEP, tripwire, { type: "step-started", step: 1 }, COMPLETED]).at(-1)).toMatchObject({ type: "RUN_FINISHED" });
  });

  it("is no success for a canceled run, in both generations", () => {
    const canceled: RunEvent = { type: "run-canceled", reason: "Too slow." };
    const outcome = { type: "cancelled" };
    expect(encoded([canceled])).toMatchObject([{ type: "RUN_FINISHED", outcome, metadata: { holdfast: { reason: "Too slow." } } }]);
    expect(encoded([canceled], { generation: "0.0.59" })).toStrictEqual([
      { type: "CUSTOM", name: "holdfast.canceled", value: { reason: "Too slow." } },
      { type: "RUN_ERROR", message: "Too slow.", code: "abort" },
    ]);
  });

  it("is the last there is", () => {
    expect(encoded([COMPLETED, ...said("a", "Late.")])).toHaveLength(1);
  });
});

describe("a run that goes on from another one", () => {
  const encoding: AgUiEncoding = { runId: "run", generation: "1.0", flavour: "ag-ui" };
  const asking: readonly RunEvent[] = [
    STARTED,
    { type: "state", value: { a: 1 } },
    STEP,
    ...said("a", "May I?").slice(0, 2),
    called("c1"),
    { type: "run-suspended", interrupts: [asked("tool-approval", "c1")] },
  ];

  it("is told what the other said, closed and without its beginning and its end", () => {
    let state = agUiEncoder(encoding).initial;
    const chunks = asking.flatMap((event) => {
      const [next, told] = encodeAncestry(encoding, state, event);
      state = next;
      return told;
    });
    expect(typesOf(chunks)).toStrictEqual([
      "STATE_SNAPSHOT",
      "STEP_STARTED",
      "TEXT_MESSAGE_START",
      "TEXT_MESSAGE_CONTENT",
      "TOOL_CALL_START",
      "TOOL_CALL_ARGS",
      "TOOL_CALL_END",
      "TEXT_MESSAGE_END",
      "STEP_FINISHED",
    ]);
  });

  it("counts its messages on and its steps anew, knows the calls, and tells its state in full", () => {
    let state = asking.reduce((current, event) => encodeAncestry(encoding, current, event)[0], agUiEncoder(encoding).initial);
    const child: readonly RunEvent[] = [STARTED, gave("c1", "x"), { type: "state", value: { a: 1 } }, { type: "step-started", step: 1 }, ...said("b", "Done.")];
    const chunks = child.flatMap((event) => {
      const [next, told] = agUiEncoder(encoding).encode(state, event);
      state = next;
      return told;
    });
    expect(chunks).toMatchObject([
      { type: "RUN_STARTED", threadId: "thread", runId: "run", protocolVersion: "1.0" },
      { type: "TOOL_CALL_RESULT", toolCallId: "c1" },
      { type: "STATE_SNAPSHOT" },
      { type: "STEP_STARTED", stepName: "step-1" },
      { type: "TEXT_MESSAGE_START", messageId: "msg:1" },
      { delta: "Done." },
      { type: "TEXT_MESSAGE_END" },
    ]);
  });
});
