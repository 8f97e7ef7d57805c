import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import type { Json } from "../../src/core/json.ts";
import { STEP, COMPLETED, encoded, typesOf, said, called, gave, asked, answered } from "./ag-ui-log.ts";

describe("tool calls", () => {
  it("are on the wire once, whether they were streamed or not", () => {
    const streamed: readonly RunEvent[] = [
      { type: "tool-input-start", toolCallId: "c1", toolName: "tides" },
      { type: "tool-input-delta", toolCallId: "c1", text: '{"port":' },
      { type: "tool-input-delta", toolCallId: "c1", text: '"Brest"}' },
      called("c1", { port: "Brest" }),
    ];
    const deltas = encoded([...streamed, called("c1"), called("c2", { port: "Brest" })]).filter(({ type }) => type === "TOOL_CALL_ARGS");
    expect(deltas).toMatchObject([{ delta: '{"port":' }, { delta: '"Brest"}' }, { toolCallId: "c2", delta: '{"port":"Brest"}' }]);
  });

  it("get their input before their end when none of it was streamed", () => {
    const chunks = encoded([{ type: "tool-input-start", toolCallId: "c1", toolName: "tides" }, called("c1", { port: "Brest" })]);
    expect(chunks).toMatchObject([{ type: "TOOL_CALL_START" }, { type: "TOOL_CALL_ARGS", delta: '{"port":"Brest"}' }, { type: "TOOL_CALL_END" }]);
  });

  it("carry what the provider sealed", () => {
    expect(encoded([{ ...called("c1"), providerMetadata: { p: { s: "x" } } }])).toContainEqual({
      type: "REASONING_ENCRYPTED_VALUE",
      subtype: "tool-call",
      entityId: "c1",
      encryptedValue: '{"p":{"s":"x"}}',
    });
  });

  it("that cannot be executed fail at once, and later outcomes of them are dropped", () => {
    const chunks = encoded([
      { ...called("c1"), invalid: "No port." },
      { type: "tool-error", toolCallId: "c1", toolName: "tides", message: "Again." },
    ]);
    expect(chunks.filter(({ type }) => type === "TOOL_CALL_RESULT")).toMatchObject([{ content: "No port.", metadata: { holdfast: { error: true } } }]);
  });

  it.each([
    [gave("c1", "05:12"), { content: "05:12" }],
    [gave("c1", null), { content: "" }],
    [gave("c1", { at: 5 }), { content: '{"at":5}' }],
    [gave("c1", undefined as unknown as Json), { content: "" }],
    [
      { type: "tool-error", toolCallId: "c1", toolName: "tides", message: "Dry." },
      { content: "Dry.", metadata: { holdfast: { error: true } } },
    ],
    [
      { type: "tool-denied", toolCallId: "c1", toolName: "tides" },
      { content: "The call was declined.", metadata: { holdfast: { denied: true } } },
    ],
    [
      { type: "tool-denied", toolCallId: "c1", toolName: "tides", reason: "No." },
      { content: "No.", metadata: { holdfast: { denied: true } } },
    ],
  ] as readonly (readonly [RunEvent, object])[])("give one result: %j", (outcome, result) => {
    const chunks = encoded([called("c1"), outcome, outcome]).filter(({ type }) => type === "TOOL_CALL_RESULT");
    expect(chunks).toStrictEqual([{ type: "TOOL_CALL_RESULT", messageId: "tool-result-c1", toolCallId: "c1", role: "tool", ...result }]);
  });

  it("are not changed by a repeat, whatever it says", () => {
    expect(encoded([called("c1"), { ...called("c1", { port: "Nantes" }), invalid: "No port." }])).toHaveLength(3);
  });

  it("that nobody made have no result", () => {
    expect(encoded([gave("c9", "x")])).toStrictEqual([]);
  });

  it("of the server have a result before the run completes, and none is made up when it fails", () => {
    const missing = { type: "TOOL_CALL_RESULT", toolCallId: "c1", content: "", metadata: { holdfast: { missing: true } } };
    expect(encoded([STEP, called("c1"), COMPLETED]).filter(({ type }) => type === "TOOL_CALL_RESULT")).toMatchObject([missing]);
    expect(typesOf(encoded([STEP, called("c1"), { type: "run-failed", error: { code: "AGENT_FAILED", message: "No." } }]))).not.toContain("TOOL_CALL_RESULT");
    expect(typesOf(encoded([STEP, called("c1"), { type: "run-canceled" }]))).not.toContain("TOOL_CALL_RESULT");
  });
});

