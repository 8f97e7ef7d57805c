import { HoldfastError } from "../../core/error.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";

/** The owner of what names none, where authentication is switched off. */
export const DEFAULT_RESOURCE = "default";

/**
 * Who a request acts as. Where authentication is switched off the owner that it names is believed; else that may only be the owner of the
 * credentials.
 * @throws {HoldfastError} NOT_AUTHORIZED
 */
export function actingFor(principal: Principal, resourceId: string | undefined): Principal {
  if (principal.isOpen === true) return { ...principal, resourceId: resourceId ?? DEFAULT_RESOURCE };
  if (resourceId === undefined || resourceId === principal.resourceId) return principal;
  throw new HoldfastError("NOT_AUTHORIZED", "The resourceId of the request is not that of its credentials; leave it out, or send your own.");
}

/** Without authentication, a request that names a thread alone acts as its owner. */
export function actingForThread(engine: Engine, principal: Principal, threadId: string): Promise<Principal> {
  return actingForOwner(principal, () => engine.threadOwner(threadId));
}

/** Without authentication, a request that names a run alone acts as its owner. */
export function actingForRun(engine: Engine, principal: Principal, clientRunId: string): Promise<Principal> {
  return actingForOwner(principal, () => engine.runOwner(clientRunId));
}

async function actingForOwner(principal: Principal, readOwner: () => Promise<string | undefined>): Promise<Principal> {
  return principal.isOpen === true ? actingFor(principal, await readOwner()) : principal;
}
