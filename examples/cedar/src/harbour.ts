import type { MastraModelConfig } from "@mastra/core/llm";
import { Mastra } from "@mastra/core/mastra";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { createHoldfast, jwtAuth, type Holdfast } from "holdfast";
import { assistant, workflowAgent } from "./assistant.ts";
import { CEDAR_CHAT, cedarChat, IDEMPOTENT_STEPS } from "./cedar-chat.ts";
import type { Environment } from "./environment.ts";
import { frontApp } from "./front-app.ts";

/** The whole server, without a port. */
export interface Harbour {
  fetch(request: Request): Promise<Response>;
  readonly holdfast: Holdfast;
}

export async function openHarbour({ secret, store, memoryUrl, origins, isDemo, page }: Omit<Environment, "port">, model: MastraModelConfig): Promise<Harbour> {
  const storage = new LibSQLStore({ id: "memory", url: memoryUrl });
  const memory = new Memory({ storage, options: { lastMessages: 40 } });
  const chat = cedarChat({
    agent: workflowAgent(model),
    memory,
    // Which changes need a person is for the server to say: a page would have to be believed.
    questionFor: ({ stateKey, setterKey, args }) => {
      if (stateKey !== "berths" || setterKey !== "free") return undefined;
      return `May berth ${String((args as { readonly berth?: unknown } | undefined)?.berth)} be freed?`;
    },
  });
  const mastra = new Mastra({ agents: { assistant: assistant(model, memory) }, workflows: { [CEDAR_CHAT]: chat }, storage, logger: false });
  const holdfast = await createHoldfast({
    mastra,
    store,
    auth: jwtAuth({ secret }),
    cors: { origins },
    // What names no agent is answered by the workflow; with `agentId: "assistant"` the agent answers by itself.
    cedar: { defaultWorkflow: CEDAR_CHAT },
    idempotentTools: IDEMPOTENT_STEPS,
  });
  const app = frontApp({ holdfast, page, ...(isDemo && { demoSecret: secret }) });
  return { fetch: async (request) => app.fetch(request), holdfast };
}
