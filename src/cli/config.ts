import type { ExpectedClaims, JwtOptions } from "../http/auth.ts";
import { isLoopbackHost } from "../http/loopback.ts";
import { textFlag, type Arguments, type Env } from "./command.ts";
import { failure, success, type Result } from "./result.ts";

export const DEFAULT_STORE = "sqlite:.holdfast/holdfast.db";
const DEFAULT_PORT = "4200";
const DEFAULT_HOST = "127.0.0.1";
/** RFC 7518, section 3.2: a key of HS256 has at least the size of its hash. */
const SECRET_BYTES = 32;

/** How requests are authenticated. */
export type AuthSetting = { readonly kind: "none" } | { readonly kind: "jwt"; readonly options: JwtOptions };

export interface ServeSettings {
  readonly store: string;
  readonly host: string;
  readonly port: number;
  readonly auth: AuthSetting;
  /** Path of the module that exports `mastra`; without it the demo is served. */
  readonly mastraModule?: string;
  readonly defaultAgent?: string;
  /** What is allowed and yet worth a line in the log. */
  readonly warnings: readonly string[];
}

/** Decides what `holdfast serve` does from its flags and the environment; a flag goes before its variable. */
export function serveSettings(given: Arguments, env: Env): Result<ServeSettings> {
  const port = textFlag(given, "port") ?? env["HOLDFAST_PORT"] ?? DEFAULT_PORT;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return failure(`The port "${port}" is not a number from 0 to 65535.`);
  const host = textFlag(given, "host") ?? DEFAULT_HOST;
  const auth = authSetting(textFlag(given, "auth") ?? env["HOLDFAST_AUTH"], host, env);
  if (!auth.ok) return auth;
  const store = storeSetting(given, env);
  if (!store.ok) return store;
  const mastraModule = textFlag(given, "mastra");
  const defaultAgent = textFlag(given, "agent");
  return success({
    store: store.value,
    host,
    port: Number(port),
    auth: auth.value,
    ...(mastraModule !== undefined && { mastraModule }),
    ...(defaultAgent !== undefined && { defaultAgent }),
    warnings: warningsOf(auth.value, env),
  });
}

/** Which store a command uses. */
export function storeSetting(given: Arguments, env: Env): Result<string> {
  const store = textFlag(given, "store") ?? env["HOLDFAST_STORE"] ?? DEFAULT_STORE;
  return store === "" ? failure("The store is empty; name one as sqlite:<path>.") : success(store);
}

/** The file behind a store setting; `undefined` for a store that is not a file. */
export function storePath(setting: string): string | undefined {
  const [, scheme, rest] = /^(?:([a-z]{2,}):)?(.*)$/s.exec(setting) ?? [];
  if (setting === "memory" || (scheme !== undefined && scheme !== "sqlite" && scheme !== "file")) return undefined;
  return rest === ":memory:" ? undefined : rest;
}

function authSetting(wanted: string | undefined, host: string, env: Env): Result<AuthSetting> {
  switch (wanted) {
    case undefined:
      return isLoopbackHost(host) ? success({ kind: "none" }) : failure(`Anyone could use a server on ${host} without authentication; pass --auth jwt.`);
    case "none":
      return isLoopbackHost(host) ? success({ kind: "none" }) : failure(`--auth none listens on loopback only, not on ${host}; pass --auth jwt.`);
    case "jwt":
      return jwtSetting(env);
    default:
      return failure(`There is no --auth ${wanted}; use none or jwt.`);
  }
}

function jwtSetting(env: Env): Result<AuthSetting> {
  const secret = env["HOLDFAST_JWT_SECRET"];
  const jwksUrl = env["HOLDFAST_JWKS_URL"];
  if (secret && jwksUrl) return failure("HOLDFAST_JWT_SECRET and HOLDFAST_JWKS_URL are both set; keep the one that tokens are checked with.");
  const expected = expectedClaims(env);
  if (!expected.ok) return expected;
  if (secret) return success({ kind: "jwt", options: { ...expected.value, secret } });
  if (jwksUrl) {
    const protocol = URL.parse(jwksUrl)?.protocol;
    if (protocol !== "https:" && protocol !== "http:") return failure("HOLDFAST_JWKS_URL is not an http(s) URL.");
    return success({ kind: "jwt", options: { ...expected.value, jwksUrl } });
  }
  return failure("--auth jwt needs a secret or keys; set HOLDFAST_JWT_SECRET or HOLDFAST_JWKS_URL.");
}

function expectedClaims(env: Env): Result<ExpectedClaims> {
  const issuer = env["HOLDFAST_JWT_ISSUER"];
  const audience = env["HOLDFAST_JWT_AUDIENCE"];
  // A variable that was meant to be filled in must not mean that anything goes.
  if (issuer === "") return failure("HOLDFAST_JWT_ISSUER is empty; set it, or leave it out to take tokens of any issuer.");
  if (audience === "") return failure("HOLDFAST_JWT_AUDIENCE is empty; set it, or leave it out to take tokens for any audience.");
  return success({ ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) });
}

function warningsOf(auth: AuthSetting, env: Env): readonly string[] {
  if (auth.kind === "none") {
    const isSecretUnused = Boolean(env["HOLDFAST_JWT_SECRET"] ?? env["HOLDFAST_JWKS_URL"]);
    return isSecretUnused ? ["tokens are not checked although a secret or key URL is set; pass --auth jwt to check them"] : [];
  }
  const isShort = "secret" in auth.options && Buffer.byteLength(auth.options.secret) < SECRET_BYTES;
  return isShort ? [`HOLDFAST_JWT_SECRET is shorter than ${SECRET_BYTES} bytes, so it can be guessed; use a longer one`] : [];
}
