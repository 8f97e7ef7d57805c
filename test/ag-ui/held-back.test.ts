import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resumableFetch } from "../../src/client/index.ts";
import { COLOUR, credentialsOf, eventsIn, last, LOCATE, openAgUiDesk, parseFrames, runInput, SSE, textOf, type AgUiDesk } from "./desk.ts";
import { answering, stockAgent, typesInto } from "./stock-agent.ts";

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

const RUN = "/ag-ui/agents/porter/run";
const CONNECT = "/ag-ui/agents/porter/connect";
const tools = [LOCATE, COLOUR];

describe("a request with nothing new", () => {
  it("is refused, and does not stream again what the client has", async () => {
    const agent = await stockAgent(desk, { threadId: "t" });
    agent.addMessage({ id: "u1", role: "user", content: "locate" });
    await agent.runAgent({ tools });
    agent.addMessage({ id: "r1", role: "tool", toolCallId: "locate-1", content: "Oslo" });
    await agent.runAgent({ tools });
    const before = JSON.stringify(agent.messages);
    await expect(agent.runAgent({ tools })).rejects.toMatchObject({ status: 400 });
    expect(JSON.stringify(agent.messages)).toBe(before);
  });
});

describe("a page that is loaded again", () => {
  it("sees which of its calls are answered already, and is left with the others", async () => {
    const agent = await stockAgent(desk, { threadId: "t" });
    agent.addMessage({ id: "u1", role: "user", content: "both" });
    await agent.runAgent({ tools });
    agent.addMessage({ id: "r2", role: "tool", toolCallId: "colour-1", content: "red" });
    await agent.runAgent({ tools });
    const reloaded = await stockAgent(desk, { threadId: "t", path: CONNECT });
    const types: string[] = [];
    await reloaded.runAgent({}, typesInto(types));
    expect(reloaded.messages).toContainEqual(expect.objectContaining({ id: "r2", role: "tool", toolCallId: "colour-1", content: "red" }));
    const events = await eventsIn(await desk.send(CONNECT, runInput("-", { threadId: "t", messages: [] }), { headers: SSE }));
    expect(last(events)).toMatchObject({ outcome: { type: "success", pendingToolCallIds: ["locate-1"] } });
  });

  it("sees it too where the conversation has gone on since, and can give what is missing with what it did anew", async () => {
    const agent = await stockAgent(desk, { threadId: "t" });
    agent.addMessage({ id: "u1", role: "user", content: "both" });
    await agent.runAgent({ tools });
    agent.addMessage({ id: "r2", role: "tool", toolCallId: "colour-1", content: "red" });
    await agent.runAgent({ tools });
    agent.addMessage({ id: "u2", role: "user", content: "hello" });
    await agent.runAgent({ tools });
    const reloaded = await stockAgent(desk, { threadId: "t", path: CONNECT });
    await reloaded.runAgent();
    expect(reloaded.messages).toContainEqual(expect.objectContaining({ id: "r2", role: "tool", toolCallId: "colour-1", content: "red" }));
    const again = await stockAgent(desk, { threadId: "t", initialMessages: reloaded.messages });
    again.addMessage({ id: "n1", role: "tool", toolCallId: "locate-1", content: "Oslo" });
    again.addMessage({ id: "n2", role: "tool", toolCallId: "colour-1", content: "green" });
    await again.runAgent({ tools });
    expect(again.messages.at(-1)?.content).toBe('Told: "Oslo" "red"');
  });

  it("is not asked again about an approval that is given", async () => {
    const agent = await stockAgent(desk, { threadId: "t" });
    agent.addMessage({ id: "u1", role: "user", content: "mixed" });
    await agent.runAgent({ tools });
    await agent.runAgent({ ...answering(agent), tools });
    const viewer = await stockAgent(desk, { threadId: "t", path: CONNECT });
    await viewer.runAgent();
    expect(viewer.pendingInterrupts).toEqual([]);
  });
});

