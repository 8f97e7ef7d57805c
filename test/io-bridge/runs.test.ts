import { afterEach, describe, expect, test } from "vitest";
import { call, say, type Script } from "../../src/testkit/scripted-model.ts";
import { runBody, startRun, textOf, typesOf, withoutRepeats } from "./events.ts";
import { hosts, json, MOUNTS } from "./host.ts";

const { open, close } = hosts();
afterEach(close);

describe.each(MOUNTS)("through %s", (mount) => {
  test("a run streams its events, each with a timestamp, and ends with one terminal event", async () => {
    const script: Script = (_prompt, number) => (number === 1 ? [say("Adding."), call("add", { a: 1, b: 2 })] : [say("It is 3.")]);
    const host = await open({ mount, script });
    const body = runBody({ text: "1 + 2?" });
    const response = await host.send("POST", "/io-bridge/run", { body, headers: { accept: "text/event-stream" } });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    await response.body?.cancel();

    const events = await (await startRun(host, body)).rest();
    expect(withoutRepeats(typesOf(events))).toEqual([
      "RUN_STARTED",
      "STEP_STARTED",
      "TEXT_MESSAGE_START",
      "TEXT_MESSAGE_CONTENT",
      "TEXT_MESSAGE_END",
      "TOOL_CALL_START",
      "TOOL_CALL_ARGS",
      "TOOL_CALL_END",
      "TOOL_CALL_RESULT",
      "STEP_FINISHED",
      "STEP_STARTED",
      "TEXT_MESSAGE_START",
      "TEXT_MESSAGE_CONTENT",
      "TEXT_MESSAGE_END",
      "STEP_FINISHED",
      "RUN_FINISHED",
    ]);
    const { threadId, runId } = body;
    expect(events[0]).toMatchObject({ threadId, runId });
    expect(events.at(-1)).toMatchObject({ threadId, runId });
    for (const event of events) expect(event["timestamp"]).toEqual(expect.any(Number));
    for (const event of events.filter(({ type }) => type.startsWith("STEP_"))) expect(event["stepName"]).toBe("step");
    const parent = events.find(({ type }) => type === "TEXT_MESSAGE_START")?.["messageId"];
    const toolCallId = events.find(({ type }) => type === "TOOL_CALL_END")?.["toolCallId"];
    expect(events.find(({ type }) => type === "TOOL_CALL_START")).toMatchObject({ toolCallId, toolCallName: "add", parentMessageId: parent });
    expect(events.find(({ type }) => type === "TOOL_CALL_RESULT")).toMatchObject({
      messageId: `tool-result-${String(toolCallId)}`,
      toolCallId,
      content: '{"sum":3}',
      role: "tool",
    });
    // The second request of the same run was an answer from the log.
    expect(host.executed).toEqual(["add"]);
  });

  test("a failure while the run streams is one RUN_ERROR behind everything that was open", async () => {
    const host = await open({ mount, script: [[say("Half", { isCut: true }), { move: "crash", error: new Error("connect ECONNREFUSED 10.0.0.7:5432") }]] });
    const events = await (await startRun(host, runBody({}))).rest();
    expect(typesOf(events).filter((type) => type.startsWith("RUN_"))).toEqual(["RUN_STARTED", "RUN_ERROR"]);
    expect(typesOf(events).slice(-1)).toEqual(["RUN_ERROR"]);
    expect(typesOf(events).indexOf("TEXT_MESSAGE_END")).toBeGreaterThan(0);
    expect(events.at(-1)).toMatchObject({ code: "STREAM_ERROR", message: expect.any(String) as string });
  });

  test.each([
    [undefined, "Main"],
    ["io-agent", "Main"],
    ["main", "Main"],
    ["other", "Other"],
  ])("with the agentId %s the agent %s runs", async (agentId, name) => {
    const host = await open({ mount });
    const body = runBody({ forwardedProps: agentId === undefined ? {} : { agentId } });
    await (await startRun(host, body)).rest();
    const memory = name === "Main" ? host.memory : host.otherMemory;
    expect(await memory.getThreadById({ threadId: String(body.threadId) })).toMatchObject({ resourceId: "ann" });
  });

  test("a run without a thread sees the history that it was sent, and nothing of it is stored", async () => {
    const host = await open({ mount });
    const messages = [
      { id: "q1", role: "user", content: "I am Ann." },
      { id: "a1", role: "assistant", content: "Hello Ann." },
      { id: "q2", role: "user", content: "Who am I?" },
    ];
    const events = await (await startRun(host, runBody({ threadId: undefined, messages }))).rest();
    expect(events[0]?.["threadId"]).toEqual(expect.any(String));
    expect(textOf(events)).toBe("Hello.");
    expect(JSON.stringify(host.model.requests[0]?.prompt)).toMatch(/I am Ann\..*Hello Ann\..*Who am I\?/);
    const { threads } = await host.memory.listThreads({ filter: { resourceId: "ann" }, perPage: false });
    expect(threads).toEqual([]);
    const { messages: stored } = await host.memory.listMessagesByResourceId({ resourceId: "ann", perPage: false });
    expect(stored).toEqual([]);
  });

  test("threadId, runId and messages are all that a run needs", async () => {
    const host = await open({ mount });
    const body = { threadId: "bare", runId: "run-bare", messages: [{ id: "q1", role: "user", content: "Hi" }] };
    expect(textOf(await (await startRun(host, body)).rest())).toBe("Hello.");
  });

  test("what the page knows of its context reaches the model", async () => {
    const host = await open({ mount });
    await (await startRun(host, runBody({ context: [{ description: "The colour of the page", value: "mauve" }] }))).rest();
    expect(JSON.stringify(host.model.requests[0]?.prompt)).toContain("mauve");
  });

  test("memoryOptions go to the memory of the run", async () => {
    const host = await open({ mount });
    const { threadId } = runBody({});
    for (const [text, forwardedProps] of [
      ["One", {}],
      ["Two", { memoryOptions: { lastMessages: false } }],
    ] as const) {
      await (await startRun(host, runBody({ threadId, text, forwardedProps }))).rest();
    }
    expect(JSON.stringify(host.model.requests[1]?.prompt)).not.toContain("One");
  });

  test("a last event id goes on behind that event", async () => {
    const host = await open({ mount, script: [[say("one two three four")]] });
    const body = runBody({});
    const first = await startRun(host, body);
    const { frameId } = await first.until("TEXT_MESSAGE_CONTENT");
    await first.drop();
    const rest = await (await startRun(host, body, { headers: { "last-event-id": frameId } })).rest();
    expect(textOf([...first.seen, ...rest])).toBe("one two three four");
    expect(typesOf(rest)).not.toContain("RUN_STARTED");
    const malformed = await host.send("POST", "/io-bridge/run", { body, headers: { "last-event-id": "?" } });
    expect([malformed.status, (await json(malformed))["code"]]).toEqual([400, "OFFSET_INVALID"]);
  });

  test.each(["*/*", "application/json, */*"])("an Accept of %s gets text, whatever version the client declares", async (accept) => {
    const host = await open({ mount });
    const response = await host.send("POST", "/io-bridge/run", { body: runBody({ protocolVersion: "1.0" }), headers: { accept } });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    await response.body?.cancel();
  });

  test("an Accept that names the binary form gets it", async () => {
    const host = await open({ mount });
    const accept = "application/vnd.ag-ui.event+proto";
    const response = await host.send("POST", "/io-bridge/run", { body: runBody({ protocolVersion: "1.0" }), headers: { accept } });
    expect(response.headers.get("content-type")).toBe(accept);
    await response.body?.cancel();
  });
});

