import type { Mastra } from "@mastra/core/mastra";
import type { RequestContext } from "@mastra/core/request-context";
import type { AgentSource, AttemptContext, AttemptOutcome } from "../core/agent-source.ts";
import type { Run } from "../core/run.ts";
import { checkWorkflowAnswer } from "./workflow-answer.ts";
import { WorkflowRun } from "./workflow-run.ts";
import { checkWorkflowInput, listWorkflows, registeredWorkflow } from "./workflows.ts";

export interface WorkflowSourceOptions {
  /** Whether a tool, or a step as `workflowId/stepId`, may run again after a crash without harm. */
  readonly isIdempotent: (name: string) => boolean;
  readonly contextOf: (run: Run) => RequestContext;
  readonly onUnknownChunk: (chunkType: string) => void;
  readonly onError: ((run: Run, error: unknown) => void) | undefined;
}

/** What of a source is about workflows; `executeWorkflow` executes an attempt at a run of one. */
export type WorkflowSource = Pick<AgentSource, "listWorkflows" | "checkWorkflowInput" | "checkWorkflowAnswer"> & {
  readonly executeWorkflow: (attempt: AttemptContext) => Promise<AttemptOutcome>;
};

/** Executes the workflows of a Mastra instance. */
export function workflowSource(mastra: Mastra, options: WorkflowSourceOptions): WorkflowSource {
  const { isIdempotent, onUnknownChunk } = options;
  return {
    listWorkflows: () => listWorkflows(mastra),
    checkWorkflowInput: (workflowId, input) => checkWorkflowInput(mastra, workflowId, input),
    checkWorkflowAnswer: (question, given, transcript) => checkWorkflowAnswer(mastra, question, given, transcript),
    async executeWorkflow(attempt) {
      const { run } = attempt;
      const onCallbackError = (error: unknown): void => options.onError?.(run, error);
      const workflow = registeredWorkflow(mastra, run.agentId);
      if (workflow === undefined) {
        const message = `Workflow ${run.agentId} is not registered any more, and its run cannot go on.`;
        return { outcome: "failed", error: { code: "WORKFLOW_NOT_FOUND", message } };
      }
      return new WorkflowRun({ mastra, workflow, attempt, requestContext: options.contextOf(run), isIdempotent, onUnknownChunk, onCallbackError }).drive();
    },
  };
}