describe("an approval", () => {
  it.each([["no"], ["false"], [0], [""], [[]], [{ approved: "false" }], [{ approved: null }], [{ approved: 0 }], [{ reject: true }]])(
    "is not given by %j, which is refused",
    async (payload) => {
      const agent = await stockAgent(desk, { threadId: "t" });
      agent.addMessage({ id: "u1", role: "user", content: "pay" });
      await agent.runAgent();
      await expect(agent.runAgent(answering(agent, { status: "resolved", payload }))).rejects.toMatchObject({ status: 400 });
      expect(desk.executed).toEqual([]);
      await agent.runAgent(answering(agent));
      expect(desk.executed).toHaveLength(1);
    },
  );

  it("of more calls than a list has room for is given for each of them", async () => {
    const agent = await stockAgent(desk, { threadId: "t" });
    agent.addMessage({ id: "u1", role: "user", content: "many" });
    await agent.runAgent();
    expect(agent.pendingInterrupts).toHaveLength(120);
    await agent.runAgent(answering(agent));
    expect(desk.executed).toHaveLength(120);
  });
});

describe("a question that expired", () => {
  it("can be given up twice, which is one run", async () => {
    await desk.close();
    desk = await openAgUiDesk({ interruptTtlMs: 0 });
    const asked = await eventsIn(await desk.send(RUN, runInput("pay", { threadId: "t" }), { headers: SSE }));
    const { interrupts } = last(asked)["outcome"] as { readonly interrupts: readonly { readonly id: string }[] };
    const resume = [{ interruptId: interrupts[0]?.id, status: "cancelled" }];
    for (let again = 0; again < 2; again += 1) {
      const events = await eventsIn(await desk.send(RUN, runInput("-", { threadId: "t", messages: [], resume }), { headers: SSE }));
      expect(last(events)).toMatchObject({ outcome: { type: "cancelled" } });
    }
    expect(((await (await desk.send("/v1/runs?threadId=t")).json()) as { runs: unknown[] }).runs).toHaveLength(2);
  });
});

describe("a cursor", () => {
  it.each([["999999999"], ["999999999p0"], ["0p0"]])("that names no event of the run is refused: %s", async (rest) => {
    const input = runInput("hello");
    const response = await desk.send(RUN, input, { headers: SSE });
    const runId = response.headers.get("x-holdfast-run-id");
    expect(textOf(await eventsIn(response))).toBe("You said hello.");
    expect((await desk.send(RUN, input, { headers: { ...SSE, "last-event-id": `${runId}:${rest}` } })).status).toBe(400);
  });
});

describe("a follower", () => {
  it("of a thread that no run was on yet sees the first one", async () => {
    const thread = await desk.holdfast.engine.createThread({ resourceId: "ann" }, { agentId: "porter" });
    const viewing = await desk.send(`${CONNECT}?follow=true`, runInput("-", { threadId: thread.id, messages: [] }), { headers: SSE });
    expect(viewing.headers.get("x-holdfast-following")).toBe("true");
    const reader = (viewing.body as ReadableStream<Uint8Array>).getReader();
    const input = runInput("hello", { threadId: thread.id });
    await (await desk.send(RUN, input, { headers: SSE })).text();
    let seen = "";
    while (!seen.includes(input.runId) || !seen.slice(seen.indexOf(input.runId)).includes("RUN_FINISHED"))
      seen += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    expect(seen).toContain('"hello"');
  });

  it("of such a thread goes on following when the server is restarted", async () => {
    const thread = await desk.holdfast.engine.createThread({ resourceId: "ann" }, { agentId: "porter" });
    const fetch = resumableFetch({ baseDelayMs: 1, fetch: async (url, init) => desk.holdfast.fetch(new Request(url, init)) });
    const view = runInput("-", { threadId: thread.id, messages: [] });
    const viewing = await fetch(`http://desk.test${CONNECT}?follow=true`, {
      method: "POST",
      headers: { ...SSE, authorization: await credentialsOf("ann") },
      body: JSON.stringify(view),
    });
    const reader = (viewing.body as ReadableStream<Uint8Array>).getReader();
    let seen = "";
    const untilEndOf = async (runId: string): Promise<void> => {
      while (!parseFrames(seen).some(({ event }) => event.type === "RUN_FINISHED" && event["runId"] === runId))
        seen += new TextDecoder().decode((await reader.read()).value);
    };
    await untilEndOf(view.runId);
    await desk.restart();
    const input = runInput("hello", { threadId: thread.id });
    await (await desk.send(RUN, input, { headers: SSE })).text();
    await untilEndOf(input.runId);
    await reader.cancel();
    expect(seen).not.toContain("RUN_ERROR");
  });
});
