import { z } from "zod";
import { HoldfastError } from "../../core/error.ts";
import type { BridgeConfig } from "./public-types.ts";

/** Hosts tell a bad configuration by this name of the error. */
const ERROR_NAME = "ValidationError";

const DEFAULT_PREFIX = "/io-bridge";

const schema = z.looseObject({
  prefix: z.string().startsWith("/", "must start with a slash").default(DEFAULT_PREFIX),
  store: z.union([z.string().min(1), z.looseObject({})]).optional(),
  engine: z.looseObject({}).optional(),
  authenticate: z.custom<NonNullable<BridgeConfig["authenticate"]>>((value) => typeof value === "function", "must be a function").optional(),
  onFault: z.custom<NonNullable<BridgeConfig["onFault"]>>((value) => typeof value === "function", "must be a function").optional(),
});

/**
 * The configuration with its prefix as it stands before every path: without a slash at its end.
 * @throws {HoldfastError} CONFIG_INVALID, under the name `ValidationError`
 */
export function bridgeConfig(given: BridgeConfig | undefined): BridgeConfig & { readonly prefix: string } {
  const result = schema.safeParse(given ?? {});
  // What was given is handed on, not the copy: an engine or a store is an object with a life.
  if (result.success) return { ...given, prefix: result.data.prefix.replace(/\/$/, "") };
  const faults = result.error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message));
  const error = new HoldfastError("CONFIG_INVALID", `The configuration of the bridge is not valid. ${faults.join("; ")}.`);
  throw Object.defineProperty(error, "name", { value: ERROR_NAME });
}
