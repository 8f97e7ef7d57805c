import { afterEach, describe, expect, test, vi } from "vitest";
import { call, say, toolResultsIn, type Script } from "../../src/testkit/scripted-model.ts";
import { browserTool, resultPath, runBody, startRun, textOf } from "./events.ts";
import { answeredBy, ASKS, hold, runNamed } from "./holding.ts";
import { hosts, json, MOUNTS } from "./host.ts";

const { open, close } = hosts();
afterEach(close);

/** Asks the browser twice, one call behind the other. */
const ASKS_TWICE: Script = (prompt) => {
  const count = toolResultsIn(prompt).length;
  return count < 2 ? [call("pick", { of: "fruit" }, { id: `call-${count + 1}` })] : [say("Done.")];
};

describe.each(MOUNTS)("a held run that is answered by a message of another request, through %s", (mount) => {
  test("goes on behind an event under the id of the request that answered, and nothing is started", async () => {
    const host = await open({ mount, script: ASKS });
    const held = await hold(host);
    await vi.waitFor(async () => expect((await runNamed(host, held.runId)).status).toBe("waiting"));
    const body = runBody({ threadId: held.body.threadId, messages: answeredBy(held, "pear"), tools: [browserTool("pick")] });
    const events = await (await startRun(host, body)).rest();
    const count = async (): Promise<number> => (await host.engine.listRuns({ resourceId: "ann" }, { limit: 50 })).runs.length;
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", runId: body.runId });
    for (const [index, { frameId = "" }] of events.entries()) {
      expect(await (await startRun(host, body, { headers: { "last-event-id": frameId } })).rest()).toEqual(events.slice(index + 1));
    }
    expect(await count()).toBe(1);
  });

  test("the next call is answered under the id that the stream shows", async () => {
    const host = await open({ mount, script: ASKS_TWICE });
    const held = await hold(host);
    await vi.waitFor(async () => expect((await runNamed(host, held.runId)).status).toBe("waiting"));
    await held.events.drop();
    const runId = `${held.runId}-answering`;
    const body = runBody({ runId, threadId: held.body.threadId, messages: answeredBy(held, "pear"), tools: [browserTool("pick")] });
    const events = await startRun(host, body);
    expect(await events.until("RUN_STARTED")).toMatchObject({ runId });
    const asked = await events.until(({ type, toolCallId }) => type === "TOOL_CALL_END" && toolCallId !== held.callId);
    // A client knows the run by either id.
    const [known, again] = [await runNamed(host, runId), await runNamed(host, held.runId)];
    expect(known).toEqual(again);
    expect(known.clientRunId).toBe(held.runId);
    const response = await host.send("POST", resultPath(runId, String(asked["toolCallId"])), { body: { result: "plum" } });
    expect([response.status, await json(response)]).toEqual([200, { ok: true }]);
    expect(textOf(await events.rest())).toContain("Done.");
    expect(events.seen.at(-1)).toMatchObject({ type: "RUN_FINISHED", runId });
    const stranger = await host.send("POST", resultPath(runId, "call-2"), { body: { result: "forged" }, user: "bob" });
    expect(stranger.status).toBe(404);
  });
});
