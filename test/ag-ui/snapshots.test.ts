import type { Memory } from "@mastra/memory";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { messagesOfRun } from "../../src/protocols/ag-ui/run-messages.ts";
import { eventsIn, framesIn, LOCATE, openAgUiDesk, runInput, SSE, type AgUiDesk, type WireEvent } from "./desk.ts";
import { answering, shown, stockAgent } from "./stock-agent.ts";

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

const ANN = { resourceId: "ann" } as const;
const CONNECT = "/ag-ui/agents/porter/connect";

describe("a snapshot in the stream of a client", () => {
  it("leaves the ids of the client's messages, also where other threads have the same ones", async () => {
    for (const as of ["ann", "bob"]) {
      const agent = await stockAgent(desk, { threadId: `thread-of-${as}`, as });
      agent.addMessage({ id: "1", role: "user", content: "pay" });
      await agent.runAgent();
      expect(agent.messages.filter(({ role }) => role === "user").map(({ id }) => id)).toEqual(["1"]);
      await agent.runAgent(answering(agent));
      expect(agent.pendingInterrupts).toEqual([]);
      expect(agent.messages.at(-1)?.content).toBe('Told: {"paid":90}');
    }
    expect(desk.executed).toHaveLength(2);
  });

  it("leaves what only the client has: instructions, names, parts that no model can read", async () => {
    const agent = await stockAgent(desk, { threadId: "t", initialMessages: [{ id: "s", role: "system", content: "Speak Latin." }] });
    const content = [
      { type: "text" as const, text: "pay" },
      { type: "document" as const, source: { type: "file" as const, value: "handle-1" } },
    ];
    agent.addMessage({ id: "u1", role: "user", name: "Ann", metadata: { from: "page" }, content } as never);
    const [system, user] = structuredClone(agent.messages);
    await agent.runAgent();
    expect(agent.pendingInterrupts).toHaveLength(1);
    expect(agent.messages.slice(0, 2)).toEqual([system, user]);
    await agent.runAgent(answering(agent));
    agent.addMessage({ id: "u2", role: "user", content: "hello" });
    await agent.runAgent();
    expect(JSON.stringify(desk.model.requests.at(-1)?.prompt)).toContain("Speak Latin.");
  });

  it("leaves a result of the page where it is, under the page's own id, turns later too", async () => {
    const tools = [LOCATE];
    const agent = await stockAgent(desk, { threadId: "t" });
    agent.addMessage({ id: "u1", role: "user", content: "locate" });
    await agent.runAgent({ tools });
    agent.addMessage({ id: "r1", role: "tool", toolCallId: "locate-1", content: '{ "place": "Oslo" }' });
    await agent.runAgent({ tools });
    const before = shown(agent);
    agent.addMessage({ id: "u2", role: "user", content: "pay" });
    await agent.runAgent({ tools });
    expect(shown(agent).slice(0, before.length)).toEqual(before);
    const viewer = await stockAgent(desk, { threadId: "t", path: CONNECT });
    await viewer.runAgent();
    expect(shown(viewer).map((message) => (message as { id: string }).id)).toEqual(agent.messages.map(({ id }) => id));
  });

  it("leaves the messages of an agent without memory", async () => {
    const agent = await stockAgent(desk, { threadId: "t", path: "/ag-ui/agents/forgetful/run" });
    agent.addMessage({ id: "u1", role: "user", content: "add" });
    await agent.runAgent();
    const before = shown(agent);
    agent.addMessage({ id: "u2", role: "user", content: "pay" });
    await agent.runAgent();
    expect(agent.pendingInterrupts).toHaveLength(1);
    expect(shown(agent).slice(0, before.length)).toEqual(before);
  });
});

describe("a client that sends no more than its answer", () => {
  it("is told of what was said since the question, too", async () => {
    const agent = await stockAgent(desk, { threadId: "t" });
    agent.addMessage({ id: "u1", role: "user", content: "payask" });
    await agent.runAgent();
    const { resume } = answering(agent);
    const question = { id: "u2", role: "user", parts: [{ type: "text", text: "hello" }] };
    const run = await desk.holdfast.engine.start(ANN, { agentId: "porter", threadId: "t", input: { messages: [question], trigger: "submit" } });
    await vi.waitFor(async () => expect((await desk.holdfast.engine.getRun(ANN, run.id)).status).toBe("completed"), { timeout: 20_000 });
    const events = await eventsIn(await desk.send("/ag-ui/agents/porter/run", runInput("-", { threadId: "t", messages: [], resume }), { headers: SSE }));
    expect(JSON.stringify(events.findLast(({ type }) => type === "MESSAGES_SNAPSHOT"))).toContain("You said hello.");
  });
});

