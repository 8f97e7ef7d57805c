import { Hono, type MiddlewareHandler } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import type { Logger } from "pino";
import { HoldfastError } from "../core/error.ts";
import type { Engine, ProtocolEnv } from "../core/protocol.ts";
import { authentication, type Authenticate } from "./auth.ts";
import { limitBody } from "./body-limit.ts";
import { crossOrigin, type CorsOptions } from "./cross-origin.ts";
import { interruptRoutes } from "./interrupt-routes.ts";
import { problem, problemOf } from "./problem.ts";
import { runRoutes } from "./run-routes.ts";
import { threadRoutes } from "./thread-routes.ts";
import { runUsageRoutes, usageRoutes } from "./usage-routes.ts";

/** Routes, and where they are. */
export interface MountedRoutes {
  readonly path: string;
  readonly routes: Hono<ProtocolEnv>;
}

/** What the HTTP side stands on. */
export interface AppOptions {
  /** `ready` rejects while the server should get no requests. */
  readonly engine: Engine & { ready(): Promise<void> };
  readonly authenticate: Authenticate;
  /** The routes of each protocol, by the path that they are mounted at. */
  readonly protocols: readonly MountedRoutes[];
  /** Routes that ask for no credentials, so that they may say nothing about anybody; `context.var.principal` is not set. */
  readonly open?: readonly MountedRoutes[];
  readonly cors: CorsOptions;
  readonly logger: Logger;
}

/**
 * All routes: the protocols, the neutral API, and `/healthz` (the process lives) and `/readyz` (it can serve), which ask for no
 * credentials.
 */
export function createApp(options: AppOptions): Hono<ProtocolEnv> {
  const { engine, logger } = options;
  const app = new Hono<ProtocolEnv>();
  app.onError((error) => problemOf(error, logger));
  app.notFound(() => problem(404, "ROUTE_NOT_FOUND", "There is nothing at this address."));

  app.use(neverSniffed, crossOrigin(options.cors));
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    await engine.ready().catch((cause: unknown) => {
      throw HoldfastError.is(cause) ? cause : new HoldfastError("STORE_UNAVAILABLE", "The store does not answer.", { cause });
    });
    return context.json({ status: "ready" });
  });

  for (const { path, routes } of options.open ?? []) app.route(path, routes);

  app.use(authentication(options.authenticate), limitBody(), methodNotAllowed({ app, onMethodNotAllowed: (_, allowed) => refuseMethod(allowed) }));
  app.route("/v1/runs", runRoutes(engine));
  app.route("/v1/runs", runUsageRoutes(engine));
  app.route("/v1/interrupts", interruptRoutes(engine));
  app.route("/v1/usage", usageRoutes(engine));
  app.route("/v1/threads", threadRoutes(engine));
  for (const { path, routes } of options.protocols) app.route(path, routes);
  return app;
}

/** Run data holds text that others wrote; no browser may guess a type for it that it could execute. */
const neverSniffed: MiddlewareHandler = async (context, next) => {
  await next();
  context.res.headers.set("x-content-type-options", "nosniff");
};

function refuseMethod(allowed: readonly string[]): Response {
  const allow = allowed.join(", ");
  return problem(405, "METHOD_NOT_ALLOWED", `This address answers ${allow} only.`, { allow });
}
