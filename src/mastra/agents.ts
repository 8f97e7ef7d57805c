import type { Agent } from "@mastra/core/agent";
import type { Mastra } from "@mastra/core/mastra";
import type { AgentSummary } from "../core/agent-source.ts";
import { HoldfastError } from "../core/error.ts";

/** Every agent that is registered, under the id that requests name it by. */
export function listAgents(mastra: Mastra): readonly AgentSummary[] {
  return Object.entries(mastra.listAgents() as Record<string, Agent>).map(([key, agent]) => {
    const description = agent.getDescription();
    return { id: agent.id, ...(key !== agent.id && { key }), name: agent.name, ...(description !== "" && { description }) };
  });
}

/**
 * The agent with this id, or, as Mastra allows too, registered under this key.
 * @throws {HoldfastError} AGENT_NOT_FOUND
 */
export function agentOf(mastra: Mastra, agentId: string): Agent {
  const agents = mastra.listAgents() as Record<string, Agent>;
  const agent = Object.values(agents).find((candidate) => candidate.id === agentId) ?? (Object.hasOwn(agents, agentId) ? agents[agentId] : undefined);
  if (agent === undefined) throw new HoldfastError("AGENT_NOT_FOUND", "There is no agent with this id; name one that is registered.");
  return agent;
}
