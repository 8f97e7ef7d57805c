import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { RequestContext } from "@mastra/core/request-context";
import { createTool } from "@mastra/core/tools";
import { actingModel } from "./acting-model.ts";
import { WRITER_INSTRUCTIONS } from "./prompt.ts";
import { relay } from "./relay.ts";
import { runIdOf } from "./requester.ts";
import { answerSchema, questionSchema, type GovernedAnswer } from "./workflow.ts";

/** Writes answers inside the workflow; on its own it knows nothing. */
export function answerWriter(model: MastraModelConfig): Agent {
  return new Agent({ id: "answer-writer", name: "Answer writer", instructions: WRITER_INSTRUCTIONS, model });
}

/**
 * An agent to chat with, whose one tool is the whole workflow, and whose model only passes on what that has verified. It has no memory, since what was
 * retrieved with a step-up must not be there for a turn without one.
 */
export function assistant(workflow: GovernedAnswer): Agent {
  const askDocuments = createTool({
    id: "ask-documents",
    description: "Answers a question from the documents that the user may see, with citations.",
    inputSchema: questionSchema,
    outputSchema: answerSchema,
    // It reads, and its rows of the audit trail are written once: after a crash it may run again.
    mcp: { annotations: { readOnlyHint: true, idempotentHint: true } },
    execute: async ({ question }, { requestContext, abortSignal, writer }) => {
      const context = requestContext ?? new RequestContext();
      const run = await workflow.createRun();
      abortSignal?.addEventListener("abort", () => void run.cancel(), { once: true });
      // Nothing but who asks and for which run: what else is in the context belongs to the agent.
      const passedOn = new RequestContext<unknown>([
        ["principal", context.get("principal")],
        ["holdfast", { runId: runIdOf(context, run.runId) }],
      ]);
      const { fullStream, result: ended } = run.stream({ inputData: { question }, requestContext: passedOn });
      for await (const chunk of fullStream) {
        // What the writer's model cost belongs to the run that called the tool.
        if (chunk.type === "workflow-step-output") await writer?.write(chunk);
      }
      const result = await ended;
      if (result.status === "success") return result.result;
      throw result.status === "failed" ? result.error : new Error("The question was not answered.");
    },
  });
  return new Agent({
    id: "governed-rag",
    name: "Document assistant",
    instructions: "Passes each question on to the documents, and what they answer back.",
    model: actingModel({ modelId: "relay", act: (prompt) => relay(prompt, askDocuments.id) }),
    tools: { [askDocuments.id]: askDocuments },
  });
}
