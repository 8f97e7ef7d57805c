import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { createStep, createWorkflow, type AnyWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { innermost } from "../../src/core/ledger.ts";
import { START } from "../../src/core/offset.ts";
import { call, say, scriptedModel, stop, toolResultsIn, type ScriptedModel } from "../../src/testkit/scripted-model.ts";
import { answerAll, askedBy, BEA, endIn, logOf, opened, resultIn, stepsIn } from "./workshop.ts";

const usage = (inputTokens: number): ReturnType<typeof stop> => stop({ usage: { inputTokens, outputTokens: 1 } });

interface Writer {
  readonly agent: Agent;
  readonly model: ScriptedModel;
}

/** Looks something up, which may need an approval, and says what it found. */
function writer(done: string[], options: { readonly requireApproval?: boolean; readonly hold?: () => Promise<void> } = {}): Writer {
  const model = scriptedModel({
    modelId: "writer-1",
    calls: (prompt) => (toolResultsIn(prompt).length === 0 ? [say("Looking."), call("lookup", {}, { id: "c1" }), usage(10)] : [say("Found."), usage(20)]),
    onCall: async ({ prompt }) => {
      done.push(`model ${toolResultsIn(prompt).length}`);
      if (toolResultsIn(prompt).length > 0) await options.hold?.();
    },
  });
  const lookup = createTool({
    id: "lookup",
    description: "looks up",
    inputSchema: z.object({}),
    ...(options.requireApproval === true && { requireApproval: true }),
    execute: async (_input, context) => {
      const { idempotencyKey }: { idempotencyKey: string } = context.requestContext?.get("holdfast") ?? { idempotencyKey: "none" };
      done.push(`lookup ${idempotencyKey.split(":")[1]}`);
      return { found: true };
    },
  });
  return { agent: new Agent({ id: "writer", name: "Writer", instructions: "Write.", model, tools: { lookup } }), model };
}

function drafting(agent: Agent): AnyWorkflow {
  return createWorkflow({ id: "draft", inputSchema: z.object({ prompt: z.string() }), outputSchema: z.any() })
    .then(createStep(agent))
    .map(async ({ inputData }) => ({ said: inputData.text }))
    .commit() as never;
}

describe("an agent that is a step of a workflow", () => {
  test("has its words and tools in the log under the step, and its calls on the bill", async () => {
    const shop = await opened((done) => ({ draft: drafting(writer(done).agent) }));
    const run = await shop.start("draft", { prompt: "go" });
    const log = await shop.log(run);
    expect(resultIn(log)).toEqual({ said: "Looking.Found." });
    const nested = log.filter(({ event }) => event.type === "nested").map(({ event }) => innermost(event));
    expect(new Set(nested.map(({ path }) => path))).toEqual(new Set(["writer"]));
    expect(nested.flatMap(({ inner }) => (inner.type === "text-delta" ? [inner.text] : []))).toEqual(["Looking.", "Found."]);
    expect(nested.flatMap(({ inner }) => (inner.type === "tool-started" ? [inner.toolCallId] : []))).toEqual(["writer/c1"]);
    const { entries, bill } = await shop.engine.usage(BEA, run.id);
    expect(entries.map(({ path, state, agentId, modelId, usage: used }) => [path, state, agentId, modelId, used?.inputTokens])).toEqual([
      ["writer", "settled", "writer", "writer-1", 10],
      ["writer", "settled", "writer", "writer-1", 20],
    ]);
    expect(bill?.billable.usage.inputTokens).toBe(30);
    expect(endIn(log)).toMatchObject({ type: "run-completed", usage: { inputTokens: 30, outputTokens: 2 } });
  });

  test("goes on in another process where it was, without a call that had ended", async () => {
    const held = Promise.withResolvers<void>();
    let holds = true;
    const shop = await opened((done) => ({ draft: drafting(writer(done, { hold: () => (holds ? held.promise : Promise.resolve()) }).agent) }));
    const run = await shop.start("draft", { prompt: "go" });
    const watched = new AbortController();
    for await (const batch of shop.engine.tail(run, START, watched.signal)) {
      if (batch.some(({ event }) => innermost(event).inner.type === "model-called" && JSON.stringify(event).includes('"step":1'))) break;
    }
    watched.abort();
    holds = false;
    const other = await shop.second();
    await shop.engine.drain(0);
    held.resolve();
    const log = await logOf(other, run);
    expect(endIn(log)?.type).toBe("run-completed");
    expect(resultIn(log)).toEqual({ said: "Looking.Found." });
    expect(shop.done).toEqual(["model 0", "lookup writer/c1", "model 1", "model 1"]);
    expect(endIn(log)).toMatchObject({ usage: { inputTokens: 30, outputTokens: 2 } });
    expect(stepsIn(log)).toEqual(["run-started", "writer started", "writer success", "map started", "map success", "run-completed"]);
    const ids = log.flatMap(({ event }) => (innermost(event).inner.type === "text-start" ? [JSON.stringify(innermost(event).inner)] : []));
    expect(new Set(ids).size).toBe(2);
  });

  test("is stopped when the run is canceled, and what it had used is on record", async () => {
    const shop = await opened((done) => ({ draft: drafting(writer(done, { hold: () => new Promise(() => undefined) }).agent) }));
    const run = await shop.start("draft", { prompt: "go" });
    await expect.poll(() => shop.done).toContain("model 1");
    await shop.engine.cancel(BEA, run.id);
    expect(endIn(await shop.log(run))?.type).toBe("run-canceled");
    const { entries } = await shop.engine.usage(BEA, run.id);
    expect(entries.map(({ path, call: number, state }) => [path, number, state])).toEqual([
      ["writer", 0, "settled"],
      ["writer", 1, "unknown"],
    ]);
  });

  test("may need an approval of its tool, and goes on once it is given", async () => {
    const shop = await opened((done) => ({ draft: drafting(writer(done, { requireApproval: true }).agent) }));
    const run = await shop.start("draft", { prompt: "go" });
    expect(endIn(await shop.log(run))?.type).toBe("run-suspended");
    expect((await askedBy(shop.engine, run)).map(({ kind, toolCallId }) => [kind, toolCallId])).toEqual([["tool-approval", "writer/c1"]]);
    const other = await shop.second();
    const log = await logOf(other, await answerAll(other, run, { approved: true }));
    expect(stepsIn(log)).toEqual(["run-started", "writer started", "writer success", "map started", "map success", "run-completed"]);
    expect(resultIn(log)).toEqual({ said: "Looking.Found." });
    expect(shop.done).toEqual(["model 0", "lookup writer/c1", "model 1"]);
  });
});

describe("an agent that a step calls by itself", () => {
  const calling = (agent: Agent, done: string[]): AnyWorkflow =>
    createWorkflow({ id: "draft", inputSchema: z.object({ prompt: z.string() }), outputSchema: z.any() })
      .then(
        createStep({
          id: "asks",
          inputSchema: z.object({ prompt: z.string() }),
          outputSchema: z.any(),
          resumeSchema: z.object({ more: z.boolean() }),
          execute: async ({ inputData, writer: out, resumeData, suspend, requestContext }) => {
            const output = await agent.stream(inputData.prompt, { requestContext });
            await output.fullStream.pipeTo(out);
            done.push("asked");
            return resumeData === undefined ? suspend({}) : { text: await output.text };
          },
        }) as never,
      )
      .commit() as never;

  test("is on the bill with the sum of its steps, and has ids of its own each time the step is entered", async () => {
    const shop = await opened((done) => ({ draft: calling(writer(done).agent, done) }));
    const run = await shop.start("draft", { prompt: "go" });
    const first = await shop.log(run);
    const child = await answerAll(shop.engine, run, { more: true });
    const second = await shop.log(child);
    expect(resultIn(second)).toEqual({ text: "Found." });
    for (const log of [first, second]) expect(endIn(log)).toMatchObject({ usage: { inputTokens: 30 } });
    for (const { id } of [run, child]) expect((await shop.engine.usage(BEA, id)).bill?.billable.usage.inputTokens).toBe(30);
    const idsIn = (log: typeof first): readonly string[] =>
      log.flatMap(({ event }) => {
        const { inner } = innermost(event);
        return inner.type === "text-start" || inner.type === "tool-call" ? [inner.type === "text-start" ? inner.id : inner.toolCallId] : [];
      });
    const all = [...idsIn(first), ...idsIn(second)];
    expect(all).toHaveLength(6);
    expect(new Set(all).size).toBe(6);
  });

  test("leaves no text open where the step ends before the agent does", async () => {
    const shop = await opened((done) => {
      const { agent } = writer(done);
      const peeks = createStep({
        id: "peeks",
        inputSchema: z.object({ prompt: z.string() }),
        outputSchema: z.any(),
        execute: async ({ inputData, writer: out }) => {
          const output = await agent.stream(inputData.prompt);
          for await (const chunk of output.fullStream) {
            await out.write(chunk);
            if (chunk.type === "text-delta") break;
          }
          return {};
        },
      });
      return {
        draft: createWorkflow({ id: "draft", inputSchema: z.object({ prompt: z.string() }), outputSchema: z.any() })
          .then(peeks)
          .commit() as never,
      };
    });
    const log = await shop.log(await shop.start("draft", { prompt: "go" }));
    const told = log.map(({ event }) => innermost(event).inner.type);
    expect(told.slice(told.indexOf("text-start"), told.indexOf("workflow-step-finished"))).toEqual(["text-start", "text-delta", "text-end"]);
  });
});
