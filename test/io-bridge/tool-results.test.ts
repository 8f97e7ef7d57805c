import { afterEach, describe, expect, test, vi } from "vitest";
import { call, hang, say, type Script } from "../../src/testkit/scripted-model.ts";
import { browserTool, resultPath, runBody, startRun, textOf, typesOf } from "./events.ts";
import { ASKS, hold, runNamed } from "./holding.ts";
import { hosts, json, MOUNTS } from "./host.ts";

const { open, close } = hosts();
afterEach(close);

describe.each(MOUNTS)("through %s", (mount) => {
  test.each([
    [{ result: { fruit: "pear" } }, '{"fruit":"pear"}'],
    [{ result: null }, "null"],
    [{ result: false }, "false"],
    [{ content: "pear" }, '"pear"'],
    [{ error: "no fruit" }, "no fruit"],
  ])("the result %j goes on in the same run and the same stream", async (given, shown) => {
    const host = await open({ mount, script: ASKS });
    const { events, runId, callId, answer } = await hold(host);
    const response = await answer(given);
    expect([response.status, await json(response)]).toEqual([200, { ok: true }]);
    const all = await events.rest();
    expect(typesOf(all).filter((type) => type.startsWith("RUN_"))).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
    expect(all.find(({ type }) => type === "TOOL_CALL_RESULT")).toMatchObject({ messageId: `tool-result-${callId}`, toolCallId: callId, role: "tool" });
    expect(textOf(all)).toContain(shown);
    expect(all.at(-1)).toMatchObject({ type: "RUN_FINISHED", runId });
  });

  test("the same result again is 200 and does nothing; another one is a conflict", async () => {
    const host = await open({ mount, script: ASKS });
    const { events, answer } = await hold(host);
    const repeats = await Promise.all([answer({ result: 1 }), answer({ result: 1 })]);
    expect(repeats.map(({ status }) => status)).toEqual([200, 200]);
    await events.rest();
    expect((await answer({ result: 1 })).status).toBe(200);
    const conflict = await answer({ result: 2 });
    expect([conflict.status, (await json(conflict))["code"]]).toEqual([409, "TOOL_RESULT_CONFLICT"]);
    expect(host.model.requests).toHaveLength(2);
  });

  test("an unknown call of a known run is not found, and neither is one that the server executes", async () => {
    const host = await open({ mount, script: [[call("add", { a: 1, b: 2 }, { id: "call-9" })], [say("3.")]] });
    const body = runBody({ tools: [browserTool("pick")] });
    const events = await startRun(host, body);
    const { toolCallId } = await events.until("TOOL_CALL_END");
    await events.rest();
    for (const callId of ["none", String(toolCallId)]) {
      const response = await host.send("POST", resultPath(body.runId, callId), { body: { result: 1 } });
      expect([response.status, (await json(response))["code"]]).toEqual([404, "TOOL_CALL_NOT_FOUND"]);
    }
  });

  test("a run of another owner is answered about exactly like an unknown one", async () => {
    const host = await open({ mount, script: ASKS });
    const { events, answer } = await hold(host);
    const foreign = await answer({ result: "forged" }, { user: "bob" });
    const unknown = await host.send("POST", resultPath("none", "call-1"), { body: { result: "forged" }, user: "bob" });
    expect(foreign.status).toBe(404);
    expect(await json(foreign)).toEqual(await json(unknown));
    await answer({ result: "mine" });
    expect(textOf(await events.rest())).toContain("mine");
  });

  test("a call whose run was canceled while it waited can no longer be answered", async () => {
    const host = await open({ mount, script: ASKS });
    const { events, runId, answer } = await hold(host);
    await vi.waitFor(async () => expect((await runNamed(host, runId)).status).toBe("waiting"));
    await host.engine.cancel({ resourceId: "ann" }, (await runNamed(host, runId)).id);
    await events.rest();
    const response = await answer({ result: 1 });
    expect([response.status, (await json(response))["code"]]).toEqual([409, "RUN_ENDED"]);
  });

  test("a call whose run was canceled before it could ask can no longer be answered", async () => {
    const host = await open({ mount, script: [[call("pick", {}, { id: "call-1" }), hang()]] });
    const { events, runId, answer } = await hold(host);
    const answering = answer({ result: 1 });
    await host.engine.cancel({ resourceId: "ann" }, (await runNamed(host, runId)).id);
    const response = await answering;
    expect([response.status, (await json(response))["code"]]).toEqual([409, "RUN_ENDED"]);
    await events.rest();
  });

  test("a result is accepted as soon as the call has streamed, before the rest of the step is over", async () => {
    const gate = Promise.withResolvers<void>();
    const slow: Script = (_prompt, number) =>
      number === 1 ? [call("pick", {}, { id: "call-1" }), { move: "wait", until: () => gate.promise }, say("And so on.")] : [say("Done.")];
    const host = await open({ mount, script: slow });
    const { events, answer } = await hold(host);
    let isTaken = false;
    const answering = answer({ result: "early" }).then((response) => {
      isTaken = true;
      return response.status;
    });
    await vi.waitFor(async () => expect((await host.engine.listRuns({ resourceId: "ann" }, { limit: 1 })).runs[0]?.status).toBe("running"));
    expect(isTaken).toBe(false);
    gate.resolve();
    expect(await answering).toBe(200);
    expect(textOf(await events.rest())).toContain("Done.");
  });

  test("two calls are answered in reverse order", async () => {
    const script: Script = (_prompt, number) => (number === 1 ? [call("pick", {}, { id: "one" }), call("pick", {}, { id: "two" })] : [say("Both.")]);
    const host = await open({ mount, script });
    const { events, runId, callId } = await hold(host);
    const { toolCallId: second } = await events.until("TOOL_CALL_END");
    for (const [id, result] of [
      [String(second), "b"],
      [callId, "a"],
    ] as const) {
      expect((await host.send("POST", resultPath(runId, id), { body: { result } })).status).toBe(200);
    }
    const all = await events.rest();
    expect(all.filter(({ type }) => type === "TOOL_CALL_RESULT").map(({ toolCallId, content }) => [toolCallId, content])).toEqual(
      expect.arrayContaining([
        [callId, "a"],
        [second, "b"],
      ]),
    );
    expect(all.at(-1)?.type).toBe("RUN_FINISHED");
  });

  test("a body that does not end is given up with its request", async () => {
    const script: Script = () => [call("pick", {}, { id: "call-1" }), { move: "wait", until: () => new Promise(() => undefined) }];
    const host = await open({ mount, script });
    const { events, runId, callId } = await hold(host);
    const gone = new AbortController();
    const waiting = host.send("POST", resultPath(runId, callId), { body: { result: 1 }, signal: gone.signal });
    gone.abort();
    expect((await waiting).status).toBe(503);
    await events.drop();
  });
});
