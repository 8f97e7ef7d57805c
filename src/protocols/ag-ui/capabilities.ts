import type { AgentCapabilities } from "@ag-ui/core";
import type { AgentSummary } from "../../core/agent-source.ts";

/** What an agent can do behind these routes, as AG-UI declares it; what is left out is not known, since it depends on the agent. */
export function capabilitiesOf({ name, description }: AgentSummary): AgentCapabilities {
  return {
    identity: { name, type: "mastra", ...(description !== undefined && { description }) },
    transport: { streaming: true, websocket: false, httpBinary: true, pushNotifications: false, resumable: true },
    tools: { supported: true, parallelCalls: true, clientProvided: true },
    state: { snapshots: true, deltas: true },
    multiAgent: { supported: true, delegation: true },
    reasoning: { supported: true, streaming: true, encrypted: true },
    humanInTheLoop: { supported: true, approvals: true, interrupts: true },
  };
}
