import type { Agent, AgentExecutionOptionsBase } from "@mastra/core/agent";
import type { RequestContext } from "@mastra/core/request-context";
import type { ToolHooks } from "@mastra/core/tools";
import type { AttemptContext } from "../core/agent-source.ts";
import { observedModel } from "./observed-model.ts";
import { isStreamingModel } from "./streaming-model.ts";
import { recordedModel } from "./recorded-model.ts";

/** Mastra's hook before each step of an agent. */
export type PrepareStep = NonNullable<AgentExecutionOptionsBase<unknown>["prepareStep"]>;

export interface StepPreparationOptions {
  readonly agent: Agent;
  readonly attempt: AttemptContext;
  readonly requestContext: RequestContext;
  /** The hook that the agent was configured with. */
  readonly own: PrepareStep | undefined;
  /** For the tools that the agent's own hook puts in place. */
  readonly hooks: ToolHooks;
  readonly onStep: (step: number) => void;
}

type StepInput = Parameters<PrepareStep>[0];
type StepChange = Exclude<Awaited<ReturnType<PrepareStep>>, void | undefined>;

/**
 * Puts the recorded answer in place of the model for each step that the log holds, and watches the model of every other; the
 * agent's own hook is called first, in both cases, and its tools are recorded as the agent's are.
 */
export function stepPreparation(options: StepPreparationOptions): PrepareStep {
  const { agent, attempt, requestContext } = options;
  const onCall = async (): Promise<void> => {
    attempt.checkpoint("model-called");
    return Promise.resolve();
  };
  return async (args) => {
    options.onStep(args.stepNumber);
    const prepared = (await options.own?.(args)) ?? {};
    const recorded = attempt.transcript.steps[args.stepNumber];
    const isRecorded = recorded?.modelFinished !== undefined;
    const model = isRecorded ? recordedModel(recorded) : await modelOf(agent, requestContext, prepared.model ?? args.model);
    const observed = isStreamingModel(model) ? observedModel(model, isRecorded ? () => Promise.resolve() : onCall) : model;
    const tools = prepared.tools && hookedTools(prepared.tools, args, options);
    return { ...prepared, model: observed as StepInput["model"], messageId: attempt.run.messageId, ...(tools && { tools }) };
  };
}

/** A hook may name a model instead of giving one. */
async function modelOf(agent: Agent, requestContext: RequestContext, model: unknown): Promise<unknown> {
  if (isStreamingModel(model)) return model;
  const llm = await agent.getLLM({ requestContext, model: model as NonNullable<Parameters<Agent["getLLM"]>[0]>["model"] & {} });
  return llm.getModel();
}

function hookedTools(tools: NonNullable<StepChange["tools"]>, args: StepInput, options: StepPreparationOptions): Record<string, unknown> {
  // Those that were there before have the hooks already.
  return Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, args.tools?.[name] === tool ? tool : hookedTool(name, tool, options)]));
}

type Execute = (input: unknown, context: unknown) => unknown;

function hookedTool(toolName: string, tool: unknown, { agent, hooks }: StepPreparationOptions): unknown {
  const execute = (tool as { readonly execute?: unknown } | null)?.execute;
  if (typeof execute !== "function") return tool;
  const hooked = async (input: unknown, context: unknown): Promise<unknown> => {
    const call = { toolName, input, context, metadata: { agentId: agent.id, agentName: agent.name } };
    const verdict = await hooks.beforeToolCall?.(call);
    if (verdict?.proceed === false) return verdict.output;
    let output: unknown;
    try {
      output = await (execute as Execute).call(tool, input, context);
    } catch (error) {
      await hooks.afterToolCall?.({ ...call, error });
      throw error;
    }
    await hooks.afterToolCall?.({ ...call, output });
    return output;
  };
  return new Proxy(tool as object, { get: (target, key): unknown => (key === "execute" ? hooked : Reflect.get(target, key, target)) });
}
