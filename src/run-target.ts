import type { AgentSource, WorkflowSummary } from "./core/agent-source.ts";
import { HoldfastError } from "./core/error.ts";
import type { Principal } from "./core/principal.ts";
import type { ResolvedAgent, StartRequest } from "./core/protocol.ts";

/**
 * The agent of a name, by its id or by the key that it is registered under; without a name the only one there is.
 * @throws {HoldfastError} AGENT_NOT_FOUND, INPUT_INVALID when none is named and there are several
 */
export async function agentNamed(source: AgentSource, principal: Principal, name: string | undefined): Promise<ResolvedAgent> {
  const agents = source.listAgents();
  const wanted = name ?? (agents.length === 1 ? agents[0]?.id : undefined);
  if (wanted === undefined) throw new HoldfastError("INPUT_INVALID", "There are several agents; name one as agentId.");
  const agent = agents.find(({ id }) => id === wanted) ?? agents.find(({ key }) => key === wanted);
  if (agent === undefined) throw new HoldfastError("AGENT_NOT_FOUND", "There is no agent with this id; name one that is registered.");
  return { ...agent, hasMemory: await source.threads(principal).hasMemory(agent.id) };
}

/** @throws {HoldfastError} WORKFLOW_NOT_FOUND */
export function workflowNamed(source: AgentSource, name: string): WorkflowSummary {
  const workflows = source.listWorkflows();
  const workflow = workflows.find(({ id }) => id === name) ?? workflows.find(({ key }) => key === name);
  if (workflow === undefined) throw new HoldfastError("WORKFLOW_NOT_FOUND", "There is no workflow with this id; name one that is registered.");
  return workflow;
}

/**
 * The id of what a request is to execute, once its input has been checked.
 * @throws {HoldfastError} AGENT_NOT_FOUND, WORKFLOW_NOT_FOUND, INPUT_INVALID
 */
export async function executedBy(source: AgentSource, principal: Principal, { agentId, input: { workflow } }: StartRequest): Promise<string> {
  if (workflow === undefined) return (await agentNamed(source, principal, agentId)).id;
  const { id } = workflowNamed(source, agentId);
  await source.checkWorkflowInput(id, workflow.input);
  return id;
}
