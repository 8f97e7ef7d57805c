import { Agent, type AgentExecutionOptionsBase } from "@mastra/core/agent";
import type { RequestContext } from "@mastra/core/request-context";
import { deepMerge } from "@mastra/core/utils";
import { HoldfastError } from "../core/error.ts";
import { AgentScope } from "./agent-scope.ts";
import type { ApprovalPolicy } from "./approval-rule.ts";
import { delegationHere } from "./delegation.ts";
import { guardedCallbacks } from "./guarded-callbacks.ts";
import { fencedOptions } from "./memory-fence.ts";
import { stepPreparation } from "./step-preparation.ts";
import type { GateKeeper } from "./tool-gate.ts";
import { recordingHooks, type ToolRecorder } from "./tool-hooks.ts";

/** What records the work of sub-agents. */
export interface SubAgentRecorder extends GateKeeper, ToolRecorder {
  onCallbackError(error: unknown): void;
}

type StreamOptions = AgentExecutionOptionsBase<undefined>;
type Messages = Parameters<Agent["stream"]>[0];

/**
 * The same agent, as a copy of its own whose sub-agents record their model calls and tools as the agent itself does: neither
 * `prepareStep` nor `hooks` of a call reach a sub-agent. Agents that others share are left as they are. An agent without sub-agents is given
 * back itself.
 */
export async function withRecordedSubAgents(
  agent: Agent,
  scope: AgentScope,
  recorder: SubAgentRecorder,
  requestContext: RequestContext,
  policy: ApprovalPolicy,
): Promise<Agent> {
  const subAgents = Object.entries(await agent.listAgents({ requestContext }));
  if (!subAgents.some(([, subAgent]) => subAgent instanceof Agent)) return agent;
  const copy = copyOf(agent);
  const recorded = subAgents.map(([name, subAgent]): [string, typeof subAgent] => {
    if (!(subAgent instanceof Agent)) return [name, subAgent];
    scope.delegates.add(`agent-${name}`);
    return [name, recordedSubAgent(subAgent as Agent, recorder, policy)];
  });
  return Object.assign(copy, { listAgents: () => Object.fromEntries(recorded) });
}

/** A copy of an agent that runs inside a call; its own calls are recorded. Outside of one it is as the agent itself. */
export function recordedSubAgent(agent: Agent, recorder: SubAgentRecorder, policy: ApprovalPolicy): Agent {
  const stream = async (messages: Messages, given: StreamOptions = {}): Promise<unknown> => {
    const delegation = delegationHere();
    if (delegation === undefined) return agent.stream(messages, given as object);
    const requestContext = given.requestContext as RequestContext;
    const runId = given.runId ?? globalThis.crypto.randomUUID();
    const scope = new AgentScope(delegation.scope.world, agent.id, { delegation, mastraRunId: runId });
    // As Mastra puts them together. A step of a workflow has options of its own.
    const own = deepMerge<StreamOptions>(await agent.getDefaultOptions({ requestContext }), given);
    const approvalPolicy = (own.requireToolApproval as ApprovalPolicy) ?? policy;
    const recorded = await withRecordedSubAgents(agent, scope, recorder, requestContext, approvalPolicy);
    const hooks = recordingHooks(agent, own.hooks, scope, recorder);
    const { signal } = scope.world.attempt;
    const memory = own.memory && { ...own.memory, options: fencedOptions(own.memory.options, () => signal.aborted || scope.interrupted.size > 0) };
    const options: StreamOptions = {
      ...given,
      ...(memory && { memory }),
      ...(guardedCallbacks(own, scope, (error) => recorder.onCallbackError(error)) as object),
      runId,
      // The conversation is kept when it has ended: a takeover would keep what it had so far a second time.
      savePerStep: false,
      requireToolApproval: false,
      eagerToolExecution: false,
      includeRawChunks: true,
      hooks,
      prepareStep: stepPreparation({
        agent,
        scope,
        keeper: recorder,
        requestContext,
        own: own.prepareStep,
        hooks,
        approvalPolicy,
        // Its memory must not get half a conversation, so the sub-agent is left where it stands, for good.
        onStuck: () => {
          delegation.stuck.resolve();
          return new Promise<never>(() => undefined);
        },
      }),
    };
    return recorded.stream(messages, options as object);
  };
  // Mastra's way for models of the AI SDK v4 knows no steps that could be recorded, and no gates.
  const streamLegacy = (): Promise<never> =>
    Promise.reject(new HoldfastError("NOT_SUPPORTED", `Agent ${agent.id} has a model of AI SDK v4, which cannot be run here; give it a newer one.`));
  return Object.assign(copyOf(agent), { stream: stream as Agent["stream"], streamLegacy });
}

/** Mastra makes such copies itself, to apply a stored version of an agent without touching the registered one. */
function copyOf(agent: Agent): Agent {
  // oxlint-disable-next-line no-underscore-dangle -- the name is Mastra's
  const fork = (agent as { readonly __fork?: () => Agent }).__fork;
  if (fork === undefined) {
    throw new HoldfastError(
      "NOT_SUPPORTED",
      `Agent ${agent.id} has sub-agents, and this version of @mastra/core gives no copy of an agent to record them with.`,
    );
  }
  return fork.call(agent);
}
