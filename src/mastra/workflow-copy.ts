import { Agent } from "@mastra/core/agent";
import type { Mastra } from "@mastra/core/mastra";
import { createMappingStep, Workflow, type SingleStepEntry, type StepFlowEntry } from "@mastra/core/workflows";
import { recordedSubAgent, type SubAgentRecorder } from "./sub-agents.ts";
import { agentIn, agentStep, entryId, logIdOf, logIdsOf, stepOf } from "./workflow-entry.ts";
import type { StepGate } from "./workflow-gate.ts";
import type { GatedStep, StepParams, WorkflowPlace, WorkflowStep as Step } from "./workflow-step.ts";
import type { MastraWorkflow } from "./workflows.ts";

/** What the copy of a workflow is made with. */
export interface CopyWorld {
  readonly mastra: Mastra;
  readonly gate: StepGate;
  readonly recorder: SubAgentRecorder;
  /** Whether the run goes on in another attempt, so that how Mastra says that this one ended is not how the workflow ended. */
  isLeft(): boolean;
}

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
    options: { ...options, ...callbacksOf(options, world), shouldPersistSnapshot: () => false },
    steps: [],
  };
  const copy = new Workflow(config as never);
  // oxlint-disable-next-line no-underscore-dangle -- the name is Mastra's
  copy.__registerPrimitives({ logger: world.mastra.getLogger() });
  const inPlace = { ...place, retry: { retries: retryConfig?.attempts ?? 0, delayMs: retryConfig?.delay ?? 0 } };
  copy.setStepFlow(workflow.stepGraph.map((entry) => copyOfEntry(entry, inPlace, world)));
  Object.assign(copy.steps, workflow.steps);
  copy.commit();
  // Mastra would look for a snapshot, in a storage that may be down.
  return Object.assign(copy, { getWorkflowRunById: () => Promise.resolve(null) }) as unknown as MastraWorkflow;
}

type Callback = (given: never) => unknown;

/** The callbacks of a workflow that tell of its end, without the ends that are only those of an attempt. */
function callbacksOf({ onFinish, onError }: NonNullable<MastraWorkflow["options"]> = {}, world: CopyWorld): object {
  const ofItsEnd =
    (callback: Callback): Callback =>
    (given) =>
      world.isLeft() ? undefined : callback(given);
  return { ...(onFinish && { onFinish: ofItsEnd(onFinish) }), ...(onError && { onError: ofItsEnd(onError) }) };
}

function copyOfEntry(entry: StepFlowEntry, place: WorkflowPlace, world: CopyWorld): StepFlowEntry {
  const siblings = logIdsOf(entry);
  const gated = (single: SingleStepEntry, isOfList = false): SingleStepEntry => ({
    type: "step",
    step: gatedStep({ ...resolvedStep(single, world), place, siblings, isOfList }, world) as never,
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
      return { type: "step", step: sleepStep(entry, { place, siblings }, world) as never };
    default:
      return gated(entry);
  }
}

/** What an entry names and is not there fails when the workflow comes to it, as with Mastra, and not before. */
function resolvedStep(entry: SingleStepEntry, world: CopyWorld): Pick<GatedStep, "step" | "kind" | "logId"> {
  const logId = logIdOf(entry);
  try {
    const step = stepOf(entry, world.mastra);
    if (step.component === "WORKFLOW") return { step, kind: "workflow", logId };
    if (entry.type === "mapping") return { step, kind: "mapping", logId };
    if (entry.type !== "agent") return { step, kind: "step", logId };
    const agent = agentIn(entry, world.mastra);
    if (!(agent instanceof Agent)) return { step, kind: "step", logId };
    return { step: agentStep(entry, recordedSubAgent(agent as Agent, world.recorder, undefined)), kind: "agent", logId };
  } catch (error) {
    const execute = (): never => {
      throw error;
    };
    return { step: { id: entryId(entry), execute }, kind: "step", logId };
  }
}

function gatedStep(gated: GatedStep, world: CopyWorld): Step {
  const { step, place } = gated;
  const inner = step as unknown as MastraWorkflow;
  const execute =
    gated.kind === "workflow"
      ? (params: StepParams, callId: string): unknown => {
          const copy = recordedWorkflow(inner, { prefix: `${callId}/`, path: [...place.path, step.id], workflowId: inner.id }, world);
          return (copy as unknown as Step).execute(params);
        }
      : (params: StepParams): unknown => step.execute(params);
  // What it says besides, the gate looks at before the log has it.
  const { id, description, inputSchema, outputSchema, requestContextSchema, component, metadata } = step;
  const { scorers } = step as { readonly scorers?: unknown };
  let isScored = false;
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
      return isScored ? undefined : scorers;
    },
    retries: 0,
    execute: async (params: StepParams) => {
      let isFromLog = false;
      const output = await world.gate.pass(gated, params, execute, () => {
        isFromLog = true;
      });
      // Mastra asks at once, and of each visit.
      isScored = isFromLog;
      return output;
    },
  } as unknown as Step;
}

type SleepEntry = Extract<StepFlowEntry, { type: "sleep" | "sleepUntil" }>;

/** A step that waits, as Mastra's own entry does, and knows after a crash how long it has waited. */
function sleepStep(entry: SleepEntry, where: Pick<GatedStep, "place" | "siblings">, world: CopyWorld): Step {
  const step = createMappingStep(entry.id, () => Promise.resolve(undefined)) as unknown as Step;
  const untilOf = async (params: StepParams): Promise<number> => {
    const given = entry.type === "sleep" ? entry.duration : entry.date;
    const pause: unknown = entry.fn ? await entry.fn(params as never) : given;
    const until = entry.type === "sleep" ? Date.now() + Number(pause ?? 0) : new Date(pause as Date).getTime();
    // What is no time is no pause, as with Mastra.
    return Number.isFinite(until) ? until : Date.now();
  };
  return { ...step, execute: (params: StepParams) => world.gate.sleep({ step, kind: "mapping", logId: "sleep", isOfList: false, ...where }, params, untilOf) };
}
