import { Hono, type Context } from "hono";
import type { Principal } from "../../core/principal.ts";
import type { Engine, ProtocolEnv } from "../../core/protocol.ts";
import type { Bridge, BridgeHandler } from "./bridge.ts";
import { refusalOf } from "./errors.ts";
import { BRIDGE_ROUTES } from "./route-table.ts";

/** The routes of io-bridge, relative to `/io-bridge`. Every error is answered in the bridge's own words. */
export function ioBridgeRoutes(engine: Engine, options: Omit<Bridge, "engine">): Hono<ProtocolEnv> {
  const bridge: Bridge = { engine, ...options };
  const routes = new Hono<ProtocolEnv>();
  for (const { method, path, handle } of BRIDGE_ROUTES) {
    routes.on(method, path, (context) => answered(bridge, handle, context, context.var.principal));
  }
  return routes;
}

/** Hands a request of a Hono server to a handler. */
export async function answered(bridge: Bridge, handle: BridgeHandler, context: Context, principal: Principal): Promise<Response> {
  const request = {
    principal,
    method: context.req.method,
    path: context.req.path,
    params: context.req.param() as Readonly<Record<string, string>>,
    query: context.req.query(),
    headers: context.req.raw.headers,
    signal: context.req.raw.signal,
    readBody: () => context.req.text(),
  };
  try {
    return await handle(bridge, request);
  } catch (error) {
    return refusalOf(error, bridge, request);
  }
}
