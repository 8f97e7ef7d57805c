import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LOCATE, openAgUiDesk, type AgUiDesk } from "./desk.ts";
import { answering, shown, stockAgent } from "./stock-agent.ts";

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

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
