import type { Agent, AgentExecutionOptionsBase, MastraDBMessage } from "@mastra/core/agent";
import type { RequestContext } from "@mastra/core/request-context";
import type { ToolHooks } from "@mastra/core/tools";
import { standInId, type Run } from "../core/run.ts";
import type { AgentScope } from "./agent-scope.ts";
import type { ApprovalPolicy } from "./approval-rule.ts";
import type { AnswerWatch } from "./marked-stream.ts";
import { missingTools } from "./missing-tools.ts";
import { observedModel } from "./observed-model.ts";
import { promptBytes } from "./prompt-bytes.ts";
import { isStreamingModel, type StreamingModel, type StreamOptions } from "./streaming-model.ts";
import { recordedModel } from "./recorded-model.ts";
import { gatedTools, type GateKeeper } from "./tool-gate.ts";
import { usageOf } from "./usage.ts";

/** Mastra's hook before each step of an agent. */
export type PrepareStep = NonNullable<AgentExecutionOptionsBase<unknown>["prepareStep"]>;

export interface StepPreparationOptions {
  readonly agent: Agent;
  readonly scope: AgentScope;
  readonly keeper: GateKeeper;
  readonly requestContext: RequestContext;
  /** The hook that the agent was configured with. */
  readonly own: PrepareStep | undefined;
  /** For the tools that the agent's own hook puts in place. */
  readonly hooks: ToolHooks;
  readonly approvalPolicy: ApprovalPolicy;
  /** Awaited where a step would follow one that waits for an answer, or that failed. */
  readonly onStuck: () => Promise<never>;
}

type StepInput = Parameters<PrepareStep>[0];
type StepChange = Exclude<Awaited<ReturnType<PrepareStep>>, void | undefined>;

/**
 * Puts the recorded answer in place of the model for each step that the log holds, and watches the model of every other; the
 * agent's own hook is called first, in both cases, and its tools are recorded as the agent's are. Every tool gets a gate, also those that a recorded
 * step called and that are gone by now.
 */
export function stepPreparation(options: StepPreparationOptions): PrepareStep {
  const { agent, scope, keeper, requestContext } = options;
  const { run } = scope.world.attempt;
  return async (args) => {
    // Mastra takes tools that were called before an error for ones that failed, asks the model again, and by then heeds no abort of a call
    // in a thread. A step that it tries again keeps its number.
    const isBehindFailure = scope.failedStep !== undefined && args.stepNumber > scope.failedStep && scope.delegation === undefined;
    if (scope.interrupted.size > 0 || isBehindFailure) return options.onStuck();
    scope.prepared = args.stepNumber;
    if (scope.delegation === undefined && args.stepNumber === 0) {
      args.messageList.removeByIds(notOfThisTurn(args, run));
      // A client that shows the thread finds a call by its id, over all turns.
      scope.toolCallIds.use(callIdsIn(args.messageList.get.all.db()));
    }
    const prepared = (await options.own?.(args)) ?? {};
    const recorded = scope.recordedStep(args.stepNumber);
    const isRecorded = recorded?.modelFinished !== undefined;
    const model = isRecorded ? recordedModel(recorded, scope.idPrefix) : await modelOf(agent, requestContext, prepared.model ?? args.model);
    const recordedWatch = (): Promise<AnswerWatch> => Promise.resolve({ renamed: scope.toolCallIds.ofRecorded() });
    const observed = isStreamingModel(model) ? observedModel(model, isRecorded ? recordedWatch : callRecorder(scope, model)) : model;
    const offered = prepared.tools ? hookedTools(prepared.tools, args, options) : args.tools;
    const missing = isRecorded ? missingTools(recorded, offered ?? {}) : {};
    const given = (offered || Object.keys(missing).length > 0) && { ...offered, ...hookedTools(missing, args, options) };
    const activeTools = prepared.activeTools ?? args.activeTools;
    const change = {
      ...prepared,
      model: observed as StepInput["model"],
      ...(given && { tools: gatedTools(given, scope, keeper, options.approvalPolicy) }),
      ...(activeTools && { activeTools: [...activeTools, ...Object.keys(missing)] }),
    };
    return scope.delegation === undefined ? { ...change, messageId: run.messageId } : change;
  };
}

/**
 * What the thread has of the run's own answer comes again from the log; and of a run that goes on after the conversation did, the later
 * turns are not what it answers.
 */
function notOfThisTurn({ messageList }: StepInput, run: Run): string[] {
  const messages = messageList.get.all.db();
  const asked = messages.findLastIndex(({ id }) =>
    run.input.messages.some((message) => id === message["id"] || id === standInId(run.threadId, message["id"] as string)),
  );
  const later = run.parentRunId === undefined || asked < 0 ? [] : messages.slice(asked + 1).map(({ id }) => id);
  return [run.messageId, ...later];
}

function callIdsIn(messages: readonly MastraDBMessage[]): readonly string[] {
  return messages.flatMap(({ content }) => content.parts.flatMap((part) => (part.type === "tool-invocation" ? [part.toolInvocation.toolCallId] : [])));
}

/** Puts each call of the model on the disk before the provider hears of it, and notes the figure of its end. */
function callRecorder(scope: AgentScope, { provider, modelId }: StreamingModel): (options: StreamOptions) => Promise<AnswerWatch> {
  const { attempt } = scope.world;
  return async (options) => {
    scope.failedStep = undefined;
    const call = scope.nextCall();
    const bytes = promptBytes(options);
    await scope.commit({
      type: "model-called",
      step: scope.prepared,
      call,
      ...(scope.delegation !== undefined && { agentId: scope.agentId }),
      provider,
      modelId,
      ...(bytes !== undefined && { promptBytes: bytes }),
    });
    attempt.checkpoint("model-called");
    return {
      call,
      renamed: scope.toolCallIds.ofAnswer(),
      onError: () => {
        scope.failedStep = scope.prepared;
      },
      onFinish: (reported) => {
        const usage = usageOf(reported);
        if (usage) attempt.noteUsage({ path: scope.path, call }, usage);
        attempt.checkpoint("model-answered");
      },
      ...(scope.delegation !== undefined && { onTruncated: () => scope.gates.close(new Error("The model's answer ended before it was complete.")) }),
    };
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
  return new Proxy(tool as object, { get: (target, key): unknown => (key === "execute" ? hooked : Reflect.get(target, key)) });
}
