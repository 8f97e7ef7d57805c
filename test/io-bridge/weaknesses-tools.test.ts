import { HttpAgent } from "@ag-ui/client";
import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { call, say, toolResultsIn, type PromptMessage, type Script } from "../../src/testkit/scripted-model.ts";
import { browserTool, resultPath, runBody, startRun, textOf, typesOf } from "./events.ts";
import { answeredBy, ASKS, fetchFrom, hold, runNamed } from "./holding.ts";
import { hosts, json, MOUNTS } from "./host.ts";

const { open, close } = hosts();
afterEach(close);

/** A hold that is over at once. */
const SHORT = { toolTimeoutMs: 1 };

describe.each(MOUNTS)("through %s", (mount) => {
  test("a hold that nobody answers ends as a run with a pending call, which a later result answers, once", async () => {
    const host = await open({ mount, script: ASKS });
    const { events, runId, answer, callId } = await hold(host, { forwardedProps: SHORT, protocolVersion: "1.0" });
    const all = await events.rest();
    expect(all.at(-1)).toMatchObject({ type: "RUN_FINISHED", outcome: { type: "success", pendingToolCallIds: [callId] } });
    expect(typesOf(all)).not.toContain("TOOL_CALL_RESULT");

    expect((await answer({ result: "pear" })).status).toBe(200);
    expect((await answer({ result: "pear" })).status).toBe(200);
    expect((await answer({ result: "plum" })).status).toBe(409);
    const parked = await runNamed(host, runId);
    await vi.waitFor(async () => expect((await host.engine.getChildRun(parked))?.status).toBe("completed"));
    expect(host.model.requests).toHaveLength(2);
  });

  test("a hold that nobody answers is answered by a tool message of the next input just as well", async () => {
    const host = await open({ mount, script: ASKS });
    const held = await hold(host, { forwardedProps: SHORT });
    await held.events.rest();
    const { threadId } = held.body;
    const next = await startRun(host, runBody({ threadId, messages: answeredBy(held, "pear"), tools: [browserTool("pick")] }));
    expect(textOf(await next.rest())).toBe('Got ["pear"].');
    // How long the run that goes on may be held is for this request to say.
    expect((await runNamed(host, String(next.seen.at(-1)?.["runId"]))).input.holdMs).toBe(300_000);
    expect((await held.answer({ content: "pear" })).status).toBe(200);
    expect((await held.answer({ content: "plum" })).status).toBe(409);
    expect(host.model.requests).toHaveLength(2);
  });

  test("what a parked run asks next, once it goes on, is answered under the id that the client gave the run", async () => {
    const picks = (prompt: readonly PromptMessage[]): number => toolResultsIn(prompt).length;
    const host = await open({ mount, script: (prompt) => (picks(prompt) < 2 ? [call("pick", { number: picks(prompt) })] : [say("Both.")]) });
    const { events, runId, answer } = await hold(host, { forwardedProps: SHORT });
    await events.rest();
    expect((await answer({ result: 1 })).status).toBe(200);
    const parked = await runNamed(host, runId);
    await vi.waitFor(async () => expect((await host.engine.getChildRun(parked))?.status).toBe("suspended"));
    const { interrupts } = await host.engine.listInterrupts({ resourceId: "ann" }, { limit: 1 });
    const second = await host.send("POST", resultPath(runId, String(interrupts[0]?.toolCallId)), { body: { result: 2 } });
    expect(second.status).toBe(200);
    await vi.waitFor(async () => expect((await host.engine.listRuns({ resourceId: "ann" }, { limit: 1 })).runs[0]?.status).toBe("completed"));
    expect((await answer({ result: 1 })).status).toBe(200);
  });

  test("a client that runs its tools between two runs asks for that, and waits for nothing", async () => {
    const host = await open({ mount, script: ASKS });
    const agent = new HttpAgent({
      url: "http://host.test/io-bridge/run",
      headers: { "x-user": "ann" },
      initialMessages: [{ id: "q1", role: "user", content: "Pick." }],
      fetch: fetchFrom(host),
    });
    const tools = [{ name: "pick", description: "picks", parameters: {} }];
    await agent.runAgent({ tools, forwardedProps: { twoRun: true } });
    const asked = agent.messages.at(-1);
    const toolCallId = asked?.role === "assistant" ? String(asked.toolCalls?.[0]?.id) : "";
    agent.addMessage({ id: "t1", role: "tool", toolCallId, content: "pear" });
    await agent.runAgent({ tools, forwardedProps: { twoRun: true } });
    expect(agent.messages.at(-1)?.content).toBe('Got ["pear"].');
  });

  test("a waiting call lives in the store: another node takes its result, and the stream goes on where it is", async () => {
    const host = await open({ mount, script: ASKS });
    const { events, answer } = await hold(host);
    const elsewhere = await host.second();
    expect((await answer({ result: "pear" }, { through: elsewhere })).status).toBe(200);
    expect(textOf(await events.rest())).toContain("pear");
  });

  test("a waiting call survives a deploy", async () => {
    const host = await open({ mount, script: ASKS });
    const { events, body, answer } = await hold(host);
    const seen = events.seen.at(-1)?.frameId ?? "";
    await vi.waitFor(async () => expect((await runNamed(host, body.runId)).status).toBe("waiting"));
    await host.restart();
    expect((await answer({ result: "pear" })).status).toBe(200);
    const rest = await (await startRun(host, body, { headers: { "last-event-id": seen } })).rest();
    expect(textOf(rest)).toContain("pear");
    expect(typesOf(rest).slice(-1)).toEqual(["RUN_FINISHED"]);
  });

  test("a request says how long its hold is, and a call that is parked has no deadline", async () => {
    const host = await open({ mount, script: ASKS });
    const { events, runId } = await hold(host, { forwardedProps: { toolTimeoutMs: 60_000 } });
    await vi.waitFor(async () => expect((await runNamed(host, runId)).status).toBe("waiting"));
    expect((await runNamed(host, runId)).input.holdMs).toBe(60_000);
    await events.drop();
    const { interrupts } = await host.engine.listInterrupts({ resourceId: "ann" }, { limit: 10 });
    expect(interrupts).toMatchObject([{ status: "pending", kind: "frontend-tool" }]);
    expect(interrupts[0]).not.toHaveProperty("expiresAt");
    const unasked = await hold(host);
    expect((await runNamed(host, unasked.runId)).input.holdMs).toBe(300_000);
    await unasked.events.drop();
  });

  test("a guessed result is refused, and a result that is sent again after a lost answer is 200", async () => {
    const host = await open({ mount, script: ASKS });
    const { events, answer } = await hold(host);
    expect((await answer({ result: "forged" }, { user: "mallory" })).status).toBe(404);
    const [first, again] = [await answer({ result: "pear" }), await answer({ result: "pear" })];
    expect([first.status, again.status]).toEqual([200, 200]);
    const all = await events.rest();
    expect(textOf(all)).toContain("pear");
    expect(JSON.stringify(all)).not.toContain("forged");
  });

  test("tools of the server are left as they are, and runs that use one call id get each their own result, before the text that uses it", async () => {
    const script: Script = (prompt) => {
      const text = JSON.stringify(prompt);
      if (!text.includes("tool-result")) return [call("echo", { word: text.includes("red") ? "red" : "blue" }, { id: "call_0" })];
      return [say(text.includes('"RED"') ? "Red it is." : "Blue it is.")];
    };
    const echo = createTool({
      id: "echo",
      description: "shouts",
      inputSchema: z.object({ word: z.string() }),
      execute: ({ word }) => Promise.resolve(word.toUpperCase()),
    });
    const { execute } = echo;
    // Given as a function, the tools are another object in each run.
    const host = await open({ mount, script, agent: { tools: () => ({ echo }) } });
    const texts = await Promise.all(
      ["red", "blue"].map(async (text) => {
        const events = await (await startRun(host, runBody({ text }))).rest();
        const types = typesOf(events);
        expect(types.indexOf("TOOL_CALL_RESULT")).toBeLessThan(types.indexOf("TEXT_MESSAGE_START"));
        expect(types.filter((type) => type === "TOOL_CALL_RESULT")).toHaveLength(1);
        return [events.find(({ type }) => type === "TOOL_CALL_RESULT")?.["content"], textOf(events)];
      }),
    );
    expect(texts).toEqual([
      ["RED", "Red it is."],
      ["BLUE", "Blue it is."],
    ]);
    expect(echo.execute).toBe(execute);
  });

  test("a tool that fails has its result on the wire like any other", async () => {
    const broken = createTool({ id: "broken", description: "breaks", execute: () => Promise.reject(new Error("out of fruit")) });
    const host = await open({ mount, script: (_prompt, number) => (number === 1 ? [call("broken")] : [say("Sorry.")]), tools: { broken } });
    const events = await (await startRun(host, runBody({}))).rest();
    expect(events.filter(({ type }) => type === "TOOL_CALL_RESULT")).toMatchObject([{ content: expect.stringContaining("out of fruit") as string }]);
    expect(await json(await host.send("GET", "/io-bridge/agents"))).toHaveLength(2);
  });
});
