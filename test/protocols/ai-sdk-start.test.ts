import { describe, expect, it, vi } from "vitest";
import { bodyOf, chatBody, ENDING, opening, serverOf, StreamReader, wholeOf } from "./ai-sdk-fixture.ts";
import { FakeEngine } from "./fake-engine.ts";

const JSON_TYPE = { "content-type": "application/json" };

/** The fake engine has written `run-started` itself. */
const REST = [...opening("run_1").slice(1), ...ENDING];

describe("a POST", () => {
  it("starts a run and streams it from its first chunk to [DONE]", async () => {
    const engine = new FakeEngine();
    const body = chatBody({ id: "chat-1", trigger: "submit-message", agentId: "agent" });
    const response = await serverOf(engine).request("/api/chat", { method: "POST", headers: { ...JSON_TYPE, "idempotency-key": "key-1" }, body });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("x-vercel-ai-ui-message-stream")).toBe("v1");
    expect(response.headers.get("x-workflow-run-id")).toBe("run_1");
    expect(response.headers.get("x-holdfast-thread-id")).toBe("chat-1");
    expect(engine.starts).toEqual([
      {
        agentId: "agent",
        threadId: "chat-1",
        idempotencyKey: "key-1",
        input: { trigger: "submit", messages: [{ id: "u1", role: "user", parts: [{ type: "text", text: "When is high water?" }] }] },
      },
    ]);
    engine.push("run_1", ...REST);
    expect(await bodyOf(response)).toEqual({ text: wholeOf("run_1", [...opening("run_1"), ...ENDING]), end: "complete" });
  });

  it("without a chat id, and not declared as JSON, starts a run on a thread that the engine makes", async () => {
    const engine = new FakeEngine();
    const headers = { "content-type": "text/plain;charset=UTF-8" };
    const response = await serverOf(engine).request("/api/chat", { method: "POST", headers, body: chatBody() });
    expect(response.headers.get("x-holdfast-thread-id")).toBe("made-thread");
    expect(engine.starts[0]).not.toHaveProperty("threadId");
    expect(engine.starts[0]).not.toHaveProperty("idempotencyKey");
    await response.body?.cancel();
  });

  it("names a thread that no header could hold in percent encoding", async () => {
    const response = await serverOf(new FakeEngine()).request("/api/chat", { method: "POST", headers: JSON_TYPE, body: chatBody({ id: "чат 1" }) });
    expect(decodeURIComponent(response.headers.get("x-holdfast-thread-id") ?? "")).toBe("чат 1");
    await response.body?.cancel();
  });

  it("whose client goes away leaves the run alone", async () => {
    const engine = new FakeEngine();
    const response = await serverOf(engine).request("/api/chat", { method: "POST", headers: JSON_TYPE, body: chatBody() });
    const reader = new StreamReader(response);
    await reader.readUntil('"start"');
    expect(engine.openTails).toBe(1);
    await reader.cancel();
    await vi.waitFor(() => expect(engine.openTails).toBe(0));
    expect(engine.cancels).toEqual([]);
  });

  it.each([
    { transport: "DefaultChatTransport", type: "application/json", end: "reset" },
    { transport: "WorkflowChatTransport", type: "text/plain;charset=UTF-8", end: "complete" },
  ])("of $transport is $end when the server closes, so that its client comes back", async ({ type, end }) => {
    const engine = new FakeEngine();
    const response = await serverOf(engine).request("/api/chat", { method: "POST", headers: { "content-type": type }, body: chatBody() });
    const reader = new StreamReader(response);
    await reader.readUntil('"start"');
    engine.close();
    expect(await reader.readUntil(undefined)).not.toContain('"finish"');
    expect(reader.end).toBe(end);
  });

  it.each(["", "x".repeat(256), "zwölf"])("is refused with the idempotency key %j", async (key) => {
    const engine = new FakeEngine();
    const response = await serverOf(engine).request("/api/chat", { method: "POST", headers: { ...JSON_TYPE, "idempotency-key": key }, body: chatBody() });
    expect(response.status).toBe(400);
    expect(engine.starts).toEqual([]);
  });

  it("that cannot be read starts nothing", async () => {
    const engine = new FakeEngine();
    const response = await serverOf(engine).request("/api/chat", { method: "POST", headers: JSON_TYPE, body: '{"messages": "secret"}' });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ code: "INPUT_INVALID", message: "The field messages of the body is missing or not valid." });
    expect(engine.starts).toEqual([]);
  });

  it("hands the whole conversation to an agent without memory", async () => {
    const engine = new FakeEngine();
    engine.hasMemory = false;
    const turn = (id: string, role: string): object => ({ id, role, parts: [{ type: "text", text: id }] });
    const body = chatBody({ messages: [turn("u1", "user"), turn("a1", "assistant"), turn("u2", "user")] });
    const response = await serverOf(engine).request("/api/chat", { method: "POST", headers: JSON_TYPE, body });
    await response.body?.cancel();
    expect(engine.starts[0]?.input.messages.map(({ id }) => id)).toEqual(["u1", "a1", "u2"]);
  });
});

describe("a stop", () => {
  const stop = (engine: FakeEngine, id: string, user = "ada"): Promise<Response> =>
    Promise.resolve(serverOf(engine).request(`/api/chat/${id}/stop`, { method: "POST", headers: { "x-user": user } }));

  it.each(["chat-1", "run_1"])("of %s cancels the active run", async (id) => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    expect(await (await stop(engine, id)).json()).toEqual({ stopped: true, runId: "run_1" });
    expect(engine.cancels).toEqual(["run_1"]);
  });

  it.each(["chat-1", "run_1"])("of %s does nothing when the run has ended", async (id) => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"), ...ENDING);
    expect(await (await stop(engine, id)).json()).toMatchObject({ stopped: false });
    expect(engine.cancels).toEqual([]);
  });

  it.each(["chat-1", "run_1"])("of somebody else's %s finds nothing", async (id) => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    expect((await stop(engine, id, "eve")).status).toBe(404);
    expect(engine.cancels).toEqual([]);
  });
});

describe("the messages of a chat", () => {
  it("come as the page shows them", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1", threadId: "a/b" }, ...opening("run_1", "a/b"));
    engine.threadMessages.set("a/b", [{ id: "u1", role: "user", parts: [] }]);
    const response = await serverOf(engine).request(`/api/chat/${encodeURIComponent("a/b")}/messages`);
    expect(await response.json()).toEqual({ messages: [{ id: "u1", role: "user", parts: [] }] });
  });

  it("of somebody else are not found", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    expect((await serverOf(engine).request("/api/chat/chat-1/messages", { headers: { "x-user": "eve" } })).status).toBe(404);
  });
});
