import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { Mastra } from "@mastra/core/mastra";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { join } from "node:path";
import { scriptedModel } from "../model/scripted-model.ts";
import { PLAIN_AGENT, REMEMBERING_AGENT } from "./names.ts";

/** The agents that product and peers serve, on storage of their own. */
export function benchAgents(directory: string): { readonly plain: Agent; readonly remembering: Agent; readonly storage: LibSQLStore } {
  const storage = new LibSQLStore({ id: "bench", url: `file:${join(directory, "mastra.db")}` });
  const common = { instructions: "Answer the script.", model: scriptedModel() as unknown as MastraModelConfig };
  return {
    plain: new Agent({ id: PLAIN_AGENT, name: PLAIN_AGENT, ...common }),
    remembering: new Agent({ id: REMEMBERING_AGENT, name: REMEMBERING_AGENT, memory: new Memory({ storage }), ...common }),
    storage,
  };
}

/** A Mastra instance with {@link benchAgents}, as product and `handleChatStream` use it. */
export function benchMastra(directory: string): Mastra {
  const { plain, remembering, storage } = benchAgents(directory);
  return new Mastra({ agents: { plain, remembering }, storage, logger: false });
}
