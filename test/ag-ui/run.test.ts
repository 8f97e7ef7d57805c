import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventsIn, framesIn, last, openAgUiDesk, runInput, SSE, textOf, type AgUiDesk } from "./desk.ts";

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

const RUN = "/ag-ui/agents/porter/run";

describe("a run", () => {
  it("streams under the ids of its request, each event with an id of its own and a time", async () => {
    const input = runInput("hello");
    const response = await desk.send(RUN, input, { headers: SSE });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const frames = await framesIn(response);
    const events = frames.map(({ event }) => event);
    expect(events[0]).toMatchObject({ type: "RUN_STARTED", threadId: input.threadId, runId: input.runId, protocolVersion: "1.0" });
    expect(textOf(events)).toBe("You said hello.");
    expect(last(events)).toMatchObject({ type: "RUN_FINISHED", threadId: input.threadId, runId: input.runId, outcome: { type: "success" } });
    expect(last(events)["usage"]).toEqual([expect.objectContaining({ provider: "scripted", model: "script-1", inputTokens: 20, outputTokens: 10 })]);
    expect(new Set(frames.map(({ id }) => id)).size).toBe(frames.length);
    expect(events.every(({ timestamp }) => Number.isInteger(timestamp))).toBe(true);
    const run: unknown = await (await desk.send(`/v1/runs/${response.headers.get("x-holdfast-run-id")}`)).json();
    expect(run).toMatchObject({ threadId: input.threadId, status: "completed", agentId: "porter" });
  });

  it("executes the server's tools and streams arguments and results", async () => {
    const events = await eventsIn(await desk.send(RUN, runInput("add"), { headers: SSE }));
    const args = events.filter(({ type }) => type === "TOOL_CALL_ARGS").map(({ delta }) => delta);
    expect(JSON.parse(args.join(""))).toEqual({ a: 1, b: 2 });
    expect(events.find(({ type }) => type === "TOOL_CALL_RESULT")).toMatchObject({ toolCallId: "add-1", content: '{"sum":3}', role: "tool" });
    expect(textOf(events)).toContain('Told: {\\"sum\\":3}'.replaceAll("\\", ""));
  });

  it("tells the model the context and the instructions of the request, and keeps neither in the thread", async () => {
    const input = runInput("hello", { context: [{ description: "The page", value: "Basket with 3 plums" }] });
    const system = { id: "s-1", role: "system", content: "Speak Latin." };
    await (await desk.send(RUN, { ...input, messages: [system, ...input.messages] }, { headers: SSE })).text();
    const prompt = JSON.stringify(desk.model.requests.at(-1)?.prompt);
    expect(prompt).toContain("Basket with 3 plums");
    expect(prompt).toContain("Speak Latin.");
    const kept = JSON.stringify(await (await desk.send(`/api/chat/${input.threadId}/messages`)).json());
    expect(kept).not.toContain("plums");
    expect(kept).not.toContain("Latin");
  });

  it("takes only what is new from the history that a client sends", async () => {
    const first = runInput("one");
    const events = await eventsIn(await desk.send(RUN, first, { headers: SSE }));
    const answerId = events.find(({ type }) => type === "TEXT_MESSAGE_START")?.["messageId"];
    const second = runInput("two", { threadId: first.threadId });
    const history = [...first.messages, { id: answerId, role: "assistant", content: "You said one." }, ...second.messages];
    await (await desk.send(RUN, { ...second, messages: history }, { headers: SSE })).text();
    const { messages } = (await (await desk.send(`/api/chat/${first.threadId}/messages`)).json()) as { messages: { id: string; role: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(messages[1]?.id).toBe(answerId);
  });

  it("takes the whole conversation from the client where the agent has no memory", async () => {
    const first = { id: "m-a", role: "user", content: "one" };
    const answer = {
      id: "m-b",
      role: "assistant",
      content: "You said one.",
      toolCalls: [{ id: "c-1", type: "function", function: { name: "find", arguments: '{"q":"x"}' } }],
    };
    const result = { id: "m-c", role: "tool", toolCallId: "c-1", content: "found it" };
    const input = runInput("two");
    await (await desk.send("/ag-ui/agents/forgetful/run", { ...input, messages: [first, answer, result, ...input.messages] }, { headers: SSE })).text();
    const prompt = JSON.stringify(desk.model.requests.at(-1)?.prompt);
    for (const said of ["one", "You said one.", "found it", "two"]) expect(prompt).toContain(said);
  });

  it("hands the model the pictures of a message, and passes over a part that it could not read", async () => {
    const content = [
      { type: "text", text: "look" },
      { type: "image", source: { type: "data", value: "aGk=", mimeType: "image/png" } },
      { type: "document", source: { type: "file", value: "handle-1" } },
    ];
    const input = runInput("-", { messages: [{ id: "m-picture", role: "user", content }] });
    const events = await eventsIn(await desk.send(RUN, input, { headers: SSE }));
    expect(textOf(events)).toBe("You said look.");
    const prompt = JSON.stringify(desk.model.requests.at(-1)?.prompt);
    expect(prompt).toContain("image/png");
    expect(prompt).not.toContain("handle-1");
  });

  it("is one run, however often the same request is sent", async () => {
    const input = runInput("hello");
    const responses = await Promise.all([1, 2].map(() => desk.send(RUN, input, { headers: SSE })));
    const [one, other] = await Promise.all(responses.map((response) => response.text()));
    expect(one).toBe(other);
    expect(desk.model.requests).toHaveLength(1);
  });
});

describe("a request that cannot be served", () => {
  const message = { id: "m", role: "user", content: "x" };
  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no threadId", { runId: "r", messages: [message] }],
    ["an empty runId", { threadId: "t", runId: "", messages: [message] }],
    ["a control character in an id", { threadId: "t\n", runId: "r", messages: [message] }],
    ["a message of an unknown role", { threadId: "t", runId: "r", messages: [{ ...message, role: "bad" }] }],
    ["a tool without a name", { threadId: "t", runId: "r", messages: [message], tools: [{ description: "d" }] }],
    ["nothing that is new", { threadId: "t", runId: "r", messages: [{ id: "a", role: "assistant", content: "hi" }] }],
    ["no message at all", { threadId: "t", runId: "r", messages: [] }],
  ])("is refused before any stream: %s", async (_, body) => {
    const response = await desk.send(RUN, body, { headers: SSE });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "INPUT_INVALID" } });
    expect(desk.model.requests).toHaveLength(0);
  });

  it("nested without a bound is a 400, not a fault of the server", async () => {
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    const body = JSON.stringify(runInput("x")).replace('"state":{}', `"state":${deep}`);
    expect((await desk.send(RUN, body, { headers: SSE })).status).toBe(400);
  });

  it("carries members that nobody knows, and is served without them", async () => {
    const response = await desk.send(RUN, { ...runInput("hello"), fancy: { new: true } }, { headers: SSE });
    expect(last(await eventsIn(response)).type).toBe("RUN_FINISHED");
  });

  it("names an agent that is not there, or comes without a token", async () => {
    expect((await desk.send("/ag-ui/agents/nobody/run", runInput("x"))).status).toBe(404);
    const anonymous = await desk.holdfast.fetch(new Request(`http://desk.test${RUN}`, { method: "POST", body: JSON.stringify(runInput("x")) }));
    expect(anonymous.status).toBe(401);
  });

  it("finds the thread busy, and says which run is at work", async () => {
    const busy = runInput("wait");
    const streaming = await desk.send(RUN, busy, { headers: SSE });
    const refused = await desk.send(RUN, runInput("hello", { threadId: busy.threadId }), { headers: SSE });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ error: { code: "THREAD_BUSY" } });
    desk.release();
    await streaming.text();
  });

  it("uses the id of another run of the thread", async () => {
    const input = runInput("one");
    await (await desk.send(RUN, input, { headers: SSE })).text();
    const refused = await desk.send(RUN, { ...runInput("two", { threadId: input.threadId }), runId: input.runId }, { headers: SSE });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ error: { code: "RUN_ID_USED" } });
  });

  it("is of somebody else's thread, which is not there for it", async () => {
    const input = runInput("one");
    await (await desk.send(RUN, input, { headers: SSE })).text();
    const refused = await desk.send(RUN, runInput("two", { threadId: input.threadId }), { as: "bob", headers: SSE });
    expect(refused.status).toBe(404);
  });
});
