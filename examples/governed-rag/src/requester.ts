import type { RequestContext } from "@mastra/core/request-context";
import type { Principal } from "holdfast";
import { z } from "zod";
import type { Requester } from "./access.ts";
import { runFailure } from "./failure.ts";

/** What a token says of who has it. */
export const claims = z.object({
  sub: z.string().min(1),
  roles: z.array(z.string().min(1)).min(1),
  tenant: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  stepUp: z.boolean().default(false),
});

/** Who a verified token is of. */
export function claimsOf(principal: Principal | undefined): Requester | undefined {
  return claims.safeParse(principal?.claims).data;
}

/**
 * Who asks, from the request context, where Holdfast puts the claims of the verified token. Whether the token has expired since is not asked: a run
 * that was admitted goes on after a restart with what it was admitted with.
 *
 * @throws {Failure} NOT_AUTHENTICATED, where there is nobody: the run fails
 */
export function requesterOf(context: RequestContext): Requester {
  const { success, data } = claims.safeParse(context.get("principal"));
  if (!success) throw runFailure("NOT_AUTHENTICATED");
  return data;
}

/** The id of the durable run that a step or a tool is part of; of a workflow that Mastra runs by itself, its own. */
export function runIdOf(context: RequestContext, ownId: string): string {
  const call: unknown = context.get("holdfast");
  const runId = typeof call === "object" && call !== null && "runId" in call ? call.runId : undefined;
  return typeof runId === "string" ? runId : ownId;
}
