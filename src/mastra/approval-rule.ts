import type { RequestContext } from "@mastra/core/request-context";

/** What an agent's options or its caller say of every tool. */
export type ApprovalPolicy = boolean | ((context: never) => boolean | Promise<boolean>) | undefined;

interface ApprovalTraits {
  readonly requireApproval?: unknown;
  readonly needsApprovalFn?: unknown;
}

export interface ApprovalCall {
  readonly toolName: string;
  readonly args: unknown;
  readonly requestContext: RequestContext | undefined;
  readonly workspace?: unknown;
}

type Rule = (...given: unknown[]) => unknown;

/** Whether a tool may need an approval, before its arguments are known. */
export function mayNeedApproval(tool: ApprovalTraits, policy: ApprovalPolicy): boolean {
  return Boolean(policy) || Boolean(tool.requireApproval) || typeof tool.needsApprovalFn === "function";
}

/**
 * Whether a call needs an approval, by Mastra's own order: a rule of the tool decides alone; without one, the policy or the tool's flag asks
 * for it. A rule that throws asks for it, too.
 */
export async function needsApproval(tool: ApprovalTraits, policy: ApprovalPolicy, call: ApprovalCall): Promise<boolean> {
  const { toolName, args, workspace } = call;
  const requestContext = Object.fromEntries(call.requestContext?.entries() ?? []) as Record<string, unknown>;
  const context = { args, requestContext, workspace };
  const rule = typeof tool.needsApprovalFn === "function" ? tool.needsApprovalFn : tool.requireApproval;
  if (typeof rule === "function") return asks(() => (rule as Rule)(args, context));
  if (typeof policy === "function") return (await asks(() => (policy as Rule)({ toolName, ...context }))) || Boolean(tool.requireApproval);
  return Boolean(policy) || Boolean(tool.requireApproval);
}

async function asks(rule: () => unknown): Promise<boolean> {
  try {
    return Boolean(await rule());
  } catch {
    return true;
  }
}
