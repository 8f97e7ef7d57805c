import { Agent } from "@mastra/core/agent";
import type { Mastra } from "@mastra/core/mastra";
import {
  createMappingStep,
  createStepFromAgent,
  createStepFromClassifier,
  createStepFromTool,
  Workflow,
  type SingleStepEntry,
  type StepFlowEntry,
} from "@mastra/core/workflows";
import type { WorkflowStepRecord } from "../core/workflow-transcript.ts";
import { recordedSubAgent, type SubAgentRecorder } from "./sub-agents.ts";
import type { StepGate } from "./workflow-gate.ts";
import type { GatedStep, StepParams, WorkflowPlace } from "./workflow-step.ts";
import type { MastraWorkflow } from "./workflows.ts";

/** What the copy of a workflow is made with. */
export interface CopyWorld {
  readonly mastra: Mastra;
  readonly gate: StepGate;
  readonly recorder: SubAgentRecorder;
}

type Step = GatedStep["step"];

/**
 * A copy of a workflow whose steps go through the gate. It keeps no snapshots: what Mastra keeps of a running workflow has holes, and the log
 * knows more. Workflows and steps that others share are left as they are.
 */
export function recordedWorkflow(workflow: MastraWorkflow, place: Omit<WorkflowPlace, "retry">, world: CopyWorld): MastraWorkflow {
  const { id, description, inputSchema, outputSchema, stateSchema, requestContextSchema, options, retryConfig } = workflow;
  const config = {
    id,
    description,
    inputSchema,
    outputSchema,
    stateSchema,
    requestContextSchema,
    mastra: world.mastra,
    // The gate tries a step again by itself.
    retryConfig: { attempts: 0, delay: 0 },
    options: { ...options, shouldPersistSnapshot: () => false },
    steps: [],
  };
  const copy = new Workflow(config as never);
  // oxlint-disable-next-line no-underscore-dangle -- the name is Mastra's
  copy.__registerPrimitives({ logger: world.mastra.getLogger() });
  const inPlace = { ...place, retry: { retries: retryConfig?.attempts ?? 0, delayMs: retryConfig?.delay ?? 0 } };
  copy.setStepFlow(workflow.stepGraph.map((entry) => copyOfEntry(entry, workflow, inPlace, world)));
  Object.assign(copy.steps, workflow.steps);
  copy.commit();
  // Mastra would look for a snapshot, in a storage that may be down.
  return Object.assign(copy, { getWorkflowRunById: () => Promise.resolve(null) }) as unknown as MastraWorkflow;
}

function copyOfEntry(entry: StepFlowEntry, workflow: MastraWorkflow, place: WorkflowPlace, world: CopyWorld): StepFlowEntry {
  const gated = (single: SingleStepEntry, isOfList = false): SingleStepEntry => ({
    type: "step",
    step: gatedStep(single, workflow, place, world, isOfList) as never,
  });
  switch (entry.type) {
    case "parallel":
    case "conditional":
      return { ...entry, steps: entry.steps.map((single) => gated(single)) };
    case "loop":
      return { ...entry, step: gated(entry.step) };
    case "foreach":
      return { ...entry, step: gated(entry.step, true) };
    case "sleep":
    case "sleepUntil":
      return { type: "step", step: sleepStep(entry, place, world) as never };
    default:
      return gated(entry);
  }
}

function gatedStep(entry: SingleStepEntry, workflow: MastraWorkflow, place: WorkflowPlace, world: CopyWorld, isOfList: boolean): Step {
  const gated = { ...stepOf(entry, workflow, world), place, isOfList } satisfies GatedStep;
  const { step } = gated;
  const inner = step as unknown as MastraWorkflow;
  const execute =
    gated.kind === "workflow"
      ? (params: StepParams, callId: string): unknown => {
          const path = [...place.path, step.id];
          const copy = recordedWorkflow(inner, { prefix: `${callId}/`, path, workflowId: inner.id }, world);
          return (copy as unknown as Step).execute(params);
        }
      : (params: StepParams): unknown => step.execute(params);
  // What it says besides, the gate looks at before the log has it.
  const { id, description, inputSchema, outputSchema, requestContextSchema, component, metadata } = step;
  const { scorers } = step as { readonly scorers?: unknown };
  let isAnswered = false;
  return {
    id,
    description,
    inputSchema,
    outputSchema,
    requestContextSchema,
    component,
    metadata,
    // What was scored when it was made is not scored again.
    get scorers(): unknown {
      return isAnswered ? undefined : scorers;
    },
    retries: 0,
    execute: (params: StepParams) =>
      world.gate.pass(gated, params, execute, (record: WorkflowStepRecord) => {
        isAnswered = record.status === "success";
      }),
  } as unknown as Step;
}

/** The step that an entry stands for, as something that can be executed. */
function stepOf(entry: SingleStepEntry, workflow: MastraWorkflow, world: CopyWorld): Pick<GatedStep, "step" | "kind" | "logId"> {
  const asStep = (step: unknown): Step => ({ ...(step as Step), id: entryId(entry) });
  switch (entry.type) {
    case "step": {
      const step = entry.step as unknown as Step;
      return { step, kind: step.component === "WORKFLOW" ? "workflow" : "step", logId: step.id };
    }
    case "agent": {
      const agent = (entry.agent ?? world.mastra.getAgentById(entry.agentId)) as unknown;
      const isRecorded = agent instanceof Agent;
      const executed = isRecorded ? recordedSubAgent(agent as Agent, world.recorder, undefined) : agent;
      return { step: asStep(createStepFromAgent(executed as never, entry.options as never)), kind: isRecorded ? "agent" : "step", logId: entry.id };
    }
    case "tool": {
      const tool: unknown = entry.tool ?? world.mastra.getTool(entry.toolId as never);
      return { step: asStep(createStepFromTool(tool as never, entry.options as never)), kind: "step", logId: entry.id };
    }
    case "classifier": {
      const { classifier } = entry as { readonly classifier?: unknown };
      if (classifier === undefined) return { step: workflow.steps[entry.id] as Step, kind: "step", logId: entry.id };
      return { step: asStep(createStepFromClassifier(classifier as never, entry.options as never)), kind: "step", logId: entry.id };
    }
    case "mapping":
      // Mastra may give it another id in each process.
      return { step: createMappingStep(entry.id, entry.mapConfig), kind: "mapping", logId: "map" };
  }
}

function entryId(entry: SingleStepEntry): string {
  return entry.type === "step" ? entry.step.id : entry.id;
}

type SleepEntry = Extract<StepFlowEntry, { type: "sleep" | "sleepUntil" }>;

/** A step that waits, as Mastra's own entry does, and knows after a crash how long it has waited. */
function sleepStep(entry: SleepEntry, place: WorkflowPlace, world: CopyWorld): Step {
  const step = createMappingStep(entry.id, () => Promise.resolve(undefined)) as unknown as Step;
  const untilOf = async (params: StepParams): Promise<number> => {
    if (entry.type === "sleep") return Date.now() + Number((entry.fn ? await entry.fn(params as never) : entry.duration) ?? 0);
    return new Date((entry.fn ? await entry.fn(params as never) : entry.date) as Date).getTime();
  };
  return { ...step, execute: (params: StepParams) => world.gate.sleep({ step, kind: "mapping", logId: "sleep", place, isOfList: false }, params, untilOf) };
}
