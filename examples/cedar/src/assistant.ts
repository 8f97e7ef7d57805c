import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { createTool } from "@mastra/core/tools";
import type { Memory } from "@mastra/memory";
import { z } from "zod";

const INSTRUCTIONS =
  "You help a harbour master. Change the page when you are asked to put a ship at a berth or to free one. Use the tool who-am-i when the user asks who they are.";

/** Shows that the token of the page reaches the tools: `sub` is the one of the JWT that came with the request. */
const whoAmI = createTool({
  id: "who-am-i",
  description: "Tells who the user is.",
  inputSchema: z.object({}),
  // It reads: after a crash it may run again.
  mcp: { annotations: { readOnlyHint: true, idempotentHint: true } },
  execute: async (_input, { requestContext }) => {
    const { sub } = requestContext?.get("principal") as { readonly sub: string };
    return { sub };
  },
});

export function assistant(model: MastraModelConfig, memory: Memory): Agent {
  return new Agent({
    id: "assistant",
    name: "Assistant",
    instructions: INSTRUCTIONS,
    model,
    tools: { [whoAmI.id]: whoAmI },
    memory,
    // Served without the workflow, it finds in the request context what the workflow is given as its input.
    defaultOptions: ({ requestContext }) => {
      const { temperature, maxTokens } = (requestContext.get("cedar") ?? {}) as { readonly temperature?: number; readonly maxTokens?: number };
      return { modelSettings: { ...(temperature !== undefined && { temperature }), ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }) } };
    },
  });
}

/** The one that the workflow asks: the workflow keeps the conversation itself. */
export function workflowAgent(model: MastraModelConfig): Agent {
  return new Agent({ id: "harbour-clerk", name: "Harbour clerk", instructions: INSTRUCTIONS, model, tools: { [whoAmI.id]: whoAmI } });
}
