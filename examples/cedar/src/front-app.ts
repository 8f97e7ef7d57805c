import { serveStatic } from "@hono/node-server/serve-static";
import type { Holdfast } from "holdfast";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { DEMO_USERS, tokenOf } from "./demo-users.ts";

/** The page of `npm run dev`. */
const LOCAL = /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/;

export interface FrontParts {
  readonly holdfast: Holdfast;
  /** Folder of the built page. */
  readonly page: string;
  /** Given, anybody may sign in as a demo user. */
  readonly demoSecret?: string;
}

/** The built page, the demo's sign-in, and behind them Holdfast with its routes. */
export function frontApp({ holdfast, page, demoSecret }: FrontParts): Hono {
  const app = new Hono();
  if (demoSecret !== undefined) {
    app.use("/demo/*", cors({ origin: (origin) => (LOCAL.test(origin) ? origin : null) }));
    app.post("/demo/token/:user", async (context) => {
      const user = context.req.param("user");
      if (!DEMO_USERS.includes(user)) return context.json({ error: "There is no such demo user." }, 404);
      return context.json({ token: await tokenOf(user, demoSecret) }, 200, { "cache-control": "no-store" });
    });
  }
  app.get("/", serveStatic({ root: page }));
  app.get("/assets/*", serveStatic({ root: page }));
  app.all("*", (context) => holdfast.fetch(context.req.raw));
  return app;
}
