import { isLoopbackHost } from "../http/loopback.ts";
import { textFlag, type Arguments, type Env } from "./command.ts";
import { failure, success, type Result } from "./result.ts";

export const DEFAULT_STORE = "sqlite:.holdfast/holdfast.db";
const DEFAULT_PORT = "4200";
const DEFAULT_HOST = "127.0.0.1";
/** RFC 7518, section 3.2: a key of HS256 has at least the size of its hash. */
const SECRET_BYTES = 32;

/** How requests are authenticated. */
export type AuthSetting = { readonly kind: "none" } | { readonly kind: "jwt"; readonly options: { readonly secret: string } | { readonly jwksUrl: string } };

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
      return jwtSetting(env["HOLDFAST_JWT_SECRET"], env["HOLDFAST_JWKS_URL"]);
    default:
      return failure(`There is no --auth ${wanted}; use none or jwt.`);
  }
}

function jwtSetting(secret: string | undefined, jwksUrl: string | undefined): Result<AuthSetting> {
  if (secret && jwksUrl) return failure("HOLDFAST_JWT_SECRET and HOLDFAST_JWKS_URL are both set; keep the one that tokens are checked with.");
  if (secret) return success({ kind: "jwt", options: { secret } });
  if (jwksUrl) {
    const protocol = URL.parse(jwksUrl)?.protocol;
    if (protocol !== "https:" && protocol !== "http:") return failure("HOLDFAST_JWKS_URL is not an http(s) URL.");
    return success({ kind: "jwt", options: { jwksUrl } });
  }
  return failure("--auth jwt needs a secret or keys; set HOLDFAST_JWT_SECRET or HOLDFAST_JWKS_URL.");
}

function warningsOf(auth: AuthSetting, env: Env): readonly string[] {
  if (auth.kind === "none") {
    const isSecretUnused = Boolean(env["HOLDFAST_JWT_SECRET"] ?? env["HOLDFAST_JWKS_URL"]);
    return isSecretUnused ? ["tokens are not checked although a secret or key URL is set; pass --auth jwt to check them"] : [];
  }
  const isShort = "secret" in auth.options && Buffer.byteLength(auth.options.secret) < SECRET_BYTES;
  return isShort ? [`HOLDFAST_JWT_SECRET is shorter than ${SECRET_BYTES} bytes, so it can be guessed; use a longer one`] : [];
}
