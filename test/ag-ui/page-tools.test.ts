import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { COLOUR, eventsIn, last, LOCATE, openAgUiDesk, runInput, SSE, textOf, type AgUiDesk, type WireEvent } from "./desk.ts";

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

const RUN = "/ag-ui/agents/porter/run";
const tools = [LOCATE, COLOUR];

type Input = ReturnType<typeof runInput>;

async function run(input: Input): Promise<readonly WireEvent[]> {
  const response = await desk.send(RUN, input, { headers: SSE });
  expect(response.status).toBe(200);
  return eventsIn(response);
}

/** The history of a client that has seen a run, with what its tools gave. */
function followUp(first: Input, events: readonly WireEvent[], results: readonly Record<string, unknown>[]): Input {
  const calls = events.filter(({ type }) => type === "TOOL_CALL_START");
  const toolCalls = calls.map(({ toolCallId, toolCallName }) => ({ id: toolCallId, type: "function", function: { name: toolCallName, arguments: "{}" } }));
  const answer = { id: calls[0]?.["parentMessageId"], role: "assistant", content: "One moment.", toolCalls };
  return runInput("-", { threadId: first.threadId, tools, messages: [...first.messages, answer, ...results] });
}

const result = (toolCallId: string, content: string, more: object = {}): Record<string, unknown> => ({
  id: `r-${toolCallId}`,
  role: "tool",
  toolCallId,
  content,
  ...more,
});

describe("a tool of the page", () => {
  it("ends the run with its call pending and without a result; the next run's message goes on where it stopped", async () => {
    const first = runInput("locate", { tools });
    const asked = await run(first);
    expect(asked.filter(({ type }) => type.startsWith("TOOL_CALL")).map(({ type }) => type)).not.toContain("TOOL_CALL_RESULT");
    expect(last(asked)).toMatchObject({ type: "RUN_FINISHED", outcome: { type: "success", pendingToolCallIds: ["locate-1"] } });
    const second = followUp(first, asked, [result("locate-1", '{"place":"Oslo"}')]);
    const events = await run(second);
    expect(events[0]).toMatchObject({ type: "RUN_STARTED", runId: second.runId });
    expect(textOf(events)).toBe('Told: {"place":"Oslo"}');
    expect(events.map(({ type }) => type)).not.toContain("TOOL_CALL_RESULT");
    expect(last(events)).toMatchObject({ outcome: { type: "success" } });
    expect(desk.model.requests).toHaveLength(2);
    const { messages } = (await (await desk.send(`/api/chat/${first.threadId}/messages`)).json()) as {
      messages: { role: string; parts: { type: string }[] }[];
    };
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(JSON.stringify(messages[1]?.parts)).toContain("Oslo");
  });

  it("is offered to the model with its schema, in the run that goes on too", async () => {
    const first = runInput("locate", { tools: [LOCATE] });
    const asked = await run(first);
    await run({ ...followUp(first, asked, [result("locate-1", "here")]), tools });
    const offered = desk.model.requests.map(({ options }) => (options as unknown as { tools: { name: string }[] }).tools.map(({ name }) => name));
    expect(offered[0]).toContain("locate");
    expect(offered[0]).not.toContain("colour");
    expect(offered[1]).toEqual(expect.arrayContaining(["locate", "colour"]));
  });

  it("never takes the place of a tool of the server", async () => {
    const events = await run(runInput("add", { tools: [{ ...LOCATE, name: "add" }] }));
    expect(events.find(({ type }) => type === "TOOL_CALL_RESULT")).toMatchObject({ content: '{"sum":3}' });
  });

  it("that failed is an answer too", async () => {
    const first = runInput("locate", { tools });
    const asked = await run(first);
    const events = await run(followUp(first, asked, [result("locate-1", "", { error: "No signal." })]));
    expect(textOf(events)).toContain("No signal.");
  });

  it("is waited for until each call has its result, and the results come in any order", async () => {
    const first = runInput("both", { tools });
    const asked = await run(first);
    expect(last(asked)).toMatchObject({ outcome: { pendingToolCallIds: ["locate-1", "colour-1"] } });
    const half = await run(followUp(first, asked, [result("colour-1", "red")]));
    expect(half.map(({ type }) => type)).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
    expect(last(half)).toMatchObject({ outcome: { type: "success", pendingToolCallIds: ["locate-1"] } });
    expect(desk.model.requests).toHaveLength(1);
    const events = await run(followUp(first, asked, [result("locate-1", "Oslo"), result("colour-1", "red")]));
    expect(textOf(events)).toBe('Told: "Oslo" "red"');
  });

  it("is not answered by what CopilotKit puts into the place of a result", async () => {
    const first = runInput("locate", { tools });
    const asked = await run(first);
    const refused = await desk.send(RUN, followUp(first, asked, [result("locate-1", "Forwarded to client")]), { headers: SSE });
    expect(refused.status).toBe(400);
    expect(desk.model.requests).toHaveLength(1);
  });

  it("is answered once: the same result again is the same run, another one is refused", async () => {
    const first = runInput("locate", { tools });
    const asked = await run(first);
    const answered = followUp(first, asked, [result("locate-1", "Oslo")]);
    const once = await run(answered);
    const again = await run({ ...answered, runId: "run-again" });
    expect(textOf(again)).toBe(textOf(once));
    const other = await desk.send(RUN, { ...followUp(first, asked, [result("locate-1", "Rome")]) }, { headers: SSE });
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ error: { code: "ALREADY_ANSWERED" } });
    expect(desk.model.requests).toHaveLength(2);
  });

  it("whose page has gone does not hold the conversation back", async () => {
    const first = runInput("locate", { tools });
    await run(first);
    const events = await run(runInput("hello", { threadId: first.threadId }));
    expect(textOf(events)).toBe("You said hello.");
  });

  it("of a client before 1.0 ends without the field that it would refuse", async () => {
    const { protocolVersion: _none, ...first } = runInput("locate", { tools });
    const asked = await run(first);
    expect(last(asked)).toMatchObject({ type: "RUN_FINISHED" });
    expect(JSON.stringify(last(asked))).not.toContain("pendingToolCallIds");
  });
});