describe("a viewer", () => {
  it("is shown an answer as the memory has it, where somebody has changed it there", async () => {
    const agent = await stockAgent(desk, { threadId: "t" });
    for (const content of ["first", "second"]) {
      agent.addMessage({ id: content, role: "user", content });
      await agent.runAgent();
    }
    const memory = await desk.mastra.getAgent("porter").getMemory();
    const { messages } = (await memory?.recall({ threadId: "t", perPage: false })) ?? { messages: [] };
    const [told] = messages.filter(({ role }) => role === "assistant");
    await (memory as Memory).updateMessages({
      messages: [{ id: told?.id ?? "", content: { format: 2, content: "Struck out.", parts: [{ type: "text", text: "Struck out." }] } }],
    });
    const viewer = await stockAgent(desk, { threadId: "t", path: CONNECT });
    await viewer.runAgent();
    expect(viewer.messages.map(({ content }) => content)).toEqual(["first", "Struck out.", "second", "You said second."]);
  });

  it("of a thread whose agent has no memory is shown each message once, whatever it comes back behind", async () => {
    const path = "/ag-ui/agents/forgetful";
    const agent = await stockAgent(desk, { threadId: "t", path: `${path}/run` });
    agent.addMessage({ id: "u1", role: "user", content: "add" });
    await agent.runAgent();
    const viewing = runInput("-", { threadId: "t", messages: [] });
    const [first] = await framesIn(await desk.send(`${path}/connect`, viewing, { headers: SSE }));
    agent.addMessage({ id: "u2", role: "user", content: "hello" });
    await agent.runAgent();
    const rest = await eventsIn(await desk.send(`${path}/connect`, viewing, { headers: { ...SSE, "last-event-id": first?.id ?? "" } }));
    const snapshot = rest.find(({ type }) => type === "MESSAGES_SNAPSHOT") as WireEvent & { readonly messages: readonly { readonly id: string }[] };
    const ids = snapshot.messages.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("what a run came to", () => {
  const newest = async (as: string, threadId: string): Promise<string> =>
    (await desk.holdfast.engine.listRuns({ resourceId: as }, { threadId, limit: 1 })).runs[0]?.id ?? "";

  it("is told to its owner alone, also where it is remembered", async () => {
    const bob = await stockAgent(desk, { threadId: "of-bob", as: "bob" });
    bob.addMessage({ id: "b1", role: "user", content: "hello" });
    await bob.runAgent();
    const runId = await newest("bob", "of-bob");
    expect(await messagesOfRun(desk.holdfast.engine, { resourceId: "bob" }, runId)).toHaveLength(1);
    expect(await messagesOfRun(desk.holdfast.engine, ANN, runId)).toEqual([]);
  });

  it("is not remembered while it may still change", async () => {
    const response = await desk.send("/ag-ui/agents/porter/run", runInput("wait", { threadId: "t" }), { headers: SSE });
    const runId = await newest("ann", "t");
    expect(JSON.stringify(await messagesOfRun(desk.holdfast.engine, ANN, runId))).not.toContain("And the rest.");
    desk.release();
    await response.text();
    expect(JSON.stringify(await messagesOfRun(desk.holdfast.engine, ANN, runId))).toContain("And the rest.");
  });
});

describe("a viewer that comes after the next turn", () => {
  it.each([
    ["porter", "add"],
    ["porter", "break"],
    ["mindful", "remember"],
    ["forgetful", "add"],
  ])("has the messages of %s under the ids they were streamed with: %s", async (name, text) => {
    const agent = await stockAgent(desk, { threadId: "t", path: `/ag-ui/agents/${name}/run` });
    for (const content of [text, "hello", "again"]) {
      agent.addMessage({ id: `u${agent.messages.length}`, role: "user", content });
      await agent.runAgent();
    }
    const viewer = await stockAgent(desk, { threadId: "t", path: `/ag-ui/agents/${name}/connect` });
    await viewer.runAgent();
    // Of an agent without memory there is what its client sent to the last run, and no model is sent its thoughts again.
    const told = (messages: readonly unknown[]): readonly unknown[] =>
      messages.filter((message) => name !== "forgetful" || (message as { role: string }).role !== "reasoning");
    expect(told(shown(viewer))).toEqual(told(shown(agent)));
  });
});
