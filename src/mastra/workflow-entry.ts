import type { Mastra } from "@mastra/core/mastra";
import {
  createMappingStep,
  createStepFromAgent,
  createStepFromClassifier,
  createStepFromTool,
  type SingleStepEntry,
  type StepFlowEntry,
} from "@mastra/core/workflows";
import type { WorkflowStep } from "./workflow-step.ts";
import type { MastraWorkflow } from "./workflows.ts";

type AgentEntry = Extract<SingleStepEntry, { type: "agent" }>;

export function entryId(entry: SingleStepEntry): string {
  return entry.type === "step" ? entry.step.id : entry.id;
}

/** What the log calls the step of an entry. */
export function logIdOf(entry: SingleStepEntry): string {
  // Mastra may give it another id in each process.
  return entry.type === "mapping" ? "map" : entryId(entry);
}

/** What the log calls the steps of an entry, a pause among them. */
export function logIdsOf(entry: StepFlowEntry): ReadonlySet<string> {
  return entry.type === "sleep" || entry.type === "sleepUntil" ? new Set(["sleep"]) : new Set(singlesOf(entry).map(logIdOf));
}

/**
 * The step that an entry stands for, as Mastra makes it when the workflow comes to it.
 * @throws what Mastra throws where the entry names an agent, a tool or a classifier that is not registered
 */
export function stepOf(entry: SingleStepEntry, mastra: Mastra): WorkflowStep {
  const named = (step: unknown): WorkflowStep => ({ ...(step as WorkflowStep), id: entryId(entry) });
  switch (entry.type) {
    case "step":
      return entry.step;
    case "agent":
      return agentStep(entry, agentIn(entry, mastra));
    case "tool":
      return named(createStepFromTool((entry.tool ?? mastra.getTool(entry.toolId as never)) as never, entry.options as never));
    case "classifier":
      return named(createStepFromClassifier((entry.classifier ?? mastra.getClassifierById(entry.classifierId as never)) as never, entry.options as never));
    case "mapping":
      return createMappingStep(entry.id, entry.mapConfig);
  }
}

export function agentIn(entry: AgentEntry, mastra: Mastra): unknown {
  return entry.agent ?? mastra.getAgentById(entry.agentId);
}

export function agentStep(entry: AgentEntry, agent: unknown): WorkflowStep {
  const step: unknown = createStepFromAgent(agent as never, entry.options as never);
  return { ...(step as WorkflowStep), id: entry.id };
}

/** The step at a path, as its question names it; `undefined` where the workflow has none there. */
export function stepAt(workflow: MastraWorkflow, path: readonly string[], mastra: Mastra): WorkflowStep | undefined {
  const [first, ...rest] = path;
  const entry = workflow.stepGraph.flatMap(singlesOf).find((single) => logIdOf(single) === first);
  const step = entry && foundStep(entry, mastra);
  if (step === undefined) return undefined;
  if (rest.length === 0) return step;
  return step.component === "WORKFLOW" ? stepAt(step as unknown as MastraWorkflow, rest, mastra) : undefined;
}

/** An agent or a tool that a step stood for may be gone, too. */
function foundStep(entry: SingleStepEntry, mastra: Mastra): WorkflowStep | undefined {
  try {
    return stepOf(entry, mastra);
  } catch {
    return undefined;
  }
}

function singlesOf(entry: StepFlowEntry): readonly SingleStepEntry[] {
  switch (entry.type) {
    case "parallel":
    case "conditional":
      return entry.steps;
    case "loop":
    case "foreach":
      return [entry.step];
    case "sleep":
    case "sleepUntil":
      return [];
    default:
      return [entry];
  }
}
