import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { SpanType, type AnyExportedSpan } from "@mastra/core/observability";
import { createTool } from "@mastra/core/tools";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { Observability, TestExporter } from "@mastra/observability";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Entry } from "../../src/core/entry.ts";
import { START } from "../../src/core/offset.ts";
import type { Run } from "../../src/core/run.ts";
import { createEngine, type HoldfastEngine } from "../../src/holdfast.ts";
import { call, say, scriptedModel, stop, toolResultsIn } from "../../src/testkit/scripted-model.ts";

const ANN = { resourceId: "ann" } as const;

let exporter: TestExporter;
let engine: HoldfastEngine;

beforeEach(async () => {
  exporter = new TestExporter();
  const lookup = createTool({ id: "lookup", description: "looks up", inputSchema: z.object({}), execute: async () => ({ found: true }) });
  const clerk = new Agent({
    id: "clerk",
    name: "Clerk",
    instructions: "Help.",
    model: scriptedModel({
      modelId: "clerk-1",
      calls: (prompt) => (toolResultsIn(prompt).length === 0 ? [call("lookup", {}, { id: "c1" }), stop()] : [say("Found."), stop()]),
    }),
    tools: { lookup },
    defaultOptions: { tracingOptions: { tags: ["desk"], metadata: { desk: "north" } } },
  });
  const doubling = createWorkflow({ id: "doubling", inputSchema: z.object({ value: z.number() }), outputSchema: z.any() })
    .then(
      createStep({
        id: "double",
        inputSchema: z.object({ value: z.number() }),
        outputSchema: z.object({ value: z.number() }),
        execute: async ({ inputData: { value } }) => ({ value: value * 2 }),
      }),
    )
    .commit();
  const observability = new Observability({ configs: { desk: { serviceName: "desk", exporters: [exporter] } } });
  engine = await createEngine({ mastra: new Mastra({ agents: { clerk }, workflows: { doubling }, observability, logger: false }), store: "sqlite::memory:" });
});

afterEach(() => engine.close());

/** The log of a run, once it has ended. */
async function logOf(from: HoldfastEngine, run: Run): Promise<readonly Entry[]> {
  const log: Entry[] = [];
  for await (const entries of from.tail(run, START, new AbortController().signal)) log.push(...entries);
  return log;
}

async function ended(run: Run): Promise<Run> {
  await logOf(engine, run);
  return engine.getRun(ANN, run.id);
}

const spanOf = (type: SpanType): AnyExportedSpan | undefined => exporter.getSpansByType(type).at(-1);

/** What every span that begins a trace has to tell. */
const of = ({ id, threadId }: Run): object => ({ runId: id, rootRunId: id, threadId, resourceId: "ann", attempt: 1 });

test("a line of the log about a run tells its thread and attempt", async () => {
  const lines: object[] = [];
  const broken = new Agent({
    id: "broken",
    name: "Broken",
    instructions: () => Promise.reject(new Error("no instructions")),
    model: scriptedModel({ modelId: "m", calls: () => [] }),
  });
  const logger = { error: (line: object) => void lines.push(line), warn: () => undefined } as never;
  const failing = await createEngine({ mastra: new Mastra({ agents: { broken }, logger: false }), store: "sqlite::memory:", logger });
  try {
    const run = await failing.start(ANN, { agentId: "broken", input: { messages: [], trigger: "submit" } });
    await logOf(failing, run);
    expect(lines).toContainEqual(expect.objectContaining({ runId: run.id, threadId: run.threadId, attempt: 1, err: expect.any(Error) as unknown }));
  } finally {
    await failing.close();
  }
});

describe("an application's exporter of traces", () => {
  test("gets the spans of a run's agent, its model calls and tools, with run, thread and attempt beside what the agent adds", async () => {
    const run = await ended(
      await engine.start(ANN, {
        agentId: "clerk",
        input: { messages: [{ id: "m1", role: "user", parts: [{ type: "text", text: "Find it." }] }], trigger: "submit" },
      }),
    );
    expect(run.status).toBe("completed");
    const span = spanOf(SpanType.AGENT_RUN);
    expect(span?.metadata).toMatchObject({ ...of(run), desk: "north" });
    expect(span?.tags).toEqual(["desk"]);
    const inside = exporter.getByTraceId(span?.traceId ?? "").spans.map(({ type }) => type);
    expect(inside).toEqual(expect.arrayContaining([SpanType.MODEL_GENERATION, SpanType.TOOL_CALL]));
    expect(exporter.getIncompleteSpans()).toEqual([]);
  });

  test("gets the spans of a run's workflow and its steps, with run, thread and attempt", async () => {
    const run = await ended(await engine.start(ANN, { agentId: "doubling", input: { messages: [], trigger: "submit", workflow: { input: { value: 2 } } } }));
    expect(run.status).toBe("completed");
    expect(spanOf(SpanType.WORKFLOW_RUN)?.metadata).toMatchObject(of(run));
    expect(spanOf(SpanType.WORKFLOW_STEP)?.traceId).toBe(spanOf(SpanType.WORKFLOW_RUN)?.traceId);
    expect(exporter.getIncompleteSpans()).toEqual([]);
  });
});
