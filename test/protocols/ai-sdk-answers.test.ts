import { describe, expect, it } from "vitest";
import { HoldfastError } from "../../src/core/error.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { Interrupt } from "../../src/core/interrupt.ts";
import { FINISH_FRAMES } from "../../src/protocols/ai-sdk/replay-source.ts";
import { bodyOf, ENDING, opening, serverOf, wholeOf } from "./ai-sdk-fixture.ts";
import { FakeEngine } from "./fake-engine.ts";

const JSON_TYPE = { "content-type": "application/json" };
const QUESTION = { id: "u1", role: "user", parts: [{ type: "text", text: "Book me a berth." }] };

type Part = Readonly<Record<string, unknown>>;

function approved(id: string, toolCallId = "c1", reason?: string): Part {
  return { type: "tool-book", toolCallId, state: "approval-responded", input: { berth: 7 }, approval: { id, approved: reason === undefined, reason } };
}

function given(toolCallId: string, outcome: Part): Part {
  return { type: "tool-pick_berth", toolCallId, input: { free: [3, 7] }, ...outcome };
}

function message(id: string, ...parts: readonly Part[]): object {
  return { id, role: "assistant", parts: [{ type: "step-start" }, ...parts] };
}

function asked(id: string, fields: Partial<Interrupt> = {}): Interrupt {
  const common = { kind: "tool-approval", toolCallId: "c1", toolName: "book", input: { berth: 7 }, runId: "run_1", threadId: "chat-1" } as const;
  return { ...common, id, agentId: "agent", resourceId: "ada", status: "pending", createdAt: 0, ...fields };
}

const PICK = asked("i1", { kind: "frontend-tool", toolName: "pick_berth" });

/** An engine on which `run_1` has asked; with every answer, `run_2` goes on. */
function engineThatAsked(...interrupts: readonly Interrupt[]): FakeEngine {
  const engine = new FakeEngine();
  engine.addRun({ id: "run_1", status: "suspended", messageId: "msg_1" });
  const run = engine.addRun({ id: "run_2", parentRunId: "run_1" }, ...opening("run_2"));
  engine.interrupts = interrupts;
  engine.onAnswer = () => ({ interrupts, run });
  return engine;
}

async function post(engine: FakeEngine, body: Part, headers: Readonly<Record<string, string>> = JSON_TYPE): Promise<Response> {
  return serverOf(engine).request("/api/chat", { method: "POST", headers, body: JSON.stringify({ id: "chat-1", trigger: "submit-message", ...body }) });
}

/** What the engine was told, in one list per request. */
async function answersTo(engine: FakeEngine, body: Part, headers?: Readonly<Record<string, string>>): Promise<FakeEngine["answers"]> {
  const response = await post(engine, body, headers);
  expect(response.status).toBe(200);
  await response.body?.cancel();
  expect(engine.starts).toEqual([]);
  return engine.answers;
}

