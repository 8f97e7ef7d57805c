import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { z } from "zod";
import type { Entry } from "../../src/core/entry.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { START } from "../../src/core/offset.ts";
import type { Run } from "../../src/core/run.ts";
import type { EngineOptions } from "../../src/engine-options.ts";
import { createEngine, type HoldfastEngine } from "../../src/holdfast.ts";
import { scriptedModel, type ScriptedModel, type ScriptedModelOptions } from "../../src/testkit/scripted-model.ts";

export const ANN = { resourceId: "ann" };

/** A real engine over a real agent; only the model is scripted. */
export interface Shop {
  /** Another one after a hand-over. */
  readonly engine: HoldfastEngine;
  readonly model: ScriptedModel;
  readonly memory: Memory;
  readonly executed: string[];
  ask(text: string, options?: { readonly threadId?: string; readonly id?: string; readonly history?: readonly JsonObject[] }): Promise<Run>;
  /** Follows a run to its end. */
  log(run: Run): Promise<readonly Entry[]>;
  /** As a deploy does: the engine hands its runs over, and another one opens on the same store. */
  handOver(): Promise<void>;
  close(): Promise<void>;
}

export interface ShopOptions {
  readonly script: ScriptedModelOptions["calls"];
  readonly store?: "memory" | "sqlite";
  readonly hasMemory?: boolean;
  readonly engine?: Partial<EngineOptions>;
  readonly model?: Partial<ScriptedModelOptions>;
  /** More of the agent's configuration, and more tools. */
  readonly agent?: object;
  readonly tools?: Record<string, unknown>;
}

let questions = 0;

export function question(text: string, id?: string): JsonObject & { readonly id: string } {
  questions += 1;
  return { id: id ?? `q${questions}`, role: "user", parts: [{ type: "text", text }] };
}

export async function openShop(options: ShopOptions): Promise<Shop> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-engine-"));
  const executed: string[] = [];
  const storage = new LibSQLStore({ id: "memory", url: `file:${join(directory, "memory.db")}` });
  const memory = new Memory({ storage, options: { lastMessages: 50 } });
  const model = scriptedModel({ ...options.model, calls: options.script });
  const add = createTool({
    id: "add",
    description: "adds",
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: ({ a, b }) => {
      executed.push("add");
      return Promise.resolve({ sum: a + b });
    },
  });
  const pay = createTool({
    id: "pay",
    description: "pays",
    inputSchema: z.object({ amount: z.number() }),
    requireApproval: true,
    execute: () => {
      executed.push("pay");
      return Promise.resolve({ paid: true });
    },
  });
  const agent = new Agent({
    id: "clerk",
    name: "clerk",
    instructions: "You sell fruit.",
    model,
    tools: { add, pay, ...(options.tools as object) },
    ...(options.hasMemory !== false && { memory }),
    ...options.agent,
  });
  const mastra = new Mastra({ agents: { clerk: agent }, logger: false, storage });
  const store = options.store === "memory" ? "memory" : `sqlite:${join(directory, "runs.db")}`;
  const open = (): Promise<HoldfastEngine> => createEngine({ mastra, store, ...options.engine });
  let engine = await open();
  return {
    get engine() {
      return engine;
    },
    model,
    memory,
    executed,
    ask: (text, { threadId, id, history = [] } = {}) =>
      engine.start(ANN, {
        agentId: "clerk",
        ...(threadId !== undefined && { threadId }),
        input: { messages: [...history, question(text, id)], trigger: "submit" },
      }),
    async log(run) {
      const entries: Entry[] = [];
      for await (const batch of engine.tail(run, START, new AbortController().signal)) entries.push(...batch);
      return entries;
    },
    async handOver() {
      await engine.close();
      engine = await open();
    },
    async close() {
      await engine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The text of a UI message. */
export function textIn(message: JsonObject | undefined): string {
  const parts = (message?.["parts"] ?? []) as readonly { readonly type: string; readonly text?: string }[];
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}
