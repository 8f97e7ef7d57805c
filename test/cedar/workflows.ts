import type { Agent } from "@mastra/core/agent";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";

/** What Cedar sends, as far as these workflows take it. */
const MESSAGE = z.object({
  prompt: z.string(),
  context: z.record(z.string(), z.unknown()).optional(),
  temperature: z.number().optional(),
  resourceId: z.string().optional(),
  tenant: z.string().optional(),
  threadId: z.string().optional(),
});

const REPLY = z.object({ content: z.string(), action: z.unknown().optional() });

/** Workflows that answer a chat; what their steps did is noted in `executed`. */
export function chatWorkflows(agent: Agent, executed: unknown[]): Record<string, ReturnType<typeof createWorkflow>> {
  const told = createStep({
    id: "told",
    inputSchema: MESSAGE,
    outputSchema: z.object({ prompt: z.string() }),
    execute: async ({ inputData, requestContext, writer }) => {
      const { fields } = requestContext.get("cedar") as { readonly fields: unknown };
      executed.push({ input: inputData, fields });
      await writer.write({ type: "progress_update", state: "in_progress", text: "Reading." });
      await writer.custom({ type: "data-cedar", data: { type: "setState", stateKey: "humanInTheLoop", setterKey: "resume", args: [] } });
      return { prompt: inputData.prompt };
    },
  });
  const written = createStep({
    id: "written",
    inputSchema: z.object({ prompt: z.string() }),
    outputSchema: REPLY,
    execute: async ({ inputData, writer }) => {
      const stream = await agent.stream(inputData.prompt);
      await stream.fullStream.pipeTo(writer);
      return { content: await stream.text, action: { type: "action", stateKey: "page", setterKey: "paint", args: [{ colour: "red" }] } };
    },
  });
  const approved = createStep({
    id: "approved",
    inputSchema: MESSAGE,
    outputSchema: REPLY,
    resumeSchema: z.object({ approved: z.boolean() }),
    execute: async ({ inputData, resumeData, suspend }) => {
      if (resumeData === undefined) return suspend({ message: `May ${inputData.prompt} be done?` });
      executed.push(resumeData);
      return { content: resumeData.approved ? `Did ${inputData.prompt}.` : "Did not." };
    },
  });
  const broken = createStep({
    id: "broken",
    inputSchema: MESSAGE,
    outputSchema: REPLY,
    execute: async () => {
      throw new Error("The harbour is closed.");
    },
  });
  const flow = (id: string): ReturnType<typeof createWorkflow> => createWorkflow({ id, inputSchema: MESSAGE, outputSchema: REPLY }) as never;
  return {
    "cedar-chat": flow("cedar-chat")
      .then(told as never)
      .then(written as never)
      .commit() as never,
    "cedar-approval": flow("cedar-approval")
      .then(approved as never)
      .commit() as never,
    "cedar-broken": flow("cedar-broken")
      .then(broken as never)
      .commit() as never,
  };
}
