import type { Mastra } from "@mastra/core/mastra";
import { standardSchemaToJSONSchema } from "@mastra/core/schema";
import type { WorkflowQuestion } from "../core/agent-source.ts";
import { HoldfastError } from "../core/error.ts";
import type { Json } from "../core/json.ts";
import type { Transcript } from "../core/transcript.ts";
import { withDates } from "./answer-dates.ts";
import { toJson } from "./json-value.ts";
import { addedStep, stepsAround } from "./workflow-changes.ts";
import { checkedBy, type Checked, type StandardSchema } from "./standard-schema.ts";
import { stepAt } from "./workflow-entry.ts";
import type { WorkflowStep } from "./workflow-step.ts";
import { workflowOf } from "./workflows.ts";

/**
 * Refuses an answer that the workflow, as it is registered now, could do nothing with: the question stays open.
 * @throws {HoldfastError} WORKFLOW_NOT_FOUND, WORKFLOW_CHANGED, INPUT_INVALID
 */
export async function checkWorkflowAnswer(
  mastra: Mastra,
  { id, kind, agentId, toolCallId, stepPath }: WorkflowQuestion,
  { answer, isDeclined }: { readonly answer: Json; readonly isDeclined?: true },
  transcript: Pick<Transcript, "workflow">,
): Promise<void> {
  const workflow = workflowOf(mastra, agentId);
  const added = addedStep(workflow.stepGraph, transcript.workflow);
  if (added !== undefined) {
    throw new HoldfastError(
      "WORKFLOW_CHANGED",
      `Workflow ${agentId} has a step ${added} before the one that asks; bring back the one that asked, or cancel the run.`,
    );
  }
  const path = stepPath ?? stepsAround(toolCallId, transcript.workflow);
  if (path.length === 0) return;
  const step = stepAt(workflow, path, mastra);
  if (step === undefined) {
    const name = path.join("/");
    throw new HoldfastError("WORKFLOW_CHANGED", `Workflow ${agentId} has no step ${name} any more; bring back the one that asked, or cancel the run.`);
  }
  if (isDeclined === true || kind !== "workflow-suspend") return;
  const { faults } = await answerOf(step, answer, workflow.options?.validateInputs);
  if (faults !== undefined) throw new HoldfastError("INPUT_INVALID", `The answer to interrupt ${id} does not fit its schema. ${faults}.`);
}

/** What a step is handed of an answer: what its schema makes of it, as with Mastra. */
export async function answerOf({ resumeSchema }: WorkflowStep, answer: Json, validateInputs: boolean = true): Promise<Checked> {
  if (!validateInputs || resumeSchema === undefined) return { value: answer };
  const checked = await checkedBy(resumeSchema as StandardSchema, answer);
  return checked.faults === undefined ? checked : checkedBy(resumeSchema as StandardSchema, withDates(answer, resumeJsonSchema(resumeSchema)));
}

/** The schema of an answer, as those see it who may answer. */
export function resumeJsonSchema(resumeSchema: unknown): Json {
  return toJson(standardSchemaToJSONSchema(resumeSchema as never, { io: "input" }));
}
