import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { z } from "zod";
import { scriptedModel } from "../../../src/testkit/scripted-model.ts";
import { chatWorkflows } from "../../cedar/workflows.ts";
import { askingTools } from "./asking-tools.ts";
import type { Executions } from "./executions.ts";
import type { Gates } from "./gates.ts";
import { answerTo, helpWith } from "./script.ts";

/** Milliseconds between two parts of an answer, so that most of them get an event of their own. */
const PACE_MS = 1;

/** The agent that answers requests that name none. It has memory. */
export const DEFAULT_AGENT = "assistant";
/** The same one without memory. */
export const FORGETFUL_AGENT = "forgetful";
/** One that keeps in mind what a conversation is about, so that it has a state. */
export const SAILING_AGENT = "sailing";
/** One that leaves all its tools to a sub-agent. */
export const DELEGATING_AGENT = "delegating";

const weather = createTool({
  id: "weather",
  description: "The weather in a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, degrees: 4, sky: "rain" }),
});

const distance = createTool({
  id: "distance",
  description: "The distance between two cities.",
  inputSchema: z.object({ from: z.string(), to: z.string() }),
  execute: async ({ from, to }) => ({ from, to, kilometres: 2000 }),
});

const broken = createTool({
  id: "broken",
  description: "Never works.",
  inputSchema: z.object({ city: z.string() }),
  execute: async () => {
    throw new Error("The station is offline.");
  },
});

/** Agents whose model does what the last message asks for. */
export function scriptedMastra(memoryFile: string, gates: Gates, executions: Executions): Mastra {
  const storage = new LibSQLStore({ id: "memory", url: `file:${memoryFile}` });
  let takes = 0;
  const model = scriptedModel({
    calls: (prompt) => answerTo(prompt, gates, () => (takes += 1)),
    pace: PACE_MS,
  });
  const common = { instructions: "Answer.", model, tools: { weather, distance, broken, ...askingTools(executions) } };
  const assistant = new Agent({
    id: DEFAULT_AGENT,
    name: "Assistant",
    ...common,
    memory: new Memory({ storage, options: { lastMessages: 20 } }),
  });
  const forgetful = new Agent({ id: FORGETFUL_AGENT, name: "Forgetful", ...common });
  const sailing = new Agent({
    id: SAILING_AGENT,
    name: "Sailing",
    ...common,
    memory: new Memory({ storage, options: { lastMessages: 20, workingMemory: { enabled: true, scope: "thread", template: "# Course" } } }),
  });
  const helper = new Agent({
    id: "helper",
    name: "Helper",
    description: "Helps.",
    instructions: "Help.",
    model: scriptedModel({ calls: helpWith, pace: PACE_MS }),
    tools: askingTools(executions),
  });
  const delegating = new Agent({ id: DELEGATING_AGENT, name: "Delegating", instructions: "Answer.", model, agents: { helper } });
  const workflows = chatWorkflows(forgetful, []);
  return new Mastra({ agents: { assistant, forgetful, sailing, delegating }, workflows, storage, logger: false });
}
