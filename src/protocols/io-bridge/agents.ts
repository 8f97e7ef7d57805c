import { HoldfastError } from "../../core/error.ts";
import type { AgentSummary } from "../../core/agent-source.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import type { Bridge, BridgeRequest } from "./bridge.ts";
import { refusal } from "./errors.ts";
import { actingFor } from "./identity.ts";
import type { AgentInfo } from "./public-types.ts";
import { agentPath, validated } from "./validation.ts";

/** `GET /agents` */
export async function listAgents({ engine }: Bridge): Promise<Response> {
  return Response.json(engine.listAgents().map(agentInfo));
}

/** `GET /agents/:agentId`, by id or by the key that it is registered under. */
export async function getAgent({ engine }: Bridge, request: BridgeRequest): Promise<Response> {
  const { agentId } = validated(agentPath, request.params);
  return Response.json(agentInfo(await engine.resolveAgent(actingFor(request.principal, undefined), agentId)));
}

/**
 * The agent whose memory keeps a thread: the one that is asked for, else the first that has a memory. `undefined` where there is none.
 * @throws {HoldfastError} AGENT_NOT_FOUND
 */
export async function rememberingAgent(engine: Engine, principal: Principal, agentId?: string): Promise<string | undefined> {
  const candidates = agentId === undefined ? engine.listAgents().map(({ id }) => id) : [agentId];
  for (const candidate of candidates) {
    const agent = await engine.resolveAgent(principal, candidate);
    if (agent.hasMemory) return agent.id;
  }
  return undefined;
}

/** Hosts look for this text. */
export function noMemory(agentId?: string): Response {
  const asked = agentId === undefined ? "" : `; asked for was agent ${agentId}`;
  return refusal(500, "INTERNAL_ERROR", `Internal server error: No agent with memory configured found${asked}`);
}

/** The id of the agent that a query means; `undefined` for one that is not registered. */
export function knownAgentId(engine: Engine, named: string): string | undefined {
  const agents = engine.listAgents();
  return (agents.find(({ id }) => id === named) ?? agents.find(({ key }) => key === named))?.id;
}

/** Whether an engine refused a change because the agent of the thread has no memory. */
export function isUnsupported(error: unknown): boolean {
  return HoldfastError.is(error) && error.code === "NOT_SUPPORTED";
}

function agentInfo({ id, name, model }: AgentSummary): AgentInfo {
  return { id, name, ...(model && { model: { provider: model.provider, name: model.name } }) };
}
