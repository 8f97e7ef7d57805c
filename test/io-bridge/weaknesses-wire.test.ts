import { HttpAgent } from "@ag-ui/client";
import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { RunEvent } from "../../src/core/event.ts";
import { agUiEncoder } from "../../src/protocols/ag-ui/encode.ts";
import { call, crash, say, think, type Script } from "../../src/testkit/scripted-model.ts";
import { runBody, startRun, textOf, typesOf } from "./events.ts";
import { fetchFrom } from "./holding.ts";
import { hosts, json, MOUNTS } from "./host.ts";

const { open, close } = hosts();
afterEach(close);

const SCHEMA = { type: "object", properties: { colour: { type: "string" } }, required: ["colour"], additionalProperties: false };

describe.each(MOUNTS)("through %s", (mount) => {
  test("a request that names no agent gets io-agent, and none in its place where there is no such agent", async () => {
    const host = await open({ mount, agent: { id: "clerk" } });
    const response = await host.send("POST", "/io-bridge/run", { body: runBody({}) });
    expect([response.status, (await json(response))["code"]]).toEqual([404, "AGENT_NOT_FOUND"]);
    expect(host.model.requests).toEqual([]);
  });

  test.each([SCHEMA, JSON.stringify(SCHEMA)])("an answer that is asked for as %s streams as text and is the result of the run", async (structuredOutput) => {
    const host = await open({ mount, script: [[say('{"colour":"red"}')]] });
    const events = await (await startRun(host, runBody({ forwardedProps: { structuredOutput } }))).rest();
    expect(textOf(events)).toBe('{"colour":"red"}');
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", result: { colour: "red" } });
    expect(typesOf(events)).not.toContain("TOOL_CALL_START");
  });

  test("an answer that does not fit what was asked for is no success", async () => {
    const host = await open({ mount, script: [[say('{"colour":5}')]] });
    const events = await (await startRun(host, runBody({ forwardedProps: { structuredOutput: SCHEMA } }))).rest();
    expect(events.at(-1)).toMatchObject({ type: "RUN_ERROR", code: "STREAM_ERROR", metadata: { holdfast: { reason: "OUTPUT_INVALID" } } });
  });

  test("reasoning has its own events, and a tool that needs an approval ends the run with a question that a resume answers", async () => {
    const pay = createTool({
      id: "pay",
      description: "pays",
      inputSchema: z.object({ amount: z.number() }),
      requireApproval: true,
      execute: () => Promise.resolve({ paid: true }),
    });
    const script: Script = (prompt) => (JSON.stringify(prompt).includes("tool-result") ? [say("Paid.")] : [think("Hm."), call("pay", { amount: 3 })]);
    const host = await open({ mount, script, tools: { pay } });
    const body = runBody({});
    const events = await (await startRun(host, body)).rest();
    expect(typesOf(events)).toEqual(expect.arrayContaining(["REASONING_START", "REASONING_MESSAGE_START", "REASONING_MESSAGE_END", "REASONING_END"]));
    const outcome = events.at(-1)?.["outcome"] as { readonly interrupts?: readonly { readonly id: string; readonly reason: string }[] } | undefined;
    const interrupt = outcome?.interrupts?.[0];
    expect(interrupt?.reason).toBe("tool_call");
    const resume = [{ interruptId: interrupt?.id, status: "resolved", payload: { approved: true } }];
    const toolCall = { id: events.find(({ type }) => type === "TOOL_CALL_END")?.["toolCallId"], type: "function", function: { name: "pay", arguments: "{}" } };
    const messages = [...(body["messages"] as readonly object[]), { id: "a1", role: "assistant", toolCalls: [toolCall] }];
    const resumed = await (await startRun(host, { ...runBody({ threadId: body.threadId, messages }), resume })).rest();
    expect(textOf(resumed)).toBe("Paid.");
  });

  test("a stock client takes a run of several steps without a word", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    const script: Script = (_prompt, number) => (number < 4 ? [say(`Step ${number}.`), call("add", { a: number, b: 1 })] : [say("Done.")]);
    const host = await open({ mount, script });
    const agent = new HttpAgent({
      url: "http://host.test/io-bridge/run",
      initialMessages: [{ id: "q1", role: "user", content: "Count." }],
      fetch: fetchFrom(host),
    });
    await agent.runAgent();
    expect(agent.messages.at(-1)?.content).toBe("Done.");
    expect(agent.messages.filter(({ role }) => role === "tool")).toHaveLength(3);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  test("what went wrong inside stays inside: the caller gets an id under which the log has the cause", async () => {
    const host = await open({ mount });
    const cause = new Error("connect ECONNREFUSED 10.0.0.7:5432");
    vi.spyOn(host.engine, "listKeptThreads").mockRejectedValue(cause);
    const response = await host.send("GET", "/io-bridge/threads?resourceId=ann");
    const { error, ...rest } = await json<{ error: string; code: string }>(response);
    expect([response.status, rest]).toEqual([500, { code: "INTERNAL_ERROR" }]);
    expect(error).toMatch(/^Internal server error: /);
    expect(error).not.toContain("10.0.0.7");
    expect(host.faults).toEqual([{ error: cause, correlationId: expect.any(String) as string }]);
    expect(error).toContain(host.faults[0]?.correlationId);
  });

  test("a failed run says nothing of its provider's words, but names a reason and where to look", async () => {
    const host = await open({ mount, script: [[say("Half"), crash(new Error("401 from api.provider.example, key sk-live-1"))]] });
    const body = runBody({});
    const events = await (await startRun(host, body)).rest();
    const { message, metadata } = events.at(-1) ?? { message: undefined, metadata: undefined };
    expect(JSON.stringify(events)).not.toMatch(/provider\.example|sk-live/);
    expect(message).toContain(body.runId);
    expect(metadata).toEqual({ holdfast: { reason: "AGENT_FAILED" } });
  });
});

test("a step that opens while another one is open has a name of its own", () => {
  const encoder = agUiEncoder({ runId: "r", generation: "1.0", flavour: "io-bridge" });
  const log: readonly RunEvent[] = [
    { type: "run-started", messageId: "m", threadId: "t", agentId: "io-agent" },
    { type: "step-started", step: 0 },
    { type: "step-started", step: 1 },
    { type: "run-completed" },
  ];
  let state = encoder.initial;
  const events = log.flatMap((event) => {
    const [next, chunks] = encoder.encode(state, event);
    state = next;
    return chunks;
  });
  const opened = new Set<string>();
  for (const event of events) {
    if (event.type === "STEP_STARTED") {
      expect(opened).not.toContain(event.stepName);
      opened.add(event.stepName);
    }
    if (event.type === "STEP_FINISHED") expect(opened.delete(event.stepName)).toBe(true);
  }
  expect(opened.size).toBe(0);
  expect(events.filter(({ type }) => type === "STEP_STARTED")[0]).toMatchObject({ stepName: "step" });
  expect(events.at(-1)?.type).toBe("RUN_FINISHED");
});
