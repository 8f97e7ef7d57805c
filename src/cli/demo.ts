import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { Mastra } from "@mastra/core/mastra";
import type { LibSQLStore } from "@mastra/libsql";
import type { Memory } from "@mastra/memory";
import type { Env } from "./command.ts";
import { storePath } from "./config.ts";
import { scriptedModel } from "./demo-model.ts";
import { calculator, payment, weather } from "./demo-tools.ts";
import { failure, success, type Result } from "./result.ts";

/** The model that the demo uses where a provider's key is set: small ones, since it only talks. The first key found wins. */
const REAL_MODELS: readonly (readonly [key: string, model: string])[] = [
  ["OPENAI_API_KEY", "openai/gpt-5-mini"],
  ["ANTHROPIC_API_KEY", "anthropic/claude-haiku-4-5"],
  ["GOOGLE_GENERATIVE_AI_API_KEY", "google/gemini-2.5-flash"],
];

const INSTRUCTIONS =
  "You are a friendly assistant. Use the weather tool for questions about the weather, the calculator for every calculation, and the payment tool when asked to pay.";

/** A Mastra instance to try Holdfast with: one agent `assistant` with three tools, one of which asks first, and memory in a file beside the store. */
export async function demoMastra(store: string, env: Env): Promise<Result<Mastra>> {
  const packages = await memoryPackages();
  if (packages === undefined) {
    return failure("The demo needs two more packages; npm install @mastra/memory @mastra/libsql, or pass --mastra <module>.");
  }
  const storage = new packages.LibSQLStore({ id: "holdfast-demo", url: memoryUrl(store) });
  const assistant = new Agent({
    id: "assistant",
    name: "Assistant",
    instructions: INSTRUCTIONS,
    model: demoModel(env),
    tools: { weather, calculator, payment },
    memory: new packages.Memory({ storage, options: { lastMessages: 40 } }),
  });
  return success(new Mastra({ agents: { assistant }, storage, logger: false }));
}

/** The real model whose key is set, else the scripted one. */
export function demoModel(env: Env): MastraModelConfig {
  return REAL_MODELS.find(([key]) => env[key])?.[1] ?? scriptedModel();
}

interface MemoryPackages {
  readonly LibSQLStore: typeof LibSQLStore;
  readonly Memory: typeof Memory;
}

/** Optional packages: whoever serves an instance of their own may keep its memory elsewhere. */
async function memoryPackages(): Promise<MemoryPackages | undefined> {
  try {
    const [libsql, memory] = await Promise.all([import("@mastra/libsql"), import("@mastra/memory")]);
    return { LibSQLStore: libsql.LibSQLStore, Memory: memory.Memory };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

function memoryUrl(store: string): string {
  const path = storePath(store);
  if (path === undefined) return ":memory:";
  const folder = dirname(resolve(path));
  mkdirSync(folder, { recursive: true });
  return pathToFileURL(join(folder, "demo-memory.db")).href;
}