describe("tools of the page", () => {
  const waiting: RunEvent = { type: "run-waiting", interrupts: [asked("frontend-tool", "c1")], until: 1 };

  it("are pending at the end of a run that only they stop", () => {
    const end: RunEvent = { type: "run-suspended", interrupts: [asked("frontend-tool", "c2"), asked("frontend-tool", "c1")] };
    const outcome = { type: "success", pendingToolCallIds: ["c1", "c2"] };
    expect(encoded([STEP, called("c1"), called("c2"), end]).at(-1)).toMatchObject({ type: "RUN_FINISHED", outcome });
    expect(encoded([STEP, called("c1"), called("c2"), end], { generation: "0.0.59" }).at(-1)).toStrictEqual({
      type: "RUN_FINISHED",
      threadId: "thread",
      runId: "run",
      outcome: { type: "success" },
    });
  });

  it("close what is being written when a run waits for them, and show a call that was not shown", () => {
    expect(typesOf(encoded([STEP, ...said("a", "One.").slice(0, 2), waiting]).slice(3))).toStrictEqual([
      "TOOL_CALL_START",
      "TOOL_CALL_ARGS",
      "TOOL_CALL_END",
      "TEXT_MESSAGE_END",
    ]);
  });

  it("gave their results to the client itself, under the id of its message", () => {
    const result = encoded([called("c1"), waiting, answered("c1", { output: 7, messageId: "page-1" }), gave("c1", 7)]).at(-1);
    expect(result).toStrictEqual({ type: "PAGE_RESULT", messageId: "page-1", toolCallId: "c1", content: "7" });
    const failed: RunEvent = { type: "tool-error", toolCallId: "c1", toolName: "tides", message: "Dry." };
    expect(encoded([called("c1"), answered("c1", { error: "Dry." }), failed]).at(-1)).toStrictEqual({
      type: "PAGE_RESULT",
      messageId: "tool-result-c1",
      toolCallId: "c1",
      content: "Dry.",
      error: "Dry.",
    });
  });

  it("give one result", () => {
    expect(encoded([called("c1"), answered("c1", { output: 7 }), gave("c1", 7), gave("c1", 7)])).toHaveLength(4);
  });

  it("end their calls with their results where nothing else did", () => {
    const begun: RunEvent = { type: "tool-input-start", toolCallId: "c1", toolName: "tides" };
    expect(typesOf(encoded([begun, answered("c1", { output: 7 }), gave("c1", 7)]))).toStrictEqual(["TOOL_CALL_START", "TOOL_CALL_END", "PAGE_RESULT"]);
  });

  it("have results on the wire of io-bridge, and where nobody answered", () => {
    const given = [called("c1"), answered("c1", { output: 7 }), gave("c1", 7)];
    expect(encoded(given, { flavour: "io-bridge" }).at(-1)).toMatchObject({ type: "TOOL_CALL_RESULT", messageId: "tool-result-c1", content: "7" });
    const declined: RunEvent = { type: "tool-error", toolCallId: "c1", toolName: "tides", message: "Declined." };
    expect(encoded([called("c1"), answered("c1", null, { isDeclined: true }), declined]).at(-1)).toMatchObject({ type: "TOOL_CALL_RESULT" });
  });
});
