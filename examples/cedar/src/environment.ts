import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

/** An HMAC key shorter than its hash is easier to guess than the hash. */
const MIN_SECRET_BYTES = 32;

/** What the server is set up with. Of the page's variables, which begin with VITE_, it reads none. */
export interface Environment {
  readonly secret: string;
  readonly port: number;
  readonly store: string;
  readonly memoryUrl: string;
  /** Pages of other origins that may call. */
  readonly origins: "loopback" | readonly string[];
  /** Whether anybody who asks gets the token of a demo user. */
  readonly isDemo: boolean;
  /** Folder of the built page. */
  readonly page: string;
}

/** @throws without a secret: there is no other one to fall back to */
export function secretOf(env: NodeJS.ProcessEnv): string {
  const secret = env["HOLDFAST_JWT_SECRET"] ?? "";
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    throw new Error(`HOLDFAST_JWT_SECRET has to be set, to at least ${MIN_SECRET_BYTES} bytes. Make one with: openssl rand -base64 48`);
  }
  return secret;
}

export function environmentOf(env: NodeJS.ProcessEnv): Environment {
  if (!env["HOLDFAST_STORE"] || !env["MASTRA_STORE"]) mkdirSync(".holdfast", { recursive: true });
  return {
    secret: secretOf(env),
    port: Number(env["HOLDFAST_PORT"] || 4200),
    store: env["HOLDFAST_STORE"] || "sqlite:.holdfast/holdfast.db",
    memoryUrl: env["MASTRA_STORE"] || "file:.holdfast/memory.db",
    origins: env["HOLDFAST_ORIGINS"]?.split(",").map((origin) => origin.trim()) ?? "loopback",
    isDemo: env["HOLDFAST_DEMO_SIGN_IN"] === "true",
    page: resolve(env["HARBOUR_PAGE"] || join(import.meta.dirname, "..", "dist")),
  };
}