describe.each(MOUNTS)("without authentication, through %s", (mount) => {
  test("the owner that a request names is believed, and a request by id alone acts as its owner", async () => {
    const host = await open({ mount, isOpen: true });
    const thread = await json<{ id: string }>(await host.send("POST", "/io-bridge/threads", { body: { resourceId: "zoe" } }));
    const body = runBody({ threadId: thread.id, forwardedProps: { resourceId: "zoe" } });
    await (await startRun(host, body)).rest();
    expect(await json(await host.send("GET", `/io-bridge/threads/${thread.id}`))).toMatchObject({ resourceId: "zoe" });
    expect(await json(await host.send("GET", `/io-bridge/threads/${thread.id}/messages`))).toHaveLength(2);
    expect((await host.send("GET", "/io-bridge/threads?resourceId=default").then(json)) as unknown).toEqual([]);
    expect((await host.send("DELETE", `/io-bridge/threads/${thread.id}`)).status).toBe(204);
  });

  test("a request that names no owner is of the owner default", async () => {
    const host = await open({ mount, isOpen: true });
    const body = runBody({});
    await (await startRun(host, body)).rest();
    expect(await json(await host.send("GET", "/io-bridge/threads?resourceId=default"))).toMatchObject([{ id: body.threadId, resourceId: "default" }]);
  });

  test("a tool result finds the owner of its run by the id of the run, or by a resourceId in the query", async () => {
    const script: Script = (_prompt, number) => (number % 2 === 1 ? [call("pick", {})] : [say("Done.")]);
    for (const query of ["", "?resourceId=zoe"]) {
      const host = await open({ mount, isOpen: true, script });
      const body = runBody({ tools: [{ name: "pick", description: "picks" }], forwardedProps: { resourceId: "zoe" } });
      const events = await startRun(host, body);
      const { toolCallId } = await events.until("TOOL_CALL_END");
      const path = `/io-bridge/runs/${body.runId}/tool-calls/${String(toolCallId)}/result`;
      expect((await host.send("POST", `${path}?resourceId=eve`, { body: { result: 1 } })).status).toBe(404);
      expect((await host.send("POST", `${path}${query}`, { body: { result: 1 } })).status).toBe(200);
      expect(textOf(await events.rest())).toBe("Done.");
    }
  });
});
