import { createHash } from "node:crypto";
import { accessOf, type Requester } from "./access.ts";

/**
 * Whose a run is, with all that it leaves behind: a user, a tenant, and what the token lets the user see. The `sub` alone would show what was
 * written with a step-up, with a role that has been taken away or in another tenant to every later token of the same user.
 */
export function ownerOf(requester: Requester): string {
  const { tenantTag, roleTags, classifications } = accessOf(requester);
  const identity = JSON.stringify([requester.sub, tenantTag, roleTags, classifications]);
  // The tenant stands in front for who reads bills; the rest is of one length, whatever the name of the user is.
  return `${requester.tenant}:${createHash("sha256").update(identity).digest("base64url")}`;
}
