import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventsIn, last, openAgUiDesk, runInput, SSE, textOf, type AgUiDesk, type WireEvent } from "./desk.ts";

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

const AN_OBJECT: unknown = expect.objectContaining({ type: "object" });

const RUN = "/ag-ui/agents/porter/run";

interface AskedInterrupt {
  readonly id: string;
  readonly reason: string;
  readonly toolCallId: string;
  readonly [field: string]: unknown;
}

async function asked(
  text: string,
  options: object = {},
): Promise<{ readonly threadId: string; readonly events: readonly WireEvent[]; readonly interrupts: readonly AskedInterrupt[] }> {
  const input = runInput(text, options as Record<string, unknown>);
  const events = await eventsIn(await desk.send(RUN, input, { headers: SSE }));
  const outcome = last(events)["outcome"] as { readonly type: string; readonly interrupts: readonly AskedInterrupt[] };
  expect(outcome.type).toBe("interrupt");
  return { threadId: input.threadId, events, interrupts: outcome.interrupts };
}

function resume(threadId: string, entries: readonly object[], fields: object = {}): Promise<Response> {
  return desk.send(RUN, runInput("-", { threadId, messages: [], resume: entries, ...fields }), { headers: SSE });
}

describe("a run that has to ask", () => {
  it("ends with the interrupt outcome, behind the call and the snapshots", async () => {
    const { events, interrupts } = await asked("pay");
    const types = events.map(({ type }) => type);
    expect(types.slice(-3)).toEqual(["MESSAGES_SNAPSHOT", "STATE_SNAPSHOT", "RUN_FINISHED"]);
    expect(types.indexOf("TOOL_CALL_END")).toBeGreaterThan(0);
    expect(types).not.toContain("TOOL_CALL_RESULT");
    expect(interrupts).toEqual([expect.objectContaining({ reason: "tool_call", toolCallId: "pay-1", responseSchema: AN_OBJECT })]);
    const snapshot = events.findLast(({ type }) => type === "MESSAGES_SNAPSHOT")?.["messages"];
    expect(JSON.stringify(snapshot)).toContain('"pay-1"');
    expect(desk.executed).toEqual([]);
  });

  it("goes on when it is answered, and its result names the same call", async () => {
    const { threadId, interrupts } = await asked("pay");
    const events = await eventsIn(await resume(threadId, [{ interruptId: interrupts[0]?.id, status: "resolved", payload: { approved: true } }]));
    expect(events.find(({ type }) => type === "TOOL_CALL_RESULT")).toMatchObject({ toolCallId: "pay-1", content: '{"paid":90}' });
    expect(textOf(events)).toBe('Told: {"paid":90}');
    expect(desk.executed).toEqual([{ euros: 90 }]);
  });

  it.each([
    ["cancelled", { status: "cancelled" }],
    ["resolved with false", { status: "resolved", payload: false }],
    ["resolved with a decline", { status: "resolved", payload: { approved: false, reason: "Too dear." } }],
  ])("does not execute an approval that is %s, and the model is told", async (_, entry) => {
    const { threadId, interrupts } = await asked("pay");
    const events = await eventsIn(await resume(threadId, [{ interruptId: interrupts[0]?.id, ...entry }]));
    expect(desk.executed).toEqual([]);
    expect(last(events)).toMatchObject({ type: "RUN_FINISHED", outcome: { type: "success" } });
    expect(textOf(events)).toContain("Told:");
  });

  it.each([[false], [0], [""], [null], [{ berth: 4 }]])("hands a tool that suspended the payload %j as it is", async (payload) => {
    const { threadId, interrupts } = await asked("twice");
    const [approval, question] = interrupts;
    const answered = await resume(threadId, [
      { interruptId: question?.id, status: "resolved", payload },
      { interruptId: approval?.id, status: "cancelled" },
    ]);
    expect(last(await eventsIn(answered))).toMatchObject({ outcome: { type: "success" } });
    expect(desk.executed).toEqual([{ told: payload }]);
  });

  it("takes an answer without a payload for null, since clients drop it on the way", async () => {
    const { threadId, interrupts } = await asked("twice");
    await (
      await resume(
        threadId,
        interrupts.map(({ id, reason }) => ({ interruptId: id, status: reason === "tool_call" ? "cancelled" : "resolved" })),
      )
    ).text();
    expect(desk.executed).toEqual([{ told: null }]);
  });

  it("does not execute a tool whose question was cancelled", async () => {
    const { threadId, interrupts } = await asked("twice");
    const events = await eventsIn(
      await resume(
        threadId,
        interrupts.map(({ id }) => ({ interruptId: id, status: "cancelled" })),
      ),
    );
    expect(desk.executed).toEqual([]);
    expect(last(events)).toMatchObject({ outcome: { type: "success" } });
  });

  it("is answered whole or not at all", async () => {
    const { threadId, interrupts } = await asked("twice");
    const half = await resume(threadId, [{ interruptId: interrupts[0]?.id, status: "resolved", payload: { approved: true } }]);
    expect(half.status).toBe(409);
    expect(await half.json()).toMatchObject({ error: { code: "INTERRUPT_OPEN" } });
    const none = await desk.send(RUN, runInput("hello", { threadId }), { headers: SSE });
    expect(none.status).toBe(409);
    expect(desk.executed).toEqual([]);
    const whole = await resume(
      threadId,
      interrupts.map(({ id }) => ({ interruptId: id, status: "resolved", payload: { approved: true } })),
    );
    expect(last(await eventsIn(whole))).toMatchObject({ outcome: { type: "success" } });
    expect(desk.executed).toHaveLength(2);
  });

  it("is answered once: the same list again is the same run, another answer is refused", async () => {
    const { threadId, interrupts } = await asked("pay");
    const entry = { interruptId: interrupts[0]?.id, status: "resolved", payload: { approved: true } };
    const once = await eventsIn(await resume(threadId, [entry]));
    const again = await eventsIn(await resume(threadId, [entry]));
    expect(textOf(again)).toBe(textOf(once));
    const other = await resume(threadId, [{ ...entry, status: "cancelled" }]);
    expect(other.status).toBe(409);
    expect(desk.executed).toHaveLength(1);
  });

  it("is not answered by somebody else, nor from another thread", async () => {
    const { threadId, interrupts } = await asked("pay");
    const entry = { interruptId: interrupts[0]?.id, status: "resolved", payload: { approved: true } };
    const foreign = await desk.send(RUN, runInput("hello", { resume: [entry] }), { as: "bob", headers: SSE });
    expect(textOf(await eventsIn(foreign))).toBe("You said hello.");
    const elsewhere = await desk.send(RUN, runInput("hello", { resume: [entry] }), { headers: SSE });
    expect(textOf(await eventsIn(elsewhere))).toBe("You said hello.");
    expect(desk.executed).toEqual([]);
    expect((await (await resume(threadId, [entry])).text()).includes("RUN_FINISHED")).toBe(true);
    expect(desk.executed).toHaveLength(1);
  });

  it("waits for the page's tools as well, and names them as pending, not as interrupts", async () => {
    const tools = [{ name: "locate", description: "Where." }];
    const { threadId, events, interrupts } = await asked("mixed", { tools });
    expect(interrupts.map(({ toolCallId }) => toolCallId)).toEqual(["pay-1"]);
    const calls = events
      .filter(({ type }) => type === "TOOL_CALL_START")
      .map(({ toolCallId, toolCallName }) => ({ id: toolCallId, type: "function", function: { name: toolCallName, arguments: "{}" } }));
    const messages = [
      { id: "a", role: "assistant", toolCalls: calls },
      { id: "t", role: "tool", toolCallId: "locate-1", content: "Oslo" },
    ];
    const entry = { interruptId: interrupts[0]?.id, status: "resolved", payload: { approved: true } };
    const answered = await eventsIn(await resume(threadId, [entry], { messages, tools }));
    expect(textOf(answered)).toBe('Told: {"paid":90} "Oslo"');
  });
});

