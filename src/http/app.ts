import { Hono, type MiddlewareHandler } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import type { Logger } from "pino";
import { HoldfastError } from "../core/error.ts";
import type { JsonObject } from "../core/json.ts";
import type { Engine, ProtocolEnv } from "../core/protocol.ts";
import type { RouteDocument } from "../core/route-description.ts";
import { authentication, type Authenticate } from "./auth.ts";
import { limitBody } from "./body-limit.ts";
import { crossOrigin, type CorsOptions } from "./cross-origin.ts";
import { interruptRoutes } from "./interrupt-routes.ts";
import { openApiDocument } from "./openapi/document.ts";
import { INTERRUPTS } from "./openapi/interrupts.ts";
import { RUNS } from "./openapi/runs.ts";
import { SERVER_ROUTES } from "./openapi/server-routes.ts";
import { THREADS } from "./openapi/threads.ts";
import { USAGE } from "./openapi/usage.ts";
import { problem, problemOf } from "./problem.ts";
import { runRoutes } from "./run-routes.ts";
import { threadRoutes } from "./thread-routes.ts";
import { runUsageRoutes, usageRoutes } from "./usage-routes.ts";

/** What the HTTP side stands on. */
export interface AppOptions {
  /** `ready` rejects while the server should get no requests; `metrics` gives text for Prometheus. */
  readonly engine: Engine & { ready(): Promise<void>; metrics(): Promise<string> };
  readonly authenticate: Authenticate;
  /** The routes of each protocol, by the path that they are mounted at. */
  readonly protocols: readonly MountedRoutes[];
  /** Routes that ask for no credentials, so that they may say nothing about anybody; `context.var.principal` is not set. */
  readonly open?: readonly MountedRoutes[];
  readonly cors: CorsOptions;
  readonly logger: Logger;
}

/** Routes, where they are mounted, and what the OpenAPI document says of them. */
export interface MountedRoutes {
  readonly path: string;
  readonly routes: Hono<ProtocolEnv>;
  readonly openapi: RouteDocument;
}

const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * All routes: the protocols, the neutral API, and what the server tells of itself to anybody: `/healthz` (the process lives), `/readyz` (it can
 * serve), `/metrics` and `/openapi.json`.
 */
export function createApp(options: AppOptions): Hono<ProtocolEnv> {
  const { engine, logger } = options;
  const mounted = [...neutralRoutes(engine), ...options.protocols];
  const open = options.open ?? [];
  let document: JsonObject | undefined;
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
  app.get("/metrics", async (context) => context.body(await engine.metrics(), 200, { "content-type": PROMETHEUS_TYPE }));
  app.get("/openapi.json", (context) => context.json((document ??= openApiDocument([{ path: "", openapi: SERVER_ROUTES }, ...mounted, ...open]))));

  for (const { path, routes } of open) app.route(path, routes);

  app.use(authentication(options.authenticate), limitBody(), methodNotAllowed({ app, onMethodNotAllowed: (_, allowed) => refuseMethod(allowed) }));
  for (const { path, routes } of mounted) app.route(path, routes);
  return app;
}

function neutralRoutes(engine: Engine): readonly MountedRoutes[] {
  return [
    { path: "/v1/runs", routes: runRoutes(engine).route("/", runUsageRoutes(engine)), openapi: RUNS },
    { path: "/v1/interrupts", routes: interruptRoutes(engine), openapi: INTERRUPTS },
    { path: "/v1/usage", routes: usageRoutes(engine), openapi: USAGE },
    { path: "/v1/threads", routes: threadRoutes(engine), openapi: THREADS },
  ];
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
