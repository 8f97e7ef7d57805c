import type { Agent } from "@mastra/core/agent";
import type { Mastra } from "@mastra/core/mastra";
import type { AgentSummary } from "../core/agent-source.ts";
import { HoldfastError } from "../core/error.ts";

/** Every agent that is registered, under the id that requests name it by. */
export function listAgents(mastra: Mastra): readonly AgentSummary[] {
  return Object.entries(mastra.listAgents() as Record<string, Agent>).map(([key, agent]) => {
    const description = agent.getDescription();
    const model = modelOf(agent.model);
    return { id: agent.id, ...(key !== agent.id && { key }), name: agent.name, ...(description !== "" && { description }), ...(model && { model }) };
  });
}

/** What a model is called where it does not hang on the request: an object, or the id `provider/model` of Mastra's router. */
function modelOf(model: unknown): AgentSummary["model"] {
  if (typeof model === "string") {
    const slash = model.indexOf("/");
    return slash > 0 && slash < model.length - 1 ? { provider: model.slice(0, slash), name: model.slice(slash + 1) } : undefined;
  }
  if (typeof model !== "object" || model === null) return undefined;
  const { provider, modelId } = model as { readonly provider?: unknown; readonly modelId?: unknown };
  return typeof provider === "string" && typeof modelId === "string" ? { provider, name: modelId } : undefined;
}

/** The agent with this id, or, as Mastra allows too, registered under this key; `undefined` where none is. */
export function registeredAgent(mastra: Mastra, agentId: string): Agent | undefined {
  const agents = mastra.listAgents() as Record<string, Agent>;
  return Object.values(agents).find((candidate) => candidate.id === agentId) ?? (Object.hasOwn(agents, agentId) ? agents[agentId] : undefined);
}

/**
 * The agent with this id or under this key.
 * @throws {HoldfastError} AGENT_NOT_FOUND
 */
export function agentOf(mastra: Mastra, agentId: string): Agent {
  const agent = registeredAgent(mastra, agentId);
  if (agent === undefined) throw new HoldfastError("AGENT_NOT_FOUND", "There is no agent with this id; name one that is registered.");
  return agent;
}
