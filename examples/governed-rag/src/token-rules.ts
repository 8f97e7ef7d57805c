import { z } from "zod";
import { claims } from "./requester.ts";

/** Who signs tokens, and whom they are for: other services may have the same secret, and give other roles. */
export const ISSUER = "governed-rag";
export const AUDIENCE = "governed-rag";

/** Two hours, as long as the tokens of the application that this example is after. A step-up lasts no longer than its token. */
export const MAX_LIFE_SECONDS = 7_200;
/** How far the clock of who signs may be ahead of this one. */
const MAX_SKEW_SECONDS = 60;

const tokenClaims = claims.extend({
  iss: z.literal(ISSUER),
  aud: z.union([z.string(), z.array(z.string())]).refine((audience) => [audience].flat().includes(AUDIENCE)),
  iat: z.number(),
  // A token that never expires would be a password.
  exp: z.number(),
});

/** Who a token is of whose signature is good, and which has not expired; nothing where it says too little, is for others or lives too long. */
export function bearerOf(payload: unknown, nowSeconds: number): z.infer<typeof tokenClaims> | undefined {
  const { success, data } = tokenClaims.safeParse(payload);
  if (!success || data.exp - data.iat > MAX_LIFE_SECONDS || data.iat > nowSeconds + MAX_SKEW_SECONDS) return undefined;
  return data;
}
