import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createStep, type AnyWorkflow } from "@mastra/core/workflows";
import { LibSQLStore } from "@mastra/libsql";
import { onTestFinished } from "vitest";
import { z } from "zod";
import type { Entry } from "../../src/core/entry.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { Interrupt } from "../../src/core/interrupt.ts";
import type { Json } from "../../src/core/json.ts";
import { START } from "../../src/core/offset.ts";
import type { Run } from "../../src/core/run.ts";
import type { EngineOptions } from "../../src/engine-options.ts";
import { createEngine, type HoldfastEngine } from "../../src/holdfast.ts";

export const BEA = { resourceId: "bea" } as const;

/** Engines on one file of runs, and one of Mastra's own. */
export interface Workshop {
  readonly engine: HoldfastEngine;
  /** What the steps did, in order. */
  readonly done: string[];
  start(workflowId: string, input: Json, more?: { readonly threadId?: string; readonly idempotencyKey?: string }): Promise<Run>;
  /** The log of a run, once it has ended. */
  log(run: Run): Promise<readonly Entry[]>;
  /** How many workflows Mastra's own storage knows. */
  kept(): Promise<number>;
  /** The engine of another process. */
  second(): Promise<HoldfastEngine>;
  close(): Promise<void>;
}

/** As {@link openWorkshop}, closed when the test that asks for it has ended. */
export async function opened(...args: Parameters<typeof openWorkshop>): Promise<Workshop> {
  const shop = await openWorkshop(...args);
  onTestFinished(() => shop.close());
  return shop;
}

/** Opens an engine. `build` makes the workflows, as each process would; what its steps do they note. */
export async function openWorkshop(
  build: (done: string[]) => Readonly<Record<string, AnyWorkflow>>,
  options: Partial<EngineOptions> & { readonly isWithoutStorage?: boolean; readonly agents?: Readonly<Record<string, Agent>> } = {},
): Promise<Workshop> {
  const { isWithoutStorage = false, agents = {}, ...engineOptions } = options;
  const directory = mkdtempSync(join(tmpdir(), "holdfast-workshop-"));
  const done: string[] = [];
  const engines: HoldfastEngine[] = [];
  const kept = new LibSQLStore({ id: "kept", url: `file:${join(directory, "mastra.db")}` });
  const open = async (): Promise<HoldfastEngine> => {
    const storage = isWithoutStorage ? {} : { storage: new LibSQLStore({ id: "mastra", url: `file:${join(directory, "mastra.db")}` }) };
    const mastra = new Mastra({ agents, workflows: build(done), logger: false, ...storage });
    const engine = await createEngine({ mastra, store: `sqlite:${join(directory, "runs.db")}`, ...engineOptions });
    engines.push(engine);
    return engine;
  };
  const engine = await open();
  return {
    engine,
    done,
    start: (workflowId, input, { threadId, idempotencyKey } = {}) =>
      engine.start(BEA, {
        agentId: workflowId,
        input: { messages: [], trigger: "submit", workflow: { input } },
        ...(threadId !== undefined && { threadId }),
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      }),
    log: (run) => logOf(engine, run),
    async kept() {
      await kept.init();
      const store = await kept.getStore("workflows");
      return (await store?.listWorkflowRuns({}))?.total ?? 0;
    },
    second: open,
    async close() {
      for (const each of engines) await each.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The log of a run, once it has ended. */
export async function logOf(engine: HoldfastEngine, run: Run): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const batch of engine.tail(run, START, new AbortController().signal)) entries.push(...batch);
  return entries;
}

/** Reads the log of a run until it holds this line of {@link stepsIn}. */
export async function reached(engine: HoldfastEngine, run: Run, line: string): Promise<void> {
  const watched = new AbortController();
  for await (const batch of engine.tail(run, START, watched.signal)) if (stepsIn(batch).includes(line)) break;
  watched.abort();
}

/** Hands a run over to another engine as soon as its log holds these lines of {@link stepsIn}, and gives its whole log. */
export async function handedOver(shop: Workshop, run: Run, ...lines: readonly string[]): Promise<readonly Entry[]> {
  const watched = new AbortController();
  const seen: string[] = [];
  for await (const batch of shop.engine.tail(run, START, watched.signal)) {
    seen.push(...stepsIn(batch));
    if (lines.every((line) => seen.includes(line))) break;
  }
  watched.abort();
  const other = await shop.second();
  await shop.engine.drain(0);
  return logOf(other, run);
}

/** What a log says of steps and of the end, in short. */
export function stepsIn(entries: readonly Entry[]): readonly string[] {
  return entries.flatMap(({ event }) => {
    if (event.type === "workflow-step-started") return [`${event.callId} started`];
    if (event.type === "workflow-step-finished") return [`${event.callId} ${event.status}`];
    return event.type.startsWith("run-") ? [event.type] : [];
  });
}

export function endIn(entries: readonly Entry[]): RunEvent | undefined {
  return entries.at(-1)?.event;
}

export function resultIn(entries: readonly Entry[]): Json | undefined {
  return entries.flatMap(({ event }) => (event.type === "object" && event.isFinal ? [event.object] : []))[0];
}

export async function askedBy(engine: HoldfastEngine, run: Run): Promise<readonly Interrupt[]> {
  return (await engine.listInterrupts(BEA, { runId: run.id, limit: 20 })).interrupts;
}

/** Answers what a run asks, in order, and gives the run that goes on. */
export async function answerAll(engine: HoldfastEngine, run: Run, ...answers: readonly Json[]): Promise<Run> {
  const asked = await askedBy(engine, run);
  const { run: child } = await engine.answer(
    BEA,
    asked.map(({ id }, index) => ({ interruptId: id, answer: answers[index] ?? null })),
  );
  if (child === undefined) throw new Error("no run goes on");
  return child;
}

export const COUNT: z.ZodObject<{ n: z.ZodNumber }> = z.object({ n: z.number() });

/** A step that adds one, and notes it. */
export function counting(id: string, done: string[]): ReturnType<typeof createStep> {
  return createStep({
    id,
    inputSchema: COUNT,
    outputSchema: COUNT,
    execute: async ({ inputData }) => {
      done.push(`${id} ${inputData.n}`);
      return { n: inputData.n + 1 };
    },
  }) as never;
}

/** A step that asks for an amount, adds it, and notes both. */
export function asking(id: string, done: string[]): ReturnType<typeof createStep> {
  return createStep({
    id,
    inputSchema: COUNT,
    outputSchema: COUNT,
    suspendSchema: z.object({ question: z.string() }),
    resumeSchema: z.object({ amount: z.number().min(1) }),
    execute: async ({ inputData, resumeData, suspend }) => {
      if (resumeData === undefined) {
        done.push(`${id} asks`);
        return suspend({ question: `How much for ${inputData.n}?` });
      }
      done.push(`${id} got ${resumeData.amount}`);
      return { n: inputData.n + resumeData.amount };
    },
  }) as never;
}
