import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import { offsetOf } from "../../src/core/offset.ts";
import { agUiEncoder } from "../../src/protocols/ag-ui/encode.ts";
import { STARTED, STEP, encoded, typesOf, said, called, gave, nested } from "./ag-ui-log.ts";

describe("text", () => {
  it("begins with its first words, so that no message stays empty", () => {
    const chunks = encoded([
      { type: "text-start", id: "a" },
      { type: "text-delta", id: "a", text: "" },
      { type: "text-end", id: "a" },
    ]);
    expect(chunks).toStrictEqual([]);
  });

  it("is a message of its own under an id that counts on, and takes the calls behind it", () => {
    const chunks = encoded([STEP, ...said("a", "One."), called("c1"), ...said("b", "Two."), called("c2")]);
    const starts = chunks.filter(({ type }) => type === "TEXT_MESSAGE_START" || type === "TOOL_CALL_START");
    expect(starts).toMatchObject([{ messageId: "msg" }, { parentMessageId: "msg" }, { messageId: "msg:1" }, { parentMessageId: "msg:1" }]);
  });

  it("of another step takes no calls of the one before", () => {
    const chunks = encoded([STEP, ...said("a", "One."), { type: "step-started", step: 1 }, called("c1")]);
    expect(chunks.find(({ type }) => type === "TOOL_CALL_START")).toMatchObject({ parentMessageId: "msg:1" });
  });

  it("leaves the state as it is at a delta", () => {
    const { initial, encode } = agUiEncoder({ runId: "run", generation: "1.0", flavour: "ag-ui" });
    const state = [STARTED, STEP, ...said("a", "One.").slice(0, 2)].reduce((current, event) => encode(current, event)[0], initial);
    expect(encode(state, { type: "text-delta", id: "a", text: " Two." })[0]).toBe(state);
  });
});

describe("reasoning", () => {
  it("is a message in a span, balanced without any text", () => {
    expect(
      typesOf(
        encoded([
          { type: "reasoning-start", id: "r" },
          { type: "reasoning-end", id: "r" },
        ]),
      ),
    ).toStrictEqual(["REASONING_START", "REASONING_MESSAGE_START", "REASONING_MESSAGE_END", "REASONING_END"]);
  });

  it.each(["reasoning-start", "reasoning-end"] as const)("carries what the provider sealed at %s", (at) => {
    const events = (["reasoning-start", "reasoning-end"] as const).map((type) => ({
      type,
      id: "r",
      ...(type === at && { providerMetadata: { p: { s: "x" } } }),
    }));
    const sealed = encoded(events).filter(({ type }) => type === "REASONING_ENCRYPTED_VALUE");
    expect(sealed).toStrictEqual([{ type: "REASONING_ENCRYPTED_VALUE", subtype: "message", entityId: "msg:r0", encryptedValue: '{"p":{"s":"x"}}' }]);
  });
});

describe("steps", () => {
  it("have names of their own in a run, sub-agents included", () => {
    const events = [STEP, nested("c1", { type: "step-started", step: 0 }), nested("c1", { type: "step-finished", step: 0, isContinued: false })] as const;
    const chunks = encoded([...events, { type: "step-started", step: 1 }]);
    expect(chunks.filter(({ type }) => type === "STEP_STARTED")).toMatchObject([{ stepName: "step-1" }, { stepName: "step-2" }, { stepName: "step-3" }]);
  });

  it("are called step on the wire of io-bridge, and numbered only beside an open one", () => {
    const events = [STEP, nested("c1", { type: "step-started", step: 0 }), nested("c1", { type: "step-finished", step: 0, isContinued: false })] as const;
    const chunks = encoded([...events, { type: "step-started", step: 1 }], { flavour: "io-bridge" });
    expect(chunks.filter(({ type }) => type === "STEP_STARTED")).toMatchObject([{ stepName: "step" }, { stepName: "step-2" }, { stepName: "step" }]);
  });

  it("that this run did not begin do not end in it", () => {
    expect(encoded([{ type: "step-finished", step: 3, isContinued: true }])).toStrictEqual([]);
  });
});

