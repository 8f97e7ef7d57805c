import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { Executions } from "./executions.ts";

const ofChat = z.object({ chat: z.string() });

/** Tools that ask before they do something; what they do is noted. */
export function askingTools(executions: Executions): Record<string, ReturnType<typeof createTool>> {
  const tool = (id: string, requireApproval: boolean): ReturnType<typeof createTool> =>
    createTool({
      id,
      description: `To ${id}.`,
      inputSchema: ofChat,
      requireApproval,
      execute: async ({ chat }) => {
        executions.note(id, chat);
        return { did: id };
      },
    }) as ReturnType<typeof createTool>;
  const suspending = (id: string, requireApproval: boolean): ReturnType<typeof createTool> =>
    createTool({
      id,
      description: "Asks what only a person knows.",
      inputSchema: ofChat,
      requireApproval,
      execute: async ({ chat }, { agent }) => {
        if (agent?.resumeData === undefined) return agent?.suspend({ question: "Which berth?" });
        executions.note(id, chat);
        return { told: agent.resumeData };
      },
    }) as ReturnType<typeof createTool>;
  // The page executes it.
  const pick = createTool({ id: "pick", description: "Lets the user pick.", inputSchema: ofChat }) as ReturnType<typeof createTool>;
  return {
    pay: tool("pay", true),
    book: tool("book", true),
    quote: tool("quote", false),
    confirm: suspending("confirm", false),
    moor: suspending("moor", true),
    pick,
  };
}
