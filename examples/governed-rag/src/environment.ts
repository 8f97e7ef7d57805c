import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** An HMAC key shorter than its hash is easier to guess than the hash. */
const MIN_SECRET_BYTES = 32;

/** What the example is set up with. */
export interface Environment {
  readonly secret: string;
  readonly port: number;
  /** Files of the example and of Holdfast. */
  readonly indexUrl: string;
  readonly auditPath: string;
  readonly store: string;
}

/** @throws without a secret: there is no other one to fall back to */
export function secretOf(env: NodeJS.ProcessEnv): string {
  const secret = env["HOLDFAST_JWT_SECRET"] ?? "";
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    throw new Error(`HOLDFAST_JWT_SECRET has to be set, to at least ${MIN_SECRET_BYTES} bytes. Make one with: openssl rand -base64 48`);
  }
  return secret;
}

/** Where the files are; the folder is made. */
export function filesOf(env: NodeJS.ProcessEnv): Pick<Environment, "indexUrl" | "auditPath" | "store"> {
  const folder = resolve(env["GOVERNED_RAG_DATA"] ?? ".holdfast");
  // The index has every document in the clear, for whoever can read its file.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    indexUrl: pathToFileURL(join(folder, "index.db")).href,
    auditPath: join(folder, "audit.db"),
    store: env["HOLDFAST_STORE"] ?? `sqlite:${join(folder, "holdfast.db")}`,
  };
}

export function environmentOf(env: NodeJS.ProcessEnv): Environment {
  return { secret: secretOf(env), port: Number(env["HOLDFAST_PORT"] ?? 4200), ...filesOf(env) };
}
