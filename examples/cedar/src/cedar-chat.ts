import type { Agent } from "@mastra/core/agent";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import type { Memory } from "@mastra/memory";
import { z } from "zod";
import { Conversation, turnSchema } from "./conversation.ts";
import { actionSchema, changePage, noteOf, type PageAction } from "./page-actions.ts";

export const CEDAR_CHAT = "cedar-chat";

/** What Cedar sends, as far as it is taken. A stream is not among it: what the steps say is in the log of the run, and read from there. */
export const messageSchema = z.object({
  prompt: z.string(),
  context: z.record(z.string(), z.unknown()).default({}),
  temperature: z.number().optional(),
  maxTokens: z.number().int().positive().optional(),
});

const askedSchema = messageSchema.extend({ history: z.array(turnSchema) });

/** The answer: what is said, and what is done to the page. */
export const replySchema = z.object({ content: z.string(), actions: z.array(actionSchema) });

const decidedSchema = replySchema.extend({ outcome: z.enum(["nothing-to-decide", "approved", "declined"]) });

export const approvalSchema = z.object({ approved: z.boolean(), reason: z.string().optional() });

export interface CedarChatParts {
  /** Answers. What its tools do may happen twice when a process dies meanwhile, so let them only read. */
  readonly agent: Agent;
  /** That of an agent of the same Mastra instance, so that the page finds the conversation again. */
  readonly memory: Memory;
  /** What a person has to say yes to before the page is changed so; `undefined` where nobody is asked. */
  readonly questionFor: (action: PageAction) => string | undefined;
}

/** All of its steps may be executed again after a crash: what they write has an id of its own. As Holdfast names them. */
export const IDEMPOTENT_STEPS: readonly string[] = ["receive", "answer", "remember", "approve", "conclude"].map((step) => `${CEDAR_CHAT}/${step}`);

/** A chat with a page: receives a message, answers it, remembers that, asks where a change of the page needs it, and concludes. */
export function cedarChat({ agent, memory, questionFor }: CedarChatParts) {
  const receive = createStep({
    id: "receive",
    inputSchema: messageSchema,
    outputSchema: askedSchema,
    execute: async ({ inputData, requestContext, runId }) => {
      const conversation = Conversation.of(memory, { requestContext, runId });
      const history = await conversation.history();
      await conversation.write("question", { role: "user", content: inputData.prompt });
      return { ...inputData, history };
    },
  });

  const answer = createStep({
    id: "answer",
    inputSchema: askedSchema,
    outputSchema: replySchema,
    execute: async ({ inputData: { prompt, context, temperature, maxTokens, history }, requestContext, runId, abortSignal, writer }) => {
      const actions: PageAction[] = [];
      let said = "";
      const note = noteOf(context);
      const output = await agent.stream([...history, { role: "user", content: prompt }], {
        abortSignal,
        requestContext,
        toolsets: changePage(context, (action) => actions.push(action)),
        modelSettings: { ...(temperature !== undefined && { temperature }), ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }) },
        ...(note !== undefined && { system: note }),
      });
      // Into the log, from where the page gets it word by word.
      for await (const chunk of output.fullStream) {
        if (chunk.type === "text-delta") said += chunk.payload.text;
        await writer.write(chunk);
      }
      // Of an answer that is stopped the conversation keeps what was said; where the run goes on elsewhere, this is written over.
      if (abortSignal.aborted) await Conversation.of(memory, { requestContext, runId }).write("answer", { role: "assistant", content: said });
      if (output.error !== undefined) throw output.error;
      return { content: await output.text, actions };
    },
  });

  const remember = createStep({
    id: "remember",
    inputSchema: replySchema,
    outputSchema: replySchema,
    execute: async ({ inputData, requestContext, runId }) => {
      await Conversation.of(memory, { requestContext, runId }).write("answer", { role: "assistant", content: inputData.content });
      return inputData;
    },
  });

  const approve = createStep({
    id: "approve",
    inputSchema: replySchema,
    outputSchema: decidedSchema,
    suspendSchema: z.object({ message: z.string(), actions: z.array(actionSchema) }),
    resumeSchema: approvalSchema,
    execute: async ({ inputData: { content, actions }, resumeData, suspend, writer }) => {
      const asked = actions.filter((action) => questionFor(action) !== undefined);
      const others = actions.filter((action) => questionFor(action) === undefined);
      if (asked.length === 0) return { content, actions, outcome: "nothing-to-decide" as const };
      if (resumeData === undefined) {
        // What nobody has to agree to does not wait.
        if (others.length > 0) await writer.custom({ type: "data-cedar", data: others.map((action) => ({ type: "setState", ...action })) });
        return suspend({ message: asked.map(questionFor).join(" "), actions: asked });
      }
      if (resumeData.approved) return { content: "Done.", actions: asked, outcome: "approved" as const };
      return { content: resumeData.reason === undefined ? "I left it as it is." : `I left it as it is: ${resumeData.reason}`, actions: [], outcome: "declined" as const };
    },
  });

  const conclude = createStep({
    id: "conclude",
    inputSchema: decidedSchema,
    outputSchema: replySchema,
    execute: async ({ inputData: { content, actions, outcome }, requestContext, runId }) => {
      if (outcome !== "nothing-to-decide") await Conversation.of(memory, { requestContext, runId }).write("outcome", { role: "assistant", content });
      return { content, actions };
    },
  });

  return createWorkflow({ id: CEDAR_CHAT, description: "Answers a message of a Cedar-OS page.", inputSchema: messageSchema, outputSchema: replySchema })
    .then(receive)
    .then(answer)
    .then(remember)
    .then(approve)
    .then(conclude)
    .commit();
}
