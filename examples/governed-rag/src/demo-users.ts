import { SignJWT } from "jose";
import type { Requester } from "./access.ts";

export const DEMO_USERS = {
  "finance-viewer": { sub: "fin.viewer@acme.example", roles: ["finance.viewer"], tenant: "acme", stepUp: false },
  "engineering-admin": { sub: "eng.admin@acme.example", roles: ["engineering.admin"], tenant: "acme", stepUp: false },
  "hr-admin": { sub: "hr.admin@acme.example", roles: ["hr.admin"], tenant: "acme", stepUp: true },
  executive: { sub: "executive@acme.example", roles: ["admin"], tenant: "acme", stepUp: false },
  "globex-finance-viewer": { sub: "fin.viewer@globex.example", roles: ["finance.viewer"], tenant: "globex", stepUp: false },
} as const satisfies Readonly<Record<string, Requester>>;

/** Two hours, as long as the tokens of the application that this example is after. */
export const TOKEN_LIFE = "2h";

/** A token as an identity provider would give it. `life`: a span such as `2h`, or a time in seconds since the epoch. */
export async function tokenOf({ sub, ...claims }: Requester, secret: string, life: string | number = TOKEN_LIFE): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setSubject(sub).setIssuedAt().setExpirationTime(life).sign(new TextEncoder().encode(secret));
}
