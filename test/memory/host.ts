import { Agent } from "@mastra/core/agent";
import type { MastraCompositeStore } from "@mastra/core/storage";
import { Memory } from "@mastra/memory";
import { call, say, scriptedModel, toolResultsIn, type PromptMessage } from "../../src/testkit/scripted-model.ts";

export const HOST_MEMORY = { lastMessages: 20, workingMemory: { enabled: true }, generateTitle: true } as const;
export const HOST_PROFILE = "# Guest\n- likes: apples";
export const HOST_TITLE = "Apples for a guest";
export const HOST_ANSWER = "Let me write that down.You like apples.";

/** An agent that keeps a profile of whom it talks to and names its threads, in two steps and a call for the name. */
export function hostAgent(storage: MastraCompositeStore, paceMs: number): Agent {
  const memory = new Memory({ storage, options: HOST_MEMORY });
  const model = scriptedModel({
    pace: paceMs,
    calls: (prompt) => {
      if (isTitleCall(prompt)) return [say(HOST_TITLE)];
      if (toolResultsIn(prompt).length > 0) return [say("You like apples.")];
      return [say("Let me write that down."), call("updateWorkingMemory", { memory: HOST_PROFILE }, { id: "call_note" })];
    },
  });
  return new Agent({ id: "host", name: "host", instructions: "Welcome the guest.", model, memory });
}

/** Whether Mastra asks for the title of a thread, with instructions of its own. */
export function isTitleCall(prompt: readonly PromptMessage[]): boolean {
  return prompt.some(({ role, content }) => role === "system" && typeof content === "string" && content.includes("generate a short title"));
}
