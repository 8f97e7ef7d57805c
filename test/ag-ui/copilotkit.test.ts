import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventsIn, framesIn, last, openAgUiDesk, runInput, textOf, type AgUiDesk } from "./desk.ts";

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

const A_TEXT: unknown = expect.any(String);
const NAMES_RUN_ID: unknown = expect.stringContaining("runId");

const RUN = "/copilotkit/agent/porter/run";
const CONNECT = "/copilotkit/agent/porter/connect";

/** As pages of CopilotKit 1.75 send it: they name no version. */
function older(text: string, fields: Record<string, unknown> = {}): ReturnType<typeof runInput> {
  const { protocolVersion: _none, ...input } = runInput(text, fields);
  return input;
}

describe("info", () => {
  it("lists the agents with what they can do, and says what there is not", async () => {
    const info = (await (await desk.send("/copilotkit/info")).json()) as { agents: Record<string, unknown> };
    expect(info).toMatchObject({ version: A_TEXT, mode: "sse", audioFileTranscriptionEnabled: false });
    expect(info.agents["porter"]).toMatchObject({ name: "Porter", description: "Carries.", capabilities: { transport: { resumable: true } } });
    expect(info).toMatchObject({ threadEndpoints: { list: true, inspect: true, mutations: false, realtimeMetadata: false } });
  });
});

describe("run", () => {
  it("streams, and its events can be resumed behind any of them", async () => {
    const input = older("hello");
    const frames = await framesIn(await desk.send(RUN, input));
    expect(last(frames.map(({ event }) => event)).type).toBe("RUN_FINISHED");
    const rest = await framesIn(await desk.send(RUN, input, { headers: { "last-event-id": frames[2]?.id ?? "" } }));
    expect(rest).toEqual(frames.slice(3));
  });

  it("refuses in the runtime's own words", async () => {
    const bad = await desk.send(RUN, { threadId: "t" });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toEqual({ error: "Invalid request body", details: NAMES_RUN_ID });
    const unknown = await desk.send("/copilotkit/agent/nobody/run", older("x"));
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toEqual({ error: "Agent not found", message: A_TEXT });
    expect((await desk.send(RUN, undefined, { method: "GET" })).status).toBe(405);
  });

  it("on a busy thread is an error, not an empty stream", async () => {
    const input = older("wait");
    const streaming = await desk.send(RUN, input);
    expect((await desk.send(RUN, older("hello", { threadId: input.threadId }))).status).toBe(409);
    desk.release();
    await streaming.text();
  });
});

describe("connect", () => {
  it("to a thread that nobody knows is an empty stream, also where the thread is somebody else's", async () => {
    const input = older("hello");
    await (await desk.send(RUN, input)).text();
    for (const [threadId, as] of [
      ["new-one", "ann"],
      [input.threadId, "bob"],
    ] as const) {
      const response = await desk.send(CONNECT, older("-", { threadId, messages: [] }), { as });
      expect(response.status).toBe(200);
      expect(await framesIn(response)).toEqual([]);
    }
  });

  it("shows the conversation, and the end of its last run", async () => {
    const input = older("hello");
    await (await desk.send(RUN, input)).text();
    const events = await eventsIn(await desk.send(CONNECT, older("-", { threadId: input.threadId, messages: [], lastSeenEventId: "x" })));
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["RUN_STARTED", "MESSAGES_SNAPSHOT", "STATE_SNAPSHOT", "RUN_FINISHED"]));
    expect(JSON.stringify(events[1]?.["messages"])).toContain("You said hello.");
  });
});

describe("stop", () => {
  it("cancels the run that is under way, and its stream ends in a way that is no success", async () => {
    const input = older("wait");
    const streaming = await desk.send(RUN, input);
    const path = `/copilotkit/agent/porter/stop/${input.threadId}`;
    expect(await (await desk.send(path, { runId: "another" })).json()).toMatchObject({ stopped: false });
    const stopped = await desk.send(path, undefined, { method: "POST" });
    expect(await stopped.json()).toEqual({ stopped: true, interrupt: { type: "RUN_ERROR", message: A_TEXT, code: "STOPPED" } });
    const events = await eventsIn(streaming);
    expect(events.filter(({ type }) => type === "CUSTOM")).toEqual([expect.objectContaining({ name: "holdfast.canceled" })]);
    expect(last(events)).toMatchObject({ type: "RUN_ERROR", code: "abort" });
    expect(textOf(events)).toBe("Half of it.");
    expect(await (await desk.send(path, {})).json()).toMatchObject({ stopped: false, message: A_TEXT });
  });

  it("refuses what it does not understand, and does not stop what somebody else runs", async () => {
    const input = older("wait");
    const streaming = await desk.send(RUN, input);
    const path = `/copilotkit/agent/porter/stop/${input.threadId}`;
    for (const body of ["{", [], { runId: "" }, { runId: 1 }, { all: true }]) expect((await desk.send(path, body)).status).toBe(400);
    expect((await desk.send(`/copilotkit/agent/nobody/stop/${input.threadId}`, {})).status).toBe(404);
    expect(await (await desk.send(path, {}, { as: "bob" })).json()).toMatchObject({ stopped: false });
    desk.release();
    expect(textOf(await eventsIn(streaming))).toBe("Half of it. And the rest.");
  });
});

describe("threads", () => {
  it("are listed to their owner, and can be looked into", async () => {
    const input = older("add");
    await (await desk.send(RUN, input)).text();
    const { threads } = (await (await desk.send("/copilotkit/threads?agentId=porter")).json()) as { threads: Record<string, unknown>[] };
    expect(threads).toEqual([
      {
        id: input.threadId,
        name: null,
        agentId: "porter",
        organizationId: "ann",
        createdById: "ann",
        archived: false,
        createdAt: A_TEXT,
        updatedAt: A_TEXT,
      },
    ]);
    expect(await (await desk.send("/copilotkit/threads?agentId=mindful")).json()).toMatchObject({ threads: [] });
    expect(await (await desk.send("/copilotkit/threads", undefined, { as: "bob" })).json()).toMatchObject({ threads: [] });
    const { messages } = (await (await desk.send(`/copilotkit/threads/${input.threadId}/messages`)).json()) as { messages: Record<string, unknown>[] };
    expect(messages).toContainEqual(expect.objectContaining({ role: "assistant", toolCalls: [{ id: "add-1", name: "add", args: '{"a":1,"b":2}' }] }));
    expect(messages).toContainEqual(expect.objectContaining({ role: "tool", toolCallId: "add-1", content: '{"sum":3}' }));
    const { events } = (await (await desk.send(`/copilotkit/threads/${input.threadId}/events`)).json()) as { events: { type: string }[] };
    expect(events.map(({ type }) => type)).toContain("MESSAGES_SNAPSHOT");
    expect(await (await desk.send(`/copilotkit/threads/${input.threadId}/state`)).json()).toEqual({ state: {} });
    expect((await desk.send(`/copilotkit/threads/${input.threadId}/messages`, undefined, { as: "bob" })).status).toBe(404);
  });

  it("are not changed by these routes", async () => {
    for (const [path, method] of [
      ["/copilotkit/threads/t", "PATCH"],
      ["/copilotkit/threads/t", "DELETE"],
      ["/copilotkit/threads/t/archive", "POST"],
    ] as const) {
      expect((await desk.send(path, { agentId: "porter" }, { method })).status).toBe(422);
    }
  });
});