describe("a question that expired", () => {
  it("can only be cancelled, and the run ends as such", async () => {
    await desk.close();
    desk = await openAgUiDesk({ interruptTtlMs: 0 });
    const { threadId, interrupts } = await asked("pay");
    expect(Number.isNaN(Date.parse(String(interrupts[0]?.["expiresAt"])))).toBe(false);
    const late = await resume(threadId, [{ interruptId: interrupts[0]?.id, status: "resolved", payload: { approved: true } }]);
    expect(late.status).toBe(409);
    const events = await eventsIn(await resume(threadId, [{ interruptId: interrupts[0]?.id, status: "cancelled" }]));
    expect(last(events)).toMatchObject({ type: "RUN_FINISHED", outcome: { type: "cancelled" } });
    expect(desk.executed).toEqual([]);
    expect(textOf(await eventsIn(await desk.send(RUN, runInput("hello", { threadId }), { headers: SSE })))).toBe("You said hello.");
  });
});

describe("two interrupts that are pending when the server dies", () => {
  it("are answered after the restart, and the run goes on", async () => {
    const { threadId, interrupts } = await asked("twice");
    await desk.restart();
    const events = await eventsIn(
      await resume(
        threadId,
        interrupts.map(({ id }) => ({ interruptId: id, status: "resolved", payload: { approved: true } })),
      ),
    );
    expect(last(events)).toMatchObject({ outcome: { type: "success" } });
    expect(desk.executed).toHaveLength(2);
  });
});