describe("a message that answers", () => {
  it("is replied to with the chunks of the run that goes on, under that run's id", async () => {
    const engine = engineThatAsked(asked("i1"));
    const response = await post(engine, { messages: [QUESTION, message("msg_1", approved("i1"))], messageId: "msg_1" });
    expect(response.headers.get("x-workflow-run-id")).toBe("run_2");
    expect(response.headers.get("x-holdfast-thread-id")).toBe("chat-1");
    engine.push("run_2", ...ENDING);
    const events: readonly RunEvent[] = [...opening("run_2"), ...ENDING];
    expect(await bodyOf(response)).toEqual({ text: wholeOf("run_2", events), end: "complete" });
    expect(engine.answers).toEqual([[{ interruptId: "i1", answer: { approved: true } }]]);
    expect(engine.starts).toEqual([]);
  });

  it("that was sent before is replied to with the same run, from its first chunk", async () => {
    const engine = engineThatAsked(asked("i1", { status: "answered" }));
    engine.push("run_2", ...ENDING);
    const body = { messages: [QUESTION, message("msg_1", approved("i1"))] };
    for (let count = 0; count < 2; count += 1) {
      expect((await bodyOf(await post(engine, body))).text).toBe(wholeOf("run_2", [...opening("run_2"), ...ENDING]));
    }
  });

  it("declines with its reason", async () => {
    const messages = [QUESTION, message("msg_1", approved("i1", "c1", "Too dear."))];
    expect(await answersTo(engineThatAsked(asked("i1")), { messages })).toEqual([[{ interruptId: "i1", answer: { approved: false, reason: "Too dear." } }]]);
  });

  it.each([[false], [null], [0], [""], [[]], [{ berth: 7 }]])("gives the output %j of a tool of the page as it is", async (output) => {
    const messages = [QUESTION, message("msg_1", given("c1", { state: "output-available", output }))];
    expect(await answersTo(engineThatAsked(PICK), { messages })).toEqual([[{ interruptId: "i1", answer: { output } }]]);
  });

  it("gives null for an output that JSON left out", async () => {
    const messages = [QUESTION, message("msg_1", given("c1", { state: "output-available" }))];
    expect(await answersTo(engineThatAsked(PICK), { messages })).toEqual([[{ interruptId: "i1", answer: { output: null } }]]);
  });

  it("gives the error of a tool of the page, which may be a dynamic one", async () => {
    const part = { ...given("c1", { state: "output-error", errorText: "No berth." }), type: "dynamic-tool", toolName: "pick_berth" };
    expect(await answersTo(engineThatAsked(PICK), { messages: [message("msg_1", part)] })).toEqual([[{ interruptId: "i1", answer: { error: "No berth." } }]]);
  });

  it("gives all answers of a run together, and none of what nobody asked", async () => {
    const engine = engineThatAsked(asked("i1"), asked("i2", { toolCallId: "c2" }), { ...PICK, id: "i3", toolCallId: "c3" });
    const result = { state: "output-available", output: 7 };
    const messages = [
      message("msg_1", approved("i1"), approved("i2", "c2", "No."), given("c3", result), given("c4", result), { ...approved("i5"), type: "data-x" }),
    ];
    expect(await answersTo(engine, { messages })).toEqual([
      [
        { interruptId: "i1", answer: { approved: true } },
        { interruptId: "i2", answer: { approved: false, reason: "No." } },
        { interruptId: "i3", answer: { output: 7 } },
      ],
    ]);
  });

  it("answers the run that asked last, whatever the message still holds of the runs before", async () => {
    const engine = engineThatAsked(asked("i2", { runId: "run_2", toolCallId: "c2" }), asked("i1", { status: "answered" }), {
      ...PICK,
      id: "i0",
      status: "answered",
    });
    const messages = [message("msg_1", approved("i1"), given("c1", { state: "output-available", output: 7 }), { type: "step-start" }, approved("i2", "c2"))];
    expect(await answersTo(engine, { messages })).toEqual([[{ interruptId: "i2", answer: { approved: true } }]]);
  });

  it("gives a result to the run that asked in it, although a later message asks under the same call id", async () => {
    const engine = engineThatAsked({ ...PICK, id: "i9", runId: "run_9" }, PICK);
    engine.addRun({ id: "run_9", status: "suspended", messageId: "msg_9" });
    const asking = message("msg_9", given("c1", { state: "input-available" }));
    const messages = [message("msg_1", given("c1", { state: "output-available", output: 7 })), QUESTION, asking];
    expect(await answersTo(engine, { messages, messageId: "msg_1" })).toEqual([[{ interruptId: "i1", answer: { output: 7 } }]]);
  });

  it("while other questions are open is replied to with a finish alone, and starts nothing", async () => {
    const engine = engineThatAsked(asked("i1", { status: "answered" }), asked("i2", { toolCallId: "c2" }));
    engine.onAnswer = () => ({ interrupts: engine.interrupts });
    const response = await post(engine, { messages: [QUESTION, message("msg_1", approved("i1"))] });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-workflow-run-id")).toBe("run_1");
    expect(await bodyOf(response)).toEqual({ text: FINISH_FRAMES, end: "complete" });
    expect(engine.starts).toEqual([]);
  });

  it("may stand further up where the client names it, as after a further question", async () => {
    const engine = engineThatAsked(asked("i1"));
    const messages = [QUESTION, message("msg_1", approved("i1")), { ...QUESTION, id: "u2" }, message("msg_2", { type: "text", text: "Aye." })];
    expect(await answersTo(engine, { messages, messageId: "msg_1" })).toEqual([[{ interruptId: "i1", answer: { approved: true } }]]);
  });
});

