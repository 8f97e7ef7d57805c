import type { Mastra } from "@mastra/core/mastra";
import type { Context } from "hono";
import { HoldfastError } from "./core/error.ts";
import type { Principal } from "./core/principal.ts";
import type { Engine } from "./core/protocol.ts";
import { createEngine, type HoldfastEngine } from "./holdfast.ts";
import { limitBody } from "./http/body-limit.ts";
import { defaultLogger } from "./http/logger.ts";
import { HTTP_STATUS } from "./http/problem.ts";
import type { Bridge } from "./protocols/io-bridge/bridge.ts";
import { bridgeConfig } from "./protocols/io-bridge/config.ts";
import { refusal, refusalOf } from "./protocols/io-bridge/errors.ts";
import { DEFAULT_RESOURCE } from "./protocols/io-bridge/identity.ts";
import type { API, BridgeConfig, HonoRoute } from "./protocols/io-bridge/public-types.ts";
import { BRIDGE_ROUTES, type BridgeRoute } from "./protocols/io-bridge/route-table.ts";
import { answered } from "./protocols/io-bridge/routes.ts";

export type * as IoMastraBridge from "./protocols/io-bridge/public-types.ts";
export type { IoMastraBridgeFactoryFunction } from "./protocols/io-bridge/public-types.ts";

/** What Mastra's own authentication leaves in the request context. A request can put keys of its choice there, `user` too, but not these. */
const RESOURCE_KEY = "mastra__resourceId";
const USER_KEY = "mastra__user";

const DEFAULT_STORE = "sqlite:.holdfast/holdfast.db";

type Settings = Omit<BridgeConfig, "prefix">;

/**
 * The routes of io-bridge for a Mastra server, on durable runs.
 *
 * @throws {HoldfastError} CONFIG_INVALID, under the name `ValidationError`, for a prefix without its leading slash
 * @example
 * new Mastra({ agents, server: { apiRoutes: [...IoMastraBridgeFactory().createHonoRoutes()] } });
 */
export function IoMastraBridgeFactory(config?: BridgeConfig): API {
  const { prefix, ...settings } = bridgeConfig(config);
  const host = new BridgeHost(settings);
  return {
    createHonoRoutes: (): HonoRoute[] =>
      BRIDGE_ROUTES.map((route) => ({ method: route.method, path: `${prefix}${route.path}`, handler: (context) => host.answer(route, context) })),
    close: () => host.close(),
  };
}

/** Answers for the routes of one bridge, with one engine for each Mastra instance that they are mounted in. */
class BridgeHost {
  readonly #settings: Settings;
  readonly #engines = new Map<Mastra, Promise<HoldfastEngine>>();
  readonly #faults: Omit<Bridge, "engine">;
  readonly #limit: ReturnType<typeof limitBody> = limitBody();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#faults = { statusOf: HTTP_STATUS, onFault: settings.onFault ?? loggedFaults() };
  }

  async answer({ handle }: BridgeRoute, context: Context): Promise<Response> {
    try {
      const mastra = mastraOf(context);
      const principal = await principalOf(context, mastra, this.#settings);
      if (principal === undefined) return refusal(401, "NOT_AUTHENTICATED", "The request carries no valid credentials.");
      await this.#limit(context as Context<object, string>, async () => undefined);
      const engine = await this.#engineOf(mastra);
      return await answered({ engine, ...this.#faults }, handle, context, principal);
    } catch (error) {
      return refusalOf(error, this.#faults, context.req);
    }
  }

  async close(): Promise<void> {
    const engines = [...this.#engines.values()];
    this.#engines.clear();
    await Promise.all(engines.map(async (opening) => (await opening.catch(() => undefined))?.close()));
  }

  /** Opened by the first request: before it, nothing of a host is touched. */
  async #engineOf(mastra: Mastra): Promise<Engine> {
    if (this.#settings.engine !== undefined) return this.#settings.engine;
    const known = this.#engines.get(mastra);
    if (known !== undefined) return known;
    const store = this.#settings.store ?? process.env["HOLDFAST_STORE"] ?? DEFAULT_STORE;
    const opening = createEngine({ mastra, store, logger: defaultLogger() });
    this.#engines.set(mastra, opening);
    // The next request tries again.
    opening.catch(() => this.#engines.delete(mastra));
    return opening;
  }
}

/** @throws {HoldfastError} CONFIG_INVALID where the routes are not mounted in a Mastra server */
function mastraOf(context: Context): Mastra {
  const mastra = context.get("mastra") as Mastra | undefined;
  if (mastra !== undefined) return mastra;
  throw new HoldfastError("CONFIG_INVALID", "The context variable `mastra` is not set; mount the routes as apiRoutes of a Mastra server.");
}

/** Where the Mastra server has no authentication, whoever reaches it may say whose threads are meant. */
async function principalOf(context: Context, mastra: Mastra, { authenticate }: Settings): Promise<Principal | undefined> {
  if (authenticate !== undefined) {
    const principal = await authenticate(context);
    return principal?.resourceId ? principal : undefined;
  }
  const resourceId = ownerOf(context.get("requestContext") as { get(key: string): unknown } | undefined);
  if (resourceId !== undefined) return { resourceId };
  return mastra.getServer()?.auth === undefined ? { resourceId: DEFAULT_RESOURCE, isOpen: true } : undefined;
}

/** Whom Mastra's authentication found: the resource that the host maps its users to, else the user's own id. */
function ownerOf(requestContext: { get(key: string): unknown } | undefined): string | undefined {
  const user = requestContext?.get(USER_KEY) as { readonly sub?: unknown; readonly id?: unknown } | null | undefined;
  return [requestContext?.get(RESOURCE_KEY), user?.sub, user?.id].find((id): id is string => typeof id === "string" && id !== "");
}

function loggedFaults(): Bridge["onFault"] {
  const logger = defaultLogger();
  return (error, about) => logger.error({ err: error, ...about }, "request failed");
}
