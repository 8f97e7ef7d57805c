import { SignJWT } from "jose";

/** Who can sign in where the demo's sign-in is on. */
export const DEMO_USERS: readonly string[] = ["ann", "ben"];

const TOKEN_LIFE = "2h";

/** A token as an identity provider would give it: who it is of, signed with HS256, and not for ever. */
export async function tokenOf(sub: string, secret: string): Promise<string> {
  const jwt = new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setSubject(sub).setIssuedAt().setExpirationTime(TOKEN_LIFE);
  return jwt.sign(new TextEncoder().encode(secret));
}
