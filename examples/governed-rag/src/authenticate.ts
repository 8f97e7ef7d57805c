import { jwtAuth, type Authenticate } from "holdfast";
import { ownerOf } from "./owner.ts";
import { bearerOf } from "./token-rules.ts";

/**
 * Lets in who has a token that is signed, for this server, not expired, and names at least one role and a tenant; what they start is of
 * {@link ownerOf}.
 */
export function authenticateWith(secret: string): Authenticate {
  const verify = jwtAuth({ secret });
  return async (request) => {
    const claims = (await verify(request))?.claims;
    const bearer = bearerOf(claims, Date.now() / 1_000);
    // Nothing else of the principal is taken over: there is nothing here that an approver could answer.
    return bearer === undefined || claims === undefined ? undefined : { resourceId: ownerOf(bearer), claims };
  };
}