describe("a step that is made again", () => {
  const again: RunEvent = { type: "attempt-started", attempt: 2, resetTo: offsetOf(1) };

  it("takes back its messages once they are closed, and uses their ids again", () => {
    const first: readonly RunEvent[] = [STEP, { type: "reasoning-start", id: "r" }, ...said("a", "One.").slice(0, 2), called("c1"), gave("c1", 1)];
    const chunks = encoded([...first, again, STEP, ...said("a", "Two."), called("c1"), gave("c1", 2)]);
    const restate = chunks.findIndex(({ type }) => type === "RESTATE");
    expect(chunks[restate]).toStrictEqual({ type: "RESTATE", removed: ["msg:r0", "msg", "tool-result-c1"] });
    expect(typesOf(chunks.slice(restate - 3, restate))).toStrictEqual(["REASONING_MESSAGE_END", "REASONING_END", "TEXT_MESSAGE_END"]);
    expect(chunks.slice(restate + 1)).toMatchObject([
      { type: "STEP_FINISHED", stepName: "step-1" },
      { type: "STEP_STARTED", stepName: "step-2" },
      { type: "TEXT_MESSAGE_START", messageId: "msg" },
      { delta: "Two." },
      { type: "TEXT_MESSAGE_END" },
      { type: "TOOL_CALL_START", parentMessageId: "msg" },
      { type: "TOOL_CALL_ARGS" },
      { type: "TOOL_CALL_END" },
      { type: "TOOL_CALL_RESULT", content: "2" },
    ]);
  });

  it("is not told where it had shown nothing", () => {
    expect(encoded([STEP, { type: "text-start", id: "a" }, again, STEP, ...said("a", "Two.")])).toMatchObject([
      { type: "STEP_STARTED" },
      { type: "TEXT_MESSAGE_START" },
      { delta: "Two." },
      { type: "TEXT_MESSAGE_END" },
    ]);
  });

  it("keeps what earlier steps showed", () => {
    const chunks = encoded([STEP, ...said("a", "One."), { type: "step-started", step: 1 }, ...said("b", "Two."), again]);
    expect(chunks).toContainEqual({ type: "RESTATE", removed: ["msg:1"] });
  });
});

describe("what AG-UI has no event for", () => {
  it.each([
    [
      { type: "tool-progress", toolCallId: "c1", data: 5 },
      { name: "holdfast.tool-progress", value: { toolCallId: "c1", data: 5 } },
    ],
    [
      { type: "source", id: "s", sourceType: "url", url: "https://a.example", providerMetadata: { p: {} } },
      { name: "holdfast.source", value: { id: "s", sourceType: "url", url: "https://a.example" } },
    ],
    [
      { type: "file", mediaType: "image/png", base64: "AA==" },
      { name: "holdfast.file", value: { mediaType: "image/png", url: "data:image/png;base64,AA==" } },
    ],
    [
      { type: "data", name: "weather", id: "w", data: { wind: 3 } },
      { name: "weather", value: { id: "w", data: { wind: 3 } } },
    ],
    [
      { type: "data", name: "cursor", data: 1, transient: true },
      { name: "cursor", value: { data: 1, transient: true } },
    ],
    [
      { type: "object", object: { a: 1 }, isFinal: false },
      { name: "holdfast.object", value: { object: { a: 1 }, isFinal: false } },
    ],
    [
      { type: "custom", kind: "a.b", providerMetadata: { p: {} } },
      { name: "holdfast.custom", value: { kind: "a.b" } },
    ],
    [
      { type: "tripwire", reason: "No." },
      { name: "holdfast.tripwire", value: { reason: "No." } },
    ],
  ] as readonly (readonly [RunEvent, object])[])("is a custom event: %j", (event, told) => {
    expect(encoded([event])).toStrictEqual([{ type: "CUSTOM", ...told }]);
  });

  it("and nobody knows is told raw, with its type", () => {
    expect(encoded([{ type: "raw", chunkType: "watch", payload: { a: 1 } }])).toStrictEqual([
      { type: "RAW", event: { type: "watch", payload: { a: 1 } }, source: "mastra" },
    ]);
  });

  it("and is about tasks in the background is an activity of each task", () => {
    const activity = { type: "ACTIVITY_SNAPSHOT", activityType: "background-task", replace: true };
    const running: RunEvent = { type: "raw", chunkType: "background-task-running", payload: { taskId: "t1", toolName: "survey" } };
    const progress: RunEvent = { type: "raw", chunkType: "background-task-progress", payload: { taskIds: ["t1", "t2"] } };
    expect(encoded([running, progress])).toStrictEqual([
      { ...activity, messageId: "task-t1", content: { taskId: "t1", toolName: "survey", status: "running" } },
      { ...activity, messageId: "task-t1", content: { taskIds: ["t1", "t2"], status: "progress" } },
      { ...activity, messageId: "task-t2", content: { taskIds: ["t1", "t2"], status: "progress" } },
    ]);
  });
});