describe("a message of a WorkflowChatTransport that does not name its chat", () => {
  const unnamed = { id: undefined, trigger: undefined };

  it("is found by the id of an approval", async () => {
    const engine = engineThatAsked(asked("i1", { threadId: "thr_made" }));
    const messages = [QUESTION, message("msg_1", approved("i0"), approved("i1"))];
    expect(await answersTo(engine, { ...unnamed, messages }, {})).toEqual([[{ interruptId: "i1", answer: { approved: true } }]]);
  });

  it("is found by the thread that the message was streamed in, where it holds results alone", async () => {
    const answer = { ...message("msg_1", given("c1", { state: "output-available", output: 7 })), metadata: { threadId: "thr_made", runId: "run_1" } };
    const engine = engineThatAsked({ ...PICK, threadId: "thr_made" });
    expect(await answersTo(engine, { ...unnamed, messages: [QUESTION, answer] }, {})).toEqual([[{ interruptId: "i1", answer: { output: 7 } }]]);
    expect((await post(engineThatAsked(PICK), { ...unnamed, messages: [QUESTION, answer] })).status).toBe(404);
  });
});

describe("nothing is answered by", () => {
  const old = message("msg_0", approved("i1"));

  it.each([
    { what: "a message of the user's behind an old answer", body: { messages: [old, QUESTION] } },
    { what: "a regeneration", body: { messages: [QUESTION, message("msg_1", approved("i1"))], trigger: "regenerate-message", messageId: "msg_1" } },
    { what: "an edit of a question", body: { messages: [old, QUESTION], messageId: "u1" } },
  ])("$what, which starts a run", async ({ body }) => {
    const engine = engineThatAsked(asked("i1"));
    await (await post(engine, body)).body?.cancel();
    expect([engine.answers.length, engine.starts.length]).toEqual([0, 1]);
  });

  const pending = { ...approved("i1"), state: "approval-requested", approval: { id: "i1" } };
  const text = { type: "text", text: "Aye." };

  it.each([
    { what: "an old message while the last one is silent", user: "ada", messages: [old, QUESTION, message("msg_1", text)] },
    { what: "a decision that was not taken", user: "ada", messages: [QUESTION, message("msg_1", pending)] },
    { what: "a decision that is no decision", user: "ada", messages: [message("msg_1", { ...approved("i1"), approval: { id: "i1", approved: "yes" } })] },
    { what: "an id that nobody asked under", user: "ada", messages: [QUESTION, message("msg_1", approved("i9"))] },
    { what: "a result of a call that nobody asked for", user: "ada", messages: [message("msg_1", given("c1", { state: "output-available", output: true }))] },
    { what: "somebody else", user: "eve", messages: [QUESTION, message("msg_1", approved("i1"))] },
  ])("$what, and it is a problem, named by its chat or not", async ({ user, messages }) => {
    for (const id of ["chat-1", undefined]) {
      const engine = engineThatAsked(asked("i1"));
      const response = await post(engine, { id, messages }, { ...JSON_TYPE, "x-user": user });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: "INTERRUPT_NOT_FOUND" });
      expect([engine.answers, engine.starts]).toEqual([[], []]);
    }
  });

  it("an answer that another one was before, which is told to the client", async () => {
    const engine = engineThatAsked(asked("i1"));
    engine.onAnswer = () => {
      throw new HoldfastError("ALREADY_ANSWERED", "It was declined before.");
    };
    const response = await post(engine, { messages: [QUESTION, message("msg_1", approved("i1"))] });
    expect([response.status, await response.json()]).toEqual([409, { code: "ALREADY_ANSWERED", message: "It was declined before." }]);
  });
});
