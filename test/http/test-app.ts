import { Hono } from "hono";
import pino from "pino";
import type { ProtocolEnv } from "../../src/core/protocol.ts";
import { createApp, type AppOptions } from "../../src/http/app.ts";
import { FakeEngine } from "./fake-engine.ts";

/** Who a request is from: its `x-user`. */
export const byHeader: AppOptions["authenticate"] = async (request) => {
  const resourceId = request.headers.get("x-user");
  return resourceId === null ? undefined : { resourceId };
};

export interface TestApp {
  readonly engine: FakeEngine;
  /** Lines that were logged. */
  readonly log: string[];
  readonly app: Hono<ProtocolEnv>;
  /** Sends a request as `ann`, unless the headers say otherwise. */
  send(path: string, init?: RequestInit & { readonly user?: string }): Promise<Response>;
}

/** The real app on a fake engine; `routes` stand for a protocol at `/probe`. */
export function testApp(options: Partial<AppOptions> = {}, routes: Hono<ProtocolEnv> = new Hono<ProtocolEnv>()): TestApp {
  const engine = new FakeEngine();
  const log: string[] = [];
  const app = createApp({
    engine,
    authenticate: byHeader,
    protocols: [{ path: "/probe", routes, openapi: { tag: { name: "probe", description: "" }, routes: [], schemas: {} } }],
    cors: { origins: "*" },
    logger: pino({ level: "warn" }, { write: (line: string) => void log.push(line) }),
    ...options,
  });
  return {
    engine,
    log,
    app,
    send: async (path, { user = "ann", headers, ...init } = {}) => {
      const all = new Headers(headers);
      if (user !== "") all.set("x-user", user);
      return app.fetch(new Request(`http://holdfast.test${path}`, { ...init, headers: all }));
    },
  };
}

/** The `{ error }` of a problem response. */
export async function problemIn(response: Response): Promise<{ readonly code: string; readonly message: string }> {
  const body = (await response.json()) as { readonly error: { readonly code: string; readonly message: string } };
  return body.error;
}
