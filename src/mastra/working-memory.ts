import type { Agent } from "@mastra/core/agent";
import type { MemoryConfig } from "@mastra/core/memory";
import type { RequestContext } from "@mastra/core/request-context";
import type { AttemptContext } from "../core/agent-source.ts";
import { isSameJson } from "../core/interrupt.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Run } from "../core/run.ts";
import type { Transcript } from "../core/transcript.ts";
import { memoryOptionsOf } from "./memory-options.ts";

/** Mastra's own tools that write the working memory, the whole of it each time. */
export const WORKING_MEMORY_TOOLS: readonly string[] = ["updateWorkingMemory", "setWorkingMemory"];

/** What an agent keeps in mind of a conversation or of its owner, by the scope of its memory. */
export interface WorkingMemory {
  /** `undefined` where nothing is kept yet. What is no JSON is text. */
  read(): Promise<Json | undefined>;
  /** Puts fields over those that are kept. Text stays: fields have no place in it. */
  merge(fields: JsonObject): Promise<void>;
}

/** The working memory that a run has; `undefined` where the agent's memory keeps none. */
export async function workingMemoryOf(agent: Agent, run: Run, requestContext: RequestContext): Promise<WorkingMemory | undefined> {
  const memory = await agent.getMemory({ requestContext });
  if (memory === undefined) return undefined;
  const defaults = await agent.getDefaultOptions({ requestContext });
  const memoryConfig: MemoryConfig = memoryOptionsOf(defaults.memory?.options, run);
  if (memory.getMergedThreadConfig(memoryConfig).workingMemory?.enabled !== true) return undefined;
  const place = { threadId: run.threadId, resourceId: run.resourceId, memoryConfig };
  const read = async (): Promise<Json | undefined> => {
    const text = await memory.getWorkingMemory(place);
    return text === null || text === "" ? undefined : valueOf(text);
  };
  return {
    read,
    async merge(fields) {
      const kept = (await read()) ?? {};
      if (!isJsonObject(kept) || isWithin(fields, kept)) return;
      await memory.updateWorkingMemory({ ...place, workingMemory: JSON.stringify({ ...kept, ...fields }) });
    },
  };
}

/**
 * Puts the state that the newest request brings into the working memory, once: though the run is tried again, what the agent has written since
 * stays. Whether it was done is not told by its value, which a page may set back to what it was before.
 */
export async function mergeState(agent: Agent, run: Run, transcript: Transcript, requestContext: RequestContext): Promise<void> {
  const { state } = run.input;
  if (!isJsonObject(state) || transcript.isTakenUp === true) return;
  await (await workingMemoryOf(agent, run, requestContext))?.merge(state);
}

/** Tells the log what the working memory holds, whenever that is something else than the log has. */
export class StateLog {
  readonly #memory: WorkingMemory | undefined;
  readonly #attempt: AttemptContext;
  #told: Json | undefined;

  constructor(memory: WorkingMemory | undefined, attempt: AttemptContext) {
    this.#memory = memory;
    this.#attempt = attempt;
    this.#told = attempt.transcript.states?.at(-1);
  }

  async tell(): Promise<void> {
    const value = await this.#memory?.read();
    if (value === undefined || isSameJson(value, this.#told)) return;
    this.#told = value;
    void this.#attempt.emit({ type: "state", value });
  }
}

function valueOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWithin(fields: JsonObject, whole: JsonObject): boolean {
  return Object.entries(fields).every(([key, value]) => Object.hasOwn(whole, key) && isSameJson(value, whole[key]));
}
