import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import type { MiddlewareHandler } from "hono";
import { HoldfastError } from "../core/error.ts";
import type { JsonObject } from "../core/json.ts";
import type { Principal } from "../core/principal.ts";
import type { ProtocolEnv } from "../core/protocol.ts";

/** Finds out who makes a request from its credentials; `undefined` when they are missing or not valid. Reads no body. */
export type Authenticate = (request: Request) => Promise<Principal | undefined>;

/** Whom a token has to be from and for; see RFC 7519, sections 4.1.1 and 4.1.3. */
export interface ExpectedClaims {
  /** What its `iss` has to be; unless given, anything or nothing. */
  readonly issuer?: string;
  /** What its `aud` has to be or to hold; unless given, anything or nothing. Name it where one issuer signs tokens for several applications. */
  readonly audience?: string;
}

/** How a token is checked: with a shared secret (HS256), or with the public keys at a JWKS URL. */
export type JwtOptions = ExpectedClaims & ({ readonly secret: string } | { readonly jwksUrl: string | URL });

// One family each: a public key must never be accepted as the secret of an HMAC.
const SECRET_ALGORITHMS = ["HS256"];
const JWKS_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];

/** Lets its bearer see and answer the interrupts of every resource; in the claim `scope` of RFC 8693, section 4.2. */
const APPROVER_SCOPE = "holdfast:approve";

/** The resource of every request where nobody is asked who they are. */
const LOCAL_RESOURCE = "local";

/**
 * Takes the `sub` of the request's bearer token as the resource, and its payload as the claims. The scope `holdfast:approve` makes it an
 * approver.
 *
 * @throws {HoldfastError} CONFIG_INVALID for an empty secret, issuer or audience, or a URL that is not http(s)
 * @example
 * const authenticate = jwtAuth({ jwksUrl: "https://id.example.com/.well-known/jwks.json", audience: "https://chat.example.com" });
 */
export function jwtAuth(options: JwtOptions): Authenticate {
  const expected = checkedClaims(options);
  const verify = "secret" in options ? secretVerifier(options.secret, expected) : jwksVerifier(options.jwksUrl, expected);
  return async (request) => {
    const token = bearerToken(request);
    if (token === undefined) return undefined;
    const payload = await verify(token);
    if (typeof payload?.sub !== "string" || payload.sub === "") return undefined;
    // A payload is parsed JSON; the library's type only does not say so.
    return { resourceId: payload.sub, claims: payload as JsonObject, ...(hasScope(payload, APPROVER_SCOPE) && { isApprover: true }) };
  };
}

function hasScope({ scope }: JWTPayload, wanted: string): boolean {
  return typeof scope === "string" && scope.split(" ").includes(wanted);
}

/** Gives every request one fixed resource. For a server that only its own machine can reach. */
export function noAuth(): Authenticate {
  return async () => ({ resourceId: LOCAL_RESOURCE, isOpen: true });
}

/** Sets `context.var.principal`, or refuses the request with NOT_AUTHENTICATED. */
export function authentication(authenticate: Authenticate): MiddlewareHandler<ProtocolEnv> {
  return async (context, next) => {
    const principal = await authenticate(context.req.raw);
    if (!principal?.resourceId) {
      throw new HoldfastError("NOT_AUTHENTICATED", "The request carries no valid credentials; send a bearer token in the Authorization header.");
    }
    context.set("principal", principal);
    await next();
  };
}

function bearerToken(request: Request): string | undefined {
  return /^bearer +([^\s]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

type Verify = (token: string) => Promise<JWTPayload | undefined>;

/** An empty text would check nothing, where somebody meant to check something. */
function checkedClaims({ issuer, audience }: JwtOptions): ExpectedClaims {
  if (issuer === "" || audience === "")
    throw new HoldfastError("CONFIG_INVALID", "The issuer or the audience of the tokens is empty; set it, or leave it out.");
  return { ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) };
}

function secretVerifier(secret: string, expected: ExpectedClaims): Verify {
  if (secret === "") throw new HoldfastError("CONFIG_INVALID", "The JWT secret is empty; set one.");
  const key = new TextEncoder().encode(secret);
  return async (token) => {
    try {
      return (await jwtVerify(token, key, { ...expected, algorithms: SECRET_ALGORITHMS })).payload;
    } catch (error) {
      if (isTokenFault(error)) return undefined;
      throw error;
    }
  };
}

function jwksVerifier(address: string | URL, expected: ExpectedClaims): Verify {
  const url = URL.parse(String(address));
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new HoldfastError("CONFIG_INVALID", "The JWKS URL is not an http(s) URL.");
  }
  const keys = createRemoteJWKSet(url);
  return async (token) => {
    try {
      return (await jwtVerify(token, keys, { ...expected, algorithms: JWKS_ALGORITHMS })).payload;
    } catch (error) {
      if (isTokenFault(error)) return undefined;
      // Told apart from a bad token, so that a client does not log its user out because the key server is away.
      throw new HoldfastError("AUTH_UNAVAILABLE", "The keys that tokens are checked with cannot be fetched; try again later.", { cause: error });
    }
  };
}

const TOKEN_FAULTS: ReadonlySet<string> = new Set([
  errors.JWTExpired.code,
  errors.JWTClaimValidationFailed.code,
  errors.JWTInvalid.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWKSMultipleMatchingKeys.code,
]);

function isTokenFault(error: unknown): boolean {
  return error instanceof errors.JOSEError && TOKEN_FAULTS.has(error.code);
}
