import { SignJWT } from "jose";
import type { Requester } from "./access.ts";
import { AUDIENCE, ISSUER, MAX_LIFE_SECONDS } from "./token-rules.ts";

export const DEMO_USERS = {
  "finance-viewer": { sub: "fin.viewer@acme.example", roles: ["finance.viewer"], tenant: "acme", stepUp: false },
  "engineering-admin": { sub: "eng.admin@acme.example", roles: ["engineering.admin"], tenant: "acme", stepUp: false },
  "hr-admin": { sub: "hr.admin@acme.example", roles: ["hr.admin"], tenant: "acme", stepUp: true },
  executive: { sub: "executive@acme.example", roles: ["admin"], tenant: "acme", stepUp: false },
  "globex-finance-viewer": { sub: "fin.viewer@globex.example", roles: ["finance.viewer"], tenant: "globex", stepUp: false },
} as const satisfies Readonly<Record<string, Requester>>;

/** A token as an identity provider would give it. `life`: a span such as `2h`, or a time in seconds since the epoch. */
export async function tokenOf({ sub, ...claims }: Requester, secret: string, life: string | number = `${MAX_LIFE_SECONDS}s`): Promise<string> {
  const token = new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setIssuer(ISSUER).setAudience(AUDIENCE).setSubject(sub);
  return token.setIssuedAt().setExpirationTime(life).sign(new TextEncoder().encode(secret));
}
