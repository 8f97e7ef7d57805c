import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import { offsetOf } from "../../src/core/offset.ts";
import type { RunInput } from "../../src/core/run.ts";
import { DONE_FRAME } from "../../src/protocols/cedar/frame.ts";
import { replyOf } from "../../src/protocols/cedar/reply.ts";
import { serveRun } from "../../src/protocols/cedar/serve.ts";
import { ENDING, opening } from "./ai-sdk-fixture.ts";
import { FakeEngine } from "./fake-engine.ts";
import { goldenEvents } from "./golden-log.ts";

const never = new AbortController().signal;

function replyTo(events: readonly RunEvent[], input?: RunInput): Promise<Record<string, unknown>> {
  const engine = new FakeEngine();
  return replyOf(engine, engine.addRun({ id: "run_1", ...(input && { input }) }, ...events), never);
}

describe("the JSON reply", () => {
  it("has the text and the objects of the whole run, and no line about the work", async () => {
    expect(await replyTo(goldenEvents("tool-result"))).not.toHaveProperty("object");
    expect(await replyTo([...opening("run_1"), ...ENDING])).toMatchObject({ content: "run_1: one two three", id: "run_1", threadId: "chat-1" });
  });

  it("leaves out what was cut off and given again", async () => {
    expect(await replyTo(goldenEvents("superseded-text"))).toMatchObject({ content: "High water at 05:12." });
    expect(await replyTo(goldenEvents("workflow-repeated"))).toMatchObject({ content: "Another short one." });
  });

  it("has an answer that is an object where a crash cut it off and it was given again in the same words", async () => {
    const action = { type: "setState", stateKey: "page", setterKey: "paint", args: "red" };
    const said = (id: string): readonly RunEvent[] => [
      { type: "text-start", id },
      { type: "text-delta", id, text: JSON.stringify({ content: "Red.", actions: [action] }) },
      { type: "text-end", id },
    ];
    const log: readonly RunEvent[] = [
      { type: "run-started", messageId: "msg_1", threadId: "chat-1", agentId: "agent" },
      { type: "attempt-started", attempt: 1 },
      { type: "step-started", step: 0 },
      ...said("t1"),
      { type: "attempt-started", attempt: 2, resetTo: offsetOf(2) },
      { type: "step-started", step: 0 },
      ...said("t2"),
      { type: "run-completed", finishReason: "stop" },
    ];
    expect(await replyTo(log)).toMatchObject({ content: "Red.", object: [action] });
  });

  it("counts what the run used", async () => {
    expect((await replyTo(goldenEvents("parts")))["usage"]).toEqual({ promptTokens: 12, completionTokens: 7, totalTokens: 19 });
    expect(await replyTo([...opening("run_1"), ...ENDING])).not.toHaveProperty("usage");
  });

  it("of a run that had to answer in a shape has the answer as it is", async () => {
    const input: RunInput = { messages: [], trigger: "submit", outputSchema: { type: "object" } };
    expect(await replyTo(goldenEvents("object"), input)).toMatchObject({ object: { port: "Brest", high: ["05:12"] } });
    const forged: RunEvent = { type: "object", object: { type: "setState", stateKey: "humanInTheLoop", setterKey: "resume" }, isFinal: true };
    expect(await replyTo([...goldenEvents("object").slice(0, 3), forged, { type: "run-completed" }], input)).not.toHaveProperty("object");
  });

  it("is not given by a server that stops, which says that it may be asked again", async () => {
    const engine = new FakeEngine();
    const reply = replyOf(engine, engine.addRun({ id: "run_1" }, ...opening("run_1")), never);
    engine.close();
    await expect(reply).rejects.toMatchObject({ code: "SHUTTING_DOWN", retryable: true });
  });
});

describe("the stream", () => {
  it("ends with done in a write of its own, since the stock client puts off what comes with it", async () => {
    const engine = new FakeEngine();
    const run = engine.addRun({ id: "run_1" }, ...opening("run_1"), ...ENDING);
    const pieces: string[] = [];
    const decoder = new TextDecoder();
    for await (const piece of serveRun(engine, run).body ?? []) pieces.push(decoder.decode(piece));
    expect(pieces.at(-1)).toBe(DONE_FRAME);
    expect(pieces.length).toBeGreaterThan(1);
  });

  it("of a server that stops is reset and has no done, so that a client knows that it is not whole", async () => {
    const engine = new FakeEngine();
    const text = serveRun(engine, engine.addRun({ id: "run_1" }, ...opening("run_1"))).text();
    await Promise.resolve();
    engine.close();
    await expect(text).rejects.toThrow("shutting down");
  });
});
