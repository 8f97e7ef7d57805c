import type { Agent, ToolsInput } from "@mastra/core/agent";
import type { MemoryConfig } from "@mastra/core/memory";
import type { RequestContext } from "@mastra/core/request-context";
import { HoldfastError } from "../core/error.ts";
import type { Run } from "../core/run.ts";

type Defaults = Awaited<ReturnType<Agent["getDefaultOptions"]>>;

export interface PageToolsOptions {
  readonly agent: Agent;
  readonly run: Run;
  readonly requestContext: RequestContext;
  readonly defaults: Defaults;
  readonly memoryOptions: MemoryConfig;
}

/**
 * The tools of the request's page as Mastra's client tools: without code, so that their gates ask the page. Mastra would let such a tool
 * take the place of one of the agent's own, of its memory's or of a toolset, whose calls are guarded by what the developer wrote: those names are
 * left out. The tools that stand for sub-agents, workflows and a workspace go before client tools with Mastra, too.
 * @throws {HoldfastError} INPUT_INVALID for a tool with a name that Mastra cannot keep
 */
export async function clientToolsOf({ agent, run, requestContext, defaults, memoryOptions }: PageToolsOptions): Promise<ToolsInput> {
  const own = defaults.clientTools ?? {};
  const { pageTools = [] } = run.input;
  if (pageTools.length === 0) return own;
  // Mastra keeps tools in plain objects, where this is no key: the tool would not be offered, and a call of it would never end.
  if (pageTools.some(({ name }) => name === "__proto__")) throw new HoldfastError("INPUT_INVALID", "No tool of a page can be called __proto__; rename it.");
  const memory = await agent.getMemory({ requestContext });
  const toolsets = Object.values(defaults.toolsets ?? {});
  const taken = new Set([own, await agent.listTools({ requestContext }), memory?.listTools(memoryOptions) ?? {}, ...toolsets].flatMap(Object.keys));
  const offered = pageTools.filter(({ name }) => !taken.has(name));
  const converted = offered.map(({ name, description, parameters }) => {
    const inputSchema = parameters ?? { type: "object", properties: {} };
    return [name, { description, inputSchema }] as const;
  });
  return { ...own, ...(Object.fromEntries(converted) as unknown as ToolsInput) };
}
